package group

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// The lifetime of a KeyPackage, around the time when it is made. Clocks may
// be wrong by an hour, and nobody waits longer than a day.
const (
	validBefore = time.Hour
	validAfter  = 24 * time.Hour
)

// terms are what every commit and every Welcome of a room must keep to,
// beyond RFC 9420 (PROTOCOL.md 2.4, 2.5). They are asked by mls while it
// checks a message: a group holds them for its life.
type terms struct {
	room     link.Room
	suite    mls.SuiteID
	capacity int               // members at most
	host     ed25519.PublicKey // of the card
	known    link.Policy       // the latest that any group of the room had
	now      time.Time         // of the input at hand
	present
	announced []link.Next // by the host: links that may take the place of the present one, the latest last
	using     present     // the link of the commit or Welcome at hand

	pskUses int             // since it was set to 0
	broken  bool            // checkCommit has refused a commit since it was set to false
	breach  []byte          // id of the group in which a commit broke the rules of lobby or lock; nil: none has
	trusted map[string]bool // device keys that were let in there
	standing
	next standing // as the last group or commit that was checked makes it
}

// standing is what the rules of the next commit depend on.
type standing struct {
	groupID []byte
	roster  roster
	policy  link.Policy
	link    *link.Next // that begins with it; nil: the one before goes on
}

// A member is who is on a leaf, and what of the leaf must not change.
type member struct {
	Participant
	signatureKey []byte
	extension    []byte
	link         uint32 // number of that by which it came
	capabilities mls.Capabilities
	warm         bool // has sent a path
}

// A roster is who is in a group, by leaf.
// The members are shared between epochs and not changed.
type roster map[uint32]*member

// list returns the participants in order of leaves.
func (r roster) list() []Participant {
	out := make([]Participant, 0, len(r))
	for _, m := range r {
		out = append(out, m.Participant)
	}
	slices.SortFunc(out, func(a, b Participant) int { return int(a.Leaf) - int(b.Leaf) })
	return out
}

// owners is the roster as frame keys need it.
func (r roster) owners() map[uint32]keys.Owner {
	out := make(map[uint32]keys.Owner, len(r))
	for i, m := range r {
		out[i] = keys.Owner{Session: m.Session, Member: m.Member}
	}
	return out
}

// withheld is what the policy withholds, as frame keys need it.
func (r roster) withheld(p link.Policy) map[uint32]keys.Sources {
	out := map[uint32]keys.Sources{}
	for i, m := range r {
		if s := sourcesOf(p.Withholds(m.Device)); s != 0 {
			out[i] = s
		}
	}
	return out
}

// sourcesOf is the media among acts.
func sourcesOf(acts link.Acts) (s keys.Sources) {
	if acts&link.ActMic != 0 {
		s |= keys.Of(keys.Mic)
	}
	if acts&link.ActCamera != 0 {
		s |= keys.Of(keys.Camera)
	}
	if acts&link.ActScreen != 0 {
		s |= keys.Of(keys.Screen, keys.ScreenAudio)
	}
	return s
}

// distinct reports an error when a session has two leaves, or a leaf has no
// KID.
func (r roster) distinct() error {
	seen := map[string]bool{}
	for i, m := range r {
		if seen[m.Session] {
			return errors.New("a session has two leaves")
		}
		if i > keys.MaxLeaf {
			return fmt.Errorf("leaf %d is beyond the last", i)
		}
		seen[m.Session] = true
	}
	return nil
}

// config leaves the check of leaves out: checkGroup and checkCommit see all.
func (t *terms) config() mls.Config {
	return mls.Config{
		PSK:         t.psk,
		CheckCommit: t.checkCommit,
		MaxLifetime: validBefore + validAfter,
		Now:         func() time.Time { return t.now },
	}
}

func (t *terms) psk(id mls.PSKID) []byte {
	if !t.isLinkPSK(id) {
		return nil
	}
	t.pskUses++
	return t.using.keys.PSK.Reveal()
}

func (t *terms) isLinkPSK(id mls.PSKID) bool {
	return id.Type == mls.PSKExternal && bytes.Equal(id.ID, link.PSKID(t.using.linkNumber))
}

// newLeaf makes a KeyPackage of our own.
func (t *terms) newLeaf(cfg Config, session string) (*mls.KeyPackagePrivate, error) {
	signer, err := mls.NewSigner(t.suite)
	if err != nil {
		return nil, err
	}
	c := link.LeafContext{Room: t.room, LinkNumber: t.linkNumber, MemberID: newMemberID(), SignatureKey: signer.Public()}
	extension, err := c.Make(t.keys.Admission, cfg.Device, session, cfg.Name)
	if err != nil {
		return nil, err
	}
	return mls.NewKeyPackage(mls.KeyPackageOptions{
		Signer:         signer,
		Credential:     mls.Credential{Type: mls.CredentialBasic, Identity: c.MemberID[:]},
		LeafExtensions: []mls.Extension{{Type: link.LeafExtension, Data: extension}},
		Capabilities:   mls.Capabilities{Extensions: profileExtensions()},
		NotBefore:      t.now.Add(-validBefore), NotAfter: t.now.Add(validAfter),
	})
}

