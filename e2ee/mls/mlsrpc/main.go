// Command mlsrpc drives MLS members from another process, for tests of
// interoperability. It is no part of any product.
//
// It reads one JSON object per line from standard input and answers each with
// one line on standard output, in order; it ends with its input. Bytes are hex.
// A request has "op", mostly "id", which names a member (any text, chosen by the
// caller), and the fields below; "?" marks optional ones. MLSMessages are whole
// (with version and wire format).
//
//	psk         pskId, psk                      registers an external PSK for all members
//	keypackage  id, suite, name, bare?          makes member id; name is the basic credential's identity, as text;
//	                                            bare leaves out the private-use extensions 0xF1CA and 0xF1CB and their
//	                                            capabilities → keyPackage
//	create      id, group, bare?                creates a group with group_id group, and a GroupContext extension 0xF1CB
//	                                            unless bare
//	join        id, welcome, tree?              → state
//	propose     id, kind, public?, and one of   kind is "add" (keyPackage), "remove" (leaf), "update", "psk" (pskId)
//	            keyPackage, leaf, pskId         → message, to be given to all others
//	commit      id, adds?, removes?, psks?,     adds: KeyPackages, removes: leaf indices, psks: PSK ids, all by value.
//	            force?, public?, noTree?, aad?, Proposals sent in the epoch go in by reference, unless ignorePending.
//	            ignorePending?                  force makes a path, so it updates the committer. → message, welcome?,
//	                                            tree (of the next epoch). Staged: the member stays in its epoch
//	accept      id                              takes the staged commit
//	reject      id                              forgets the staged commit
//	process     id, message                     takes a message of another member. → kind ("application", "proposal",
//	                                            "commit"), sender (leaf index), aad, application?, added?, removed?,
//	                                            hasPath?, evicted?. A commit is taken at once
//	encrypt     id, data, aad?                  → message
//	export      id, label, context?, length     → secret
//	groupinfo   id, external?, noTree?          → message
//	extjoin     id, message, tree?, psks?,      message is a GroupInfo, leaf the own old leaf to remove
//	            leaf?                           → message, the commit; it is taken at once
//	state       id                              → state
//	leave       id                              forgets the member
//
// Every answer about a member that is in a group also has its state: epoch,
// leaf, members (leaf indices), authenticator (of the epoch), transcript
// (confirmed hash), treeHash, and baseKey, which is the exporter's
// "SFrame 1.0 Base Key" with an empty context and 16 bytes. A request that fails
// is answered by {"error": text} alone, and changes nothing but, for process,
// that a private message cannot be read again.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"incamera/e2ee/mls"
)

