package attack

import (
	"bytes"
	"encoding/hex"
	"time"

	"incamera/e2ee/file"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
)

const (
	fileFile   = "e2ee/file/file.go"
	directFile = "e2ee/group/direct.go"
)

// digestEdit takes out what binds a file as a whole to its sender.
var digestEdit = Edit{fileFile, "if Digest(hashes) != digest {", "if len(hashes) == 0 {"}

// content is what goes after files, and words for one person.
var content = []*Attack{
	{
		Name: "file chunks swapped by the server", Claim: "C36",
		Do: func(t *Trial) {
			t.try("the server, which keeps Ann's sealed file, hands Ben its second chunk as the first")
			f := t.sends(4 * file.ChunkSize)
			const step = file.ChunkSize + file.Overhead
			swapped := bytes.Clone(f.sealed)
			copy(swapped, f.sealed[step:2*step])
			copy(swapped[step:], f.sealed[:step])
			f.fetched(swapped)
		},
		Defence: "a chunk's nonce is its place; beside that the digest is of all chunks in their order",
		Without: []Edit{{fileFile, "binary.BigEndian.AppendUint32(c.prefix[:], index)", "binary.BigEndian.AppendUint32(c.prefix[:], index*0)"}, digestEdit},
	},
	{
		Name: "file cut short by the server", Claim: "C36",
		Do: func(t *Trial) {
			t.try("the server hands Ben the first half of Ann's sealed file as the whole")
			f := t.sends(4 * file.ChunkSize)
			f.fetched(f.sealed[:len(f.sealed)/2])
		},
		Defence: "the announcement says how long the file is, the last chunk that it is the last, and the digest what all of it is",
		Without: []Edit{
			{fileFile, "int64(len(sealed)) != SealedSize(size)", "int64(len(sealed)) > SealedSize(size)"},
			{fileFile, "n := Chunks(size)\n", "n := int64(len(sealed) / (ChunkSize + Overhead))\n\tsize = n * ChunkSize\n"},
			{fileFile, "if last {", "if last && index > MaxSize/ChunkSize {"},
			digestEdit,
		},
	},
	{
		Name: "file put in the place of another by a member", Claim: "C36",
		Do: func(t *Trial) {
			t.try("Mallory, a member who works with the server, seals another file of that size with the key that all know")
			f := t.sends(1000)
			other := bytes.Repeat([]byte("another "), 125)
			forged, _, err := file.Seal(f.room, f.id, f.key, other)
			t.check(err, "sealing the other file")
			f.fetched(forged)
		},
		Defence: "the announcement, which its sender signed, holds the digest of what was sealed",
		Without: []Edit{digestEdit},
	},
	{
		Name: "direct message shown to another", Claim: "C37",
		Do: func(t *Trial) {
			t.try("the server hands to all what Ann says to Ben alone, and Cleo opens it with her own key")
			m := t.introduced()
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			t.watch(ann, ben)
			t.sayTo(ann, ben)
			t.must(hearsAlone(ben, ann), "Ben does not hear it")
			t.goal(hearsAlone(cleo, ann), "Cleo reads it")
		},
		Defence: "it is sealed to the key of Ben's leaf, and bound to his session",
		Without: []Edit{
			{directFile, "directKEM.GenerateKey()", "directKEM.DeriveKeyPair(make([]byte, 32))"},
			{directFile, "for _, s := range []string{from, to} {", "for _, s := range []string{from} {"},
		},
	},
	{
		Name: "direct message passed on as one's own", Claim: "C37",
		Do: func(t *Trial) {
			t.try("Cleo takes what Ann has sealed for Ben out of the log, and says it to him as hers")
			m := t.introduced()
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			t.watch(ann, ben)
			box, err := group.SealDirect(m.cfg.Room, string(ann.session), string(ben.session), keyOf(cleo, ben), secret)
			t.check(err, "Ann seals something")
			out, err := cleo.member.Say(box, m.now)
			t.check(err, "Cleo says it")
			cleo.take(out)
			m.settle()
			t.goal(hearsAlone(ben, cleo), "Ben takes it for Cleo's words")
		},
		Defence: "a box is bound to the session that said it",
		Without: []Edit{{directFile, "for _, s := range []string{from, to} {", "for _, s := range []string{to} {"}},
	},
}

var secret = group.Chat{ID: "0123456789abcdef", Text: "for Ben alone"}

// A sentFile is one of Ann's, as Ben knows it and the server keeps it.
type sentFile struct {
	t      *Trial
	room   link.Room
	id     file.ID
	key    []byte
	size   int64
	digest [32]byte
	sealed []byte
}

// sends makes a file of so many bytes.
func (t *Trial) sends(size int) *sentFile {
	f := &sentFile{t: t, room: "abcdefghijklmnopqrstuvwxyz", id: file.ID{1}, key: bytes.Repeat([]byte{7}, file.KeySize), size: int64(size)}
	whole := make([]byte, size)
	for i := range whole {
		whole[i] = byte(i / 1000)
	}
	var err error
	f.sealed, f.digest, err = file.Seal(f.room, f.id, f.key, whole)
	t.check(err, "sealing the file")
	back, err := file.Open(f.room, f.id, f.key, f.size, f.digest, f.sealed)
	t.must(err == nil && bytes.Equal(back, whole), "the true file does not open: %v", err)
	return f
}

// fetched lets Ben open what the server hands him.
func (f *sentFile) fetched(sealed []byte) {
	got, err := file.Open(f.room, f.id, f.key, f.size, f.digest, sealed)
	if err != nil {
		f.t.noticed = true
		f.t.sawf("Ben", "throws it away: %v", err)
	}
	f.t.goal(err == nil && len(got) > 0, "Ben has a file that Ann did not send")
}

// introduced is a meeting of three who know each other's keys.
func (t *Trial) introduced() *meeting {
	m := t.meeting(3)
	m.introduce()
	return m
}

// introduce has all say what they are, their keys among it.
func (m *meeting) introduce() {
	for _, p := range m.people {
		out, err := p.member.Say(group.State{}, m.now)
		m.t.check(err, "saying a state")
		p.take(out)
	}
	m.settle()
	m.pass(time.Second)
}

func (t *Trial) sayTo(from, to *person) {
	out, err := from.member.SayTo(string(to.session), secret, from.m.now)
	t.check(err, "saying something to one person")
	from.take(out)
	from.m.settle()
}

// hearsAlone reports whether p was told the secret by somebody, for p alone.
func hearsAlone(p, by *person) bool {
	for _, h := range p.heard {
		if h.Private && !h.Self && h.App == group.App(secret) && h.From.Session == string(by.session) {
			return true
		}
	}
	return false
}

// keyOf is what p knows of another's key for direct messages.
func keyOf(p, other *person) string {
	for _, h := range p.heard {
		if s, ok := h.App.(group.State); ok && h.From.Session == string(other.session) {
			return s.Key
		}
	}
	return hex.EncodeToString(nil)
}