// read checks a leaf by itself: who it says it is, that it knows the present
// link, and that its device vouches for it.
func (t *terms) read(index uint32, l *mls.LeafNode) (*member, error) {
	return t.readBy(link.Card{LinkNumber: t.linkNumber}, index, l)
}

// readBy does so for a leaf that may have come by a link of before, too, which
// the card names.
func (t *terms) readBy(card link.Card, index uint32, l *mls.LeafNode) (*member, error) {
	m, err := parseLeaf(index, l)
	if err != nil {
		return nil, err
	}
	c := link.LeafContext{Room: t.room, MemberID: m.Member, SignatureKey: l.SignatureKey}
	who, number, err := c.CheckAny(card, t.keys.Admission, m.extension)
	if err != nil {
		return nil, err
	}
	m.link = number
	m.Participant = Participant{Leaf: index, Session: who.Session, Member: m.Member, Device: who.Device, Name: who.Name}
	return m, nil
}

// readPath checks the leaf that a committer puts in the place of his own, which
// was checked when he came, by whichever link.
func (t *terms) readPath(index uint32, l *mls.LeafNode) (*member, error) {
	m, err := parseLeaf(index, l)
	if err != nil {
		return nil, err
	}
	if old := t.roster[index]; old != nil && old.vouched(m) {
		m.Participant, m.link = old.Participant, old.link
		return m, nil
	}
	return t.read(index, l)
}

// parseLeaf checks that a leaf is of our profile, and not yet who it is.
func parseLeaf(index uint32, l *mls.LeafNode) (*member, error) {
	if l.Credential.Type != mls.CredentialBasic || len(l.Credential.Identity) != len(link.MemberID{}) {
		return nil, errors.New("its credential is no member id")
	}
	for _, x := range profileExtensions() {
		if !slices.Contains(l.Capabilities.Extensions, x) {
			return nil, fmt.Errorf("it is not of our profile: it does not know extension %#04x", x)
		}
	}
	if len(l.Capabilities.Proposals) > 0 {
		return nil, errors.New("it is not of our profile: it knows proposals of its own")
	}
	extension, ok := l.Extension(link.LeafExtension)
	if !ok || len(l.Extensions) != 1 {
		return nil, errors.New("it does not say who it is, or more than that")
	}
	return &member{
		Participant:  Participant{Leaf: index, Member: link.MemberID(l.Credential.Identity)},
		signatureKey: l.SignatureKey, extension: extension, capabilities: l.Capabilities,
		warm: l.NotAfter == 0, // a leaf from a path has no lifetime
	}, nil
}

// profileExtensions are those that every leaf knows.
func profileExtensions() []mls.ExtensionType {
	return []mls.ExtensionType{link.LeafExtension, link.CardExtension, link.PolicyExtension}
}

// checkAsk checks a KeyPackage that the delivery service says is from a
// session, and returns whose it is. The rest of the RFC's rules is checked when it is committed.
func (t *terms) checkAsk(k *mls.KeyPackage, session string) (Participant, error) {
	m, err := t.read(0, &k.Leaf)
	if err != nil {
		return Participant{}, err
	}
	if m.Session != session {
		return Participant{}, errors.New("it names another session")
	}
	return m.Participant, nil
}

// checkGroup checks a whole group and returns how it stands.
func (t *terms) checkGroup(g *mls.Group) (standing, error) {
	none := standing{}
	if g.Suite() != t.suite {
		return none, fmt.Errorf("its cipher suite %#04x is not that of the room's card", uint16(g.Suite()))
	}
	if id := g.ID(); len(id) != len(t.room)+16 || !bytes.HasPrefix(id, []byte(t.room)) {
		return none, errors.New("it is a group of another room")
	}
	policy, err := t.readExtensions(t.cardHash, g.ID(), g.Context().Extensions)
	if err != nil {
		return none, err
	}
	if t.known.Closed() && policy.Number < t.known.Number {
		// Whoever was kept out could otherwise begin a group of his own, into
		// which the server leads us.
		return none, fmt.Errorf("its policy %d is older than the lobby or lock that was put up with %d", policy.Number, t.known.Number)
	}
	if t.known.Number > 0 && policy.Leaps(t.known) {
		return none, fmt.Errorf("its policy %d is too far above %d", policy.Number, t.known.Number)
	}
	if policy.Number > 0 {
		// Whoever was a moderator once could otherwise begin a group in which he is.
		if err = policy.Grant.Follows(t.known.Grant); err != nil {
			return none, err
		}
	}
	r := roster{}
	for _, leaf := range g.Members() {
		m, err := t.readBy(t.card, leaf.Index, leaf.Leaf)
		if err != nil {
			return none, fmt.Errorf("leaf %d: %w", leaf.Index, err)
		}
		if t.breach != nil && bytes.Equal(t.breach, g.ID()) && policy.Closed() && !t.trusted[string(m.Device)] && !policy.Grant.Names(m.Device) {
			// Whoever broke in would otherwise be there when we come back.
			return none, fmt.Errorf("leaf %d: nobody has let it in", leaf.Index)
		}
		r[leaf.Index] = m
	}
	return standing{groupID: g.ID(), roster: r, policy: policy}, r.distinct()
}