const (
	leafExtension = 0xF1CA
	cardExtension = 0xF1CB
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

type request struct {
	Op, ID, Name, Kind, Label             string
	Suite                                 uint16
	PSKID, PSK, Group, Message, Welcome   hexBytes
	Tree, KeyPackage, AAD, Data, Context  hexBytes
	Adds, PSKs                            []hexBytes
	Removes                               []uint32
	Leaf                                  *uint32
	Length                                int
	Force, Public, NoTree, External, Bare bool
	IgnorePending                         bool
}

type answer map[string]any

type member struct {
	kp          *mls.KeyPackagePrivate
	group, next *mls.Group
}

type driver struct {
	members map[string]*member
	psks    map[string][]byte
}

func newDriver() *driver {
	return &driver{members: map[string]*member{}, psks: map[string][]byte{}}
}

func (d *driver) config() mls.Config {
	return mls.Config{Padding: 64, PSK: func(id mls.PSKID) []byte { return d.psks[string(id.ID)] }}
}

// handle answers one request.
func (d *driver) handle(r *request) answer {
	out := answer{}
	if err := d.do(r, out); err != nil {
		return answer{"error": err.Error()}
	}
	if m := d.members[r.ID]; m != nil && m.group != nil {
		m.state(out)
	}
	return out
}

func (d *driver) do(r *request, out answer) error {
	switch r.Op {
	case "psk":
		d.psks[string(r.PSKID)] = r.PSK
		return nil
	case "keypackage":
		return d.keyPackage(r, out)
	case "leave":
		delete(d.members, r.ID)
		return nil
	}
	m := d.members[r.ID]
	if m == nil {
		return errors.New("no such member")
	}
	switch r.Op {
	case "create":
		return d.create(m, r)
	case "join":
		return d.join(m, r)
	case "extjoin":
		return d.externalJoin(m, r, out)
	}
	if m.group == nil {
		return errors.New("the member is in no group")
	}
	switch r.Op {
	case "state":
		return nil
	case "propose":
		return m.propose(r, out)
	case "commit":
		return m.commit(r, out)
	case "accept", "reject":
		return m.settle(r.Op == "accept")
	case "process":
		return m.process(r, out)
	case "encrypt":
		message, err := m.group.Encrypt(r.Data, r.AAD)
		return out.put("message", message, err)
	case "export":
		out["secret"] = hex.EncodeToString(m.group.Export(r.Label, r.Context, r.Length))
		return nil
	case "groupinfo":
		gi, err := m.group.GroupInfo(r.External, !r.NoTree)
		return out.put("message", &mls.Message{Wire: mls.WireGroupInfo, GroupInfo: gi}, err)
	}
	return fmt.Errorf("unknown op %q", r.Op)
}

func (a answer) put(name string, m *mls.Message, err error) error {
	if err == nil && m != nil {
		a[name] = hex.EncodeToString(m.Marshal())
	}
	return err
}

func (m *member) state(out answer) {
	var leaves []uint32
	for _, x := range m.group.Members() {
		leaves = append(leaves, x.Index)
	}
	out["epoch"], out["leaf"], out["members"] = m.group.Epoch(), m.group.Me(), leaves
	out["authenticator"] = hex.EncodeToString(m.group.EpochAuthenticator())
	out["transcript"] = hex.EncodeToString(m.group.ConfirmedTranscriptHash())
	out["treeHash"] = hex.EncodeToString(m.group.Context().TreeHash)
	out["baseKey"] = hex.EncodeToString(m.group.Export("SFrame 1.0 Base Key", nil, 16))
}

func (d *driver) keyPackage(r *request, out answer) error {
	signer, err := mls.NewSigner(mls.SuiteID(r.Suite))
	if err != nil {
		return err
	}
	now := time.Now()
	o := mls.KeyPackageOptions{
		Signer: signer, Credential: mls.Credential{Type: mls.CredentialBasic, Identity: []byte(r.Name)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	if !r.Bare {
		o.Capabilities.Extensions = []mls.ExtensionType{leafExtension, cardExtension}
		o.LeafExtensions = []mls.Extension{{Type: leafExtension, Data: []byte("leaf of " + r.Name)}}
	}
	kp, err := mls.NewKeyPackage(o)
	if err != nil {
		return err
	}
	d.members[r.ID] = &member{kp: kp}
	return out.put("keyPackage", kp.Public.Message(), nil)
}

func (d *driver) create(m *member, r *request) (err error) {
	var extensions []mls.Extension
	if !r.Bare {
		extensions = []mls.Extension{{Type: cardExtension, Data: []byte("card")}}
	}
	m.group, err = mls.Create(d.config(), r.Group, m.kp, extensions...)
	return err
}

func (d *driver) join(m *member, r *request) error {
	message, err := mls.ParseMessage(r.Welcome)
	if err != nil {
		return err
	}
	if message.Welcome == nil {
		return errors.New("it is no Welcome")
	}
	m.group, err = mls.Join(d.config(), message.Welcome, m.kp, r.Tree)
	return err
}

func (d *driver) externalJoin(m *member, r *request, out answer) error {
	message, err := mls.ParseMessage(r.Message)
	if err != nil {
		return err
	}
	if message.GroupInfo == nil {
		return errors.New("it is no GroupInfo")
	}
	var psks []mls.PSKID
	for _, id := range r.PSKs {
		psks = append(psks, message.GroupInfo.NewPSK(id))
	}
	commit, group, err := mls.JoinExternally(d.config(), m.kp, mls.ExternalJoin{
		GroupInfo: message.GroupInfo, Tree: r.Tree, Replace: r.Leaf, PSKs: psks, AAD: r.AAD,
	})
	if err != nil {
		return err
	}
	m.group = group
	return out.put("message", commit, nil)
}

func parseKeyPackage(b []byte) (*mls.KeyPackage, error) {
	message, err := mls.ParseMessage(b)
	if err == nil && message.KeyPackage == nil {
		err = errors.New("it is no KeyPackage")
	}
	if err != nil {
		return nil, err
	}
	return message.KeyPackage, nil
}

func (m *member) propose(r *request, out answer) error {
	var p *mls.Proposal
	switch r.Kind {
	case "add":
		k, err := parseKeyPackage(r.KeyPackage)
		if err != nil {
			return err
		}
		p = mls.Add(k)
	case "remove":
		if r.Leaf == nil {
			return errors.New("no leaf given")
		}
		p = mls.Remove(*r.Leaf)
	case "update":
		var err error
		if p, err = m.group.NewUpdate(); err != nil {
			return err
		}
	case "psk":
		p = m.group.NewPSK(r.PSKID)
	default:
		return fmt.Errorf("unknown kind of proposal %q", r.Kind)
	}
	message, err := m.group.Propose(p, r.Public)
	return out.put("message", message, err)
}

func (m *member) commit(r *request, out answer) error {
	o := mls.CommitOptions{ForcePath: r.Force, Public: r.Public, NoTree: r.NoTree, AAD: r.AAD, IgnorePending: r.IgnorePending}
	for _, b := range r.Adds {
		k, err := parseKeyPackage(b)
		if err != nil {
			return err
		}
		o.Proposals = append(o.Proposals, mls.Add(k))
	}
	for _, leaf := range r.Removes {
		o.Proposals = append(o.Proposals, mls.Remove(leaf))
	}
	for _, id := range r.PSKs {
		o.Proposals = append(o.Proposals, m.group.NewPSK(id))
	}
	message, welcome, next, err := m.group.Commit(o)
	if err != nil {
		return err
	}
	m.next = next
	out["tree"] = hex.EncodeToString(next.Tree())
	return errors.Join(out.put("message", message, nil), out.put("welcome", welcome, nil))
}

func (m *member) settle(accept bool) error {
	if m.next == nil {
		return errors.New("no commit is staged")
	}
	if accept {
		m.take(m.next)
	} else {
		m.next.Wipe(m.group)
	}
	m.next = nil
	return nil
}

func (m *member) take(next *mls.Group) {
	m.group.Wipe(next)
	m.group = next
}

func (m *member) process(r *request, out answer) error {
	message, err := mls.ParseMessage(r.Message)
	if err != nil {
		return err
	}
	ev, err := m.group.Process(message)
	if err != nil {
		return err
	}
	out["sender"], out["aad"] = ev.Sender.Index, hex.EncodeToString(ev.AAD)
	switch ev.Kind {
	case mls.ContentApplication:
		out["kind"], out["application"] = "application", hex.EncodeToString(ev.Application)
	case mls.ContentProposal:
		out["kind"] = "proposal"
	case mls.ContentCommit:
		added := []uint32{}
		for _, x := range ev.Commit.Added {
			added = append(added, x.Index)
		}
		out["kind"], out["added"], out["removed"] = "commit", added, append([]uint32{}, ev.Commit.Removed...)
		out["hasPath"], out["evicted"] = ev.Commit.Path != nil, ev.Evicted
		if m.next != nil {
			m.next.Wipe(m.group)
			m.next = nil
		}
		if ev.Evicted {
			m.group.Wipe(nil)
			m.group = nil
		} else {
			m.take(ev.Next)
		}
	}
	return nil
}

// serve answers lines until the input ends.
func serve(in io.Reader, out io.Writer) error {
	lines, w, d := bufio.NewReaderSize(in, 1<<16), bufio.NewWriter(out), newDriver()
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading requests: %w", err)
		}
		var r request
		var a answer
		if err = json.Unmarshal(line, &r); err != nil {
			a = answer{"error": err.Error()}
		} else {
			a = d.handle(&r)
		}
		b, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("encoding an answer: %w", err)
		}
		if _, err = w.Write(append(b, '\n')); err == nil {
			err = w.Flush()
		}
		if err != nil {
			return fmt.Errorf("writing answers: %w", err)
		}
	}
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mlsrpc:", err)
		os.Exit(1)
	}
}
