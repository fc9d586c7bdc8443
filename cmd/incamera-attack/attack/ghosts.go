package attack

import (
	"crypto/ed25519"
	"strings"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/signaling/wire"
)

// Where the rules of our profile stand.
const (
	policyFile = "e2ee/group/policy.go"
	pulseFile  = "e2ee/group/pulse.go"
	takeFile   = "e2ee/group/take.go"
	leafFile   = "e2ee/link/leaf.go"
	cardFile   = "e2ee/link/card.go"
	sealFile   = "e2ee/link/envelope.go"
)

// withoutCard takes any card's hash for that of ours.
var withoutCard = Edit{policyFile, "!bytes.Equal(list[0].Data, cardHash[:])", "len(list[0].Data) != len(cardHash)"}

// ghosts are commits that RFC 9420 and the delivery service allow, and that
// change who is there in a way that our profile does not.
var ghosts = []*Attack{
	{
		Name: "ghost added without the link's PSK", Claim: "C8",
		Do: func(t *Trial) {
			commit(t, "a member and the server add a ghost by a commit without the link's PSK", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost"}).Public)}
			})
		},
		Defence: "every commit carries the link's PSK",
		Without: []Edit{{policyFile, "case psks != 1:", "case psks > 1:"}},
	},
	{
		Name: "ghost added without the admission MAC", Claim: "C8",
		Do: func(t *Trial) {
			commit(t, "a member adds a ghost whose leaf was made without the link", func(x *mallory) []*mls.Proposal {
				guess := link.NewSecret()
				return []*mls.Proposal{x.psk(), mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost", admission: &guess}).Public)}
			})
		},
		Defence: "every member checks the admission MAC of every leaf",
		Without: []Edit{{leafFile, "if !hmac.Equal(mac, c.mac(admission, l.Device)) {", "if len(mac) == 0 {"}},
	},
	{
		Name: "PSK stripped from a commit", Claim: "C8",
		Do: func(t *Trial) {
			commit(t, "a member renews its keys by a commit from which the PSK is gone", func(*mallory) []*mls.Proposal { return nil })
		},
		Defence: "every commit carries the link's PSK",
		Without: []Edit{{policyFile, "case psks != 1:", "case psks > 1:"}},
	},
	{
		Name: "PSK of another link", Claim: "C8",
		Do: func(t *Trial) {
			commit(t, "a member adds a ghost by a commit with a PSK that only the two have", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{x.psk(), x.group.NewPSK([]byte("link-2")), mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost"}).Public)}
			})
		},
		Defence: "a commit carries no other PSK, and members know none",
		Without: []Edit{
			{policyFile, "case p.Type == mls.ProposalPSK:", "case p.Type == mls.ProposalPSK && psks < 0:"},
			{policyFile, "case p.Type != mls.ProposalAdd && p.Type != mls.ProposalRemove:", "case p.Type > mls.ProposalPSK:"},
			{policyFile, "	if !t.isLinkPSK(id) {\n		return nil", "	if !t.isLinkPSK(id) {\n		sum := sha256.Sum256(id.ID)\n		return sum[:]"},
			{policyFile, "import (\n", "import (\n\t\"crypto/sha256\"\n"},
		},
	},
	{
		Name: "ghost in somebody's session", Claim: "C8",
		Do: func(t *Trial) {
			commit(t, "a member adds a ghost that claims Ann's session, so that her seat becomes the ghost's", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{x.psk(), mls.Add(x.keyPackage(says{session: "session-0", name: "Ghost"}).Public)}
			})
		},
		Defence: "a session has one leaf",
		Without: []Edit{{policyFile, "		if seen[m.Session] {", "		if seen[m.Session] && i > keys.MaxLeaf {"}},
	},
	{
		Name: "leaf that nobody vouches for", Claim: "C11",
		Do: func(t *Trial) {
			commit(t, "a member adds a leaf whose name is not the one that its device key signed", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{x.psk(), mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost", signed: "Guest"}).Public)}
			})
		},
		Defence: "the device key signs leaf, session and name",
		Without: []Edit{{leafFile, "if !verify(l.Device, c.statement(l.Session, l.Name), signature) {", "if !verify(l.Device, c.statement(l.Session, l.Name), signature) && len(signature) == 0 {"}},
	},
	{
		Name: "key that is read by some only", Claim: "C47",
		Do: func(t *Trial) {
			commit(t, "a member adds a leaf whose device key is the point of order 1 in an encoding that Firefox refuses, and whose signature the libraries of Go and Chromium take", func(x *mallory) []*mls.Proposal {
				kp := x.keyPackage(says{session: "ghost", name: "Ghost", weak: true})
				t.must(ed25519.Verify(weakKey, []byte("anything"), weakSignature(nil)), "the library of Go refuses such keys by itself")
				return []*mls.Proposal{x.psk(), mls.Add(kp.Public)}
			})
		},
		Defence: "keys of small order, and encodings that are not canonical, are refused before a signature is looked at",
		Without: []Edit{{"e2ee/eddsa/eddsa.go", "return sound(pub) && sound(signature[:ed25519.PublicKeySize]) && ", "return (sound(pub) || len(pub) > 0) && "}},
	},
	{
		Name: "pathless Remove", Claim: "C9",
		Do: func(t *Trial) {
			t.try("a member removes another by a commit without a path, so that who is removed can follow")
			m := t.meeting(3)
			x := m.mallory()
			ann, cleo := m.people[0], m.people[2]
			t.watch(ann, m.people[1])
			before := ann.epoch().Keys.Number
			msg, next := x.pathless(cleo.leaf())
			x.send(nil, msg, nil, next)
			m.settle()
			t.goal(ann.epoch().Keys.Number > before, "Ann goes on with keys that who was removed can derive")
		},
		Defence: "a Remove needs a path: in e2ee/mls and in the profile",
		Without: []Edit{
			{"e2ee/mls/apply.go", "c.touched[p.Removed], c.needPath = true, true", "c.touched[p.Removed] = true"},
			{policyFile, "case len(ci.Removed) > 0 && ci.Path == nil:", "case len(ci.Removed) < 0:"},
		},
	},
	{
		Name: "another card for the group", Claim: "C10",
		Do: func(t *Trial) {
			commit(t, "a member puts the hash of another card into the group's context, beside a policy that the host has signed", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{x.psk(), x.context(make([]byte, 32), x.policy(link.Policy{Number: 1}, x.m.host))}
			})
		},
		Defence: "the context of every epoch holds the hash of the room's card",
		Without: []Edit{withoutCard},
	},
	{
		Name: "committer becomes somebody else", Claim: "C11",
		Do: func(t *Trial) {
			t.try("a member renews its leaf by a path whose leaf has the name of another")
			m := t.meeting(3)
			x := m.mallory()
			ann := m.people[0]
			t.watch(ann)
			before := len(ann.epochs)
			leaf := x.group.Leaf(x.group.Me())
			x.rename(leaf, "Ann")
			x.commit(nil, x.psk(), mls.Remove(m.people[2].leaf()))
			m.settle()
			t.goal(len(ann.epochs) > before && strings.Count(ann.roster(), "Ann") > 1, "two leaves are called Ann")
		},
		Defence: "a commit changes nothing of its own leaf but the encryption key",
		Without: []Edit{{policyFile, "if old := r[ci.Sender.Index]; old == nil || !old.same(m) {", "if old := r[ci.Sender.Index]; old == nil || old.Leaf != m.Leaf {"}},
	},
}

// commit tries a commit in a meeting of three with a malicious member. The
// attacker wants one honest member to take it.
func commit(t *Trial, tried string, proposals func(x *mallory) []*mls.Proposal) {
	t.try("%s", tried)
	m := t.meeting(3)
	x := m.mallory()
	honest := m.people[:3]
	t.watch(honest...)
	before := honest[0].epoch().Keys.Number
	x.commit([]wire.SessionID{}, proposals(x)...)
	m.settle()
	taken := ""
	for _, p := range honest {
		if p.epoch().Keys.Number > before {
			taken += " " + p.name
		}
	}
	t.goal(taken != "", "somebody takes the commit:"+taken)
	t.look()
	m.leave(x.p)
	m.pass(2 * time.Minute)
	if m.agree() {
		t.sawf("all", "two minutes after Mallory left, those who stayed are together in epoch %d", honest[0].member.Epoch())
	}
}