func (t *terms) authority(groupID []byte) link.Authority {
	return link.Authority{Room: t.room, Host: t.host, GroupID: groupID}
}

// readExtensions checks a group's context: the card, then the policy if there
// is one.
func (t *terms) readExtensions(cardHash [32]byte, groupID []byte, list []mls.Extension) (link.Policy, error) {
	if len(list) == 0 || list[0].Type != link.CardExtension || !bytes.Equal(list[0].Data, cardHash[:]) {
		return link.Policy{}, errors.New("it is not of this room's card")
	}
	switch {
	case len(list) == 1:
		return link.Policy{}, nil
	case len(list) > 2 || list[1].Type != link.PolicyExtension:
		return link.Policy{}, errors.New("it has an extension beside card and policy")
	}
	return t.authority(groupID).ParsePolicy(list[1].Data)
}

// join enters a group by a Welcome, and checks all of it.
func (t *terms) join(w *mls.Welcome, tree []byte, own *mls.KeyPackagePrivate, epoch uint64) (*mls.Group, standing, error) {
	t.pskUses, t.using = 0, t.present
	g, err := mls.Join(t.config(), w, own, tree)
	if err != nil {
		return nil, standing{}, err
	}
	s, err := t.checkGroup(g)
	switch {
	case err != nil:
	case t.pskUses != 1:
		err = errors.New("the Welcome lacks the link's PSK")
	case g.Epoch() != epoch:
		err = fmt.Errorf("it is of epoch %d, not %d", g.Epoch(), epoch)
	}
	if err != nil {
		g.Wipe(nil)
		return nil, standing{}, err
	}
	return g, s, nil
}

// checkCommit is asked by mls about every commit, our own too, when the
// signatures of it hold.
func (t *terms) checkCommit(ci *mls.CommitInfo) error {
	err := t.judge(ci)
	t.broken = t.broken || err != nil
	return err
}

func (t *terms) judge(ci *mls.CommitInfo) error {
	if ci.Sender.Type != mls.SenderMember {
		return errors.New("it is not of a member")
	}
	psks, policy := 0, t.policy
	t.using = t.present
	next := t.linkAfter(ci)
	if next != nil {
		t.using = presentOf(*next)
	}
	for _, p := range ci.Proposals {
		switch {
		case p.ByRef:
			return errors.New("it has a proposal by reference")
		case p.Type == mls.ProposalPSK && t.isLinkPSK(p.PSK):
			psks++
		case p.Type == mls.ProposalPSK:
			return errors.New("it has a foreign PSK")
		case p.Type == mls.ProposalGroupContextExtensions:
			var err error
			if policy, err = t.readExtensions(t.using.cardHash, t.groupID, p.Extensions); err == nil {
				err = policy.Follows(t.policy)
			}
			if err == nil && next != nil && !t.authority(t.groupID).ByHost(p.Extensions[1].Data) {
				// The server has no order from a moderator who is faster than the host.
				err = errors.New("it changes the link, and is not of the host's signing")
			}
			if err != nil {
				return err
			}
		case p.Type != mls.ProposalAdd && p.Type != mls.ProposalRemove:
			return fmt.Errorf("it has a proposal of type %d", p.Type)
		}
	}
	switch {
	case psks != 1:
		return fmt.Errorf("it has the link's PSK %d times", psks)
	case len(ci.Removed) > 0 && ci.Path == nil:
		return errors.New("it removes somebody and has no path")
	}
	after, err := t.after(ci)
	if err != nil {
		return err
	}
	t.next = standing{groupID: t.groupID, roster: after, policy: policy, link: next}
	if next != nil && len(ci.Added)+len(ci.Removed) > 0 {
		return errors.New("it changes the link, and who is in the group")
	}
	if policy.Number != t.policy.Number && len(ci.Added) > 0 {
		return errors.New("it changes the policy and adds somebody, who would be let in by neither")
	}
	return t.checkAdmission(ci)
}

// linkAfter is the link that begins with a commit, nil for the present one:
// one that the host has announced, when the commit's context is of its card.
func (t *terms) linkAfter(ci *mls.CommitInfo) *link.Next {
	for _, p := range ci.Proposals {
		if p.Type != mls.ProposalGroupContextExtensions || len(p.Extensions) == 0 {
			continue
		}
		for _, n := range t.announced {
			if bytes.Equal(p.Extensions[0].Data, n.Hash[:]) {
				return &n
			}
		}
	}
	return nil
}

// checkAdmission holds the Adds of a commit to the policy in force. Who comes
// back as himself, in the commit that removes his old leaf, is no newcomer, and
// neither is a moderator: a host that reloads the page could not get in again.
func (t *terms) checkAdmission(ci *mls.CommitInfo) error {
	var newcomers [][]byte
	if t.policy.Closed() || t.policy.Full > 0 {
		back := roster{}
		for _, i := range ci.Removed {
			back[i] = t.roster[i]
		}
		for _, p := range ci.Proposals {
			if p.Type != mls.ProposalAdd {
				continue
			}
			who := t.next.roster.bySignatureKey(p.KeyPackage.Leaf.SignatureKey)
			if !back.hasDevice(who) && !t.policy.Grant.Names(who.Device) {
				newcomers = append(newcomers, p.KeyPackage.Message().Marshal())
			}
		}
	}
	switch {
	case len(newcomers) == 0:
	case t.policy.Locked:
		return errors.New("it adds somebody to a locked meeting")
	case t.policy.Crowded(len(t.next.roster)):
		return errors.New("it adds somebody to a meeting that is full")
	case !t.policy.Closed():
		newcomers = nil // who fits in needs no signature
	}
	return t.authority(t.groupID).CheckAdmissions(t.policy, newcomers, ci.AAD)
}

// trustOnly remembers whose devices were let into the group.
func (t *terms) trustOnly(r roster) {
	t.breach = t.groupID
	t.trusted = map[string]bool{}
	for _, m := range r {
		t.trusted[string(m.Device)] = true
	}
}

func (r roster) bySignatureKey(key []byte) Participant {
	for _, m := range r {
		if bytes.Equal(m.signatureKey, key) {
			return m.Participant
		}
	}
	return Participant{}
}

// hasDevice reports whether somebody is there with p's session and device.
func (r roster) hasDevice(p Participant) bool {
	for _, m := range r {
		if m.Session == p.Session && m.Device.Equal(p.Device) {
			return true
		}
	}
	return false
}

// after returns who is in the group when the commit is taken.
func (t *terms) after(ci *mls.CommitInfo) (roster, error) {
	r := maps.Clone(t.roster)
	if ci.Path != nil {
		m, err := t.readPath(ci.Sender.Index, ci.Path)
		if err != nil {
			return nil, err
		}
		if old := r[ci.Sender.Index]; old == nil || !old.same(m) {
			return nil, errors.New("the committer becomes somebody else")
		}
		m.warm = true
		r[ci.Sender.Index] = m
	}
	for _, i := range ci.Removed {
		delete(r, i)
	}
	for _, added := range ci.Added {
		m, err := t.read(added.Index, added.Leaf)
		if err != nil {
			return nil, err
		}
		r[added.Index] = m
	}
	return r, r.distinct()
}

// vouched reports whether n is who m is by all that link.LeafContext checks:
// then it was checked before.
func (m *member) vouched(n *member) bool {
	return m.Member == n.Member && bytes.Equal(m.signatureKey, n.signatureKey) && bytes.Equal(m.extension, n.extension)
}

// same reports whether nothing of a leaf but its encryption key has changed.
func (m *member) same(n *member) bool {
	return m.vouched(n) &&
		slices.Equal(m.capabilities.Versions, n.capabilities.Versions) && slices.Equal(m.capabilities.Suites, n.capabilities.Suites) &&
		slices.Equal(m.capabilities.Extensions, n.capabilities.Extensions) && slices.Equal(m.capabilities.Proposals, n.capabilities.Proposals) &&
		slices.Equal(m.capabilities.Credentials, n.capabilities.Credentials)
}

var errEvicted = errors.New("we were removed")

// process follows a commit of somebody else. It returns the next group and how
// it stands.
func (t *terms) process(g *mls.Group, message *mls.Message) (*mls.Event, standing, error) {
	ev, err := g.Process(message)
	switch {
	case err != nil:
		return nil, standing{}, err
	case ev.Kind != mls.ContentCommit:
		return nil, standing{}, fmt.Errorf("a message of content type %d where a commit belongs", ev.Kind)
	case ev.Evicted:
		return nil, standing{}, errEvicted
	}
	return ev, t.next, nil
}
