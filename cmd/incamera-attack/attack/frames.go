package attack

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

const (
	receiverFile = "e2ee/keys/receiver.go"
	keysFile     = "e2ee/keys/keys.go"
)

// frames are what a forwarder can do to media.
var frames = []*Attack{
	{
		Name: "streams swapped between people", Claim: "C4",
		Do: func(t *Trial) {
			swapped(t, "the forwarder puts Ben's camera on the seat that it says is Cleo's", func(m *meeting) (wire.SessionID, keys.Source, []byte) {
				return m.people[2].session, keys.Camera, m.people[1].seal(keys.Camera, "Ben's face")
			})
		},
		Defence: "the leaf in the KID is that of who is on the seat",
		Without: []Edit{{receiverFile, "!known || owner.Session != p.frame.Owner || ", "!known || "}},
	},
	{
		Name: "streams swapped between sources", Claim: "C4",
		Do: func(t *Trial) {
			swapped(t, "the forwarder shows Ben's camera where his screen belongs", func(m *meeting) (wire.SessionID, keys.Source, []byte) {
				return m.people[1].session, keys.Screen, m.people[1].seal(keys.Camera, "Ben's face")
			})
		},
		Defence: "the context in the KID is the source of the seat",
		Without: []Edit{{receiverFile, "if source != f.Source || f.Owner == \"\" {", "if source > ScreenAudio || f.Owner == \"\" {"}},
	},
	{
		Name: "streams swapped between rooms", Claim: "C5",
		Do: func(t *Trial) {
			t.try("the forwarder carries Ben's frame from another room into Ann's; once more by a group that has the same keys in both")
			a, b := t.meeting(2), t.meeting(2)
			ann, ben := a.people[0], b.people[1]
			t.watch(ann)
			_, err := ann.open(a.people[1].session, keys.Camera, wrap.VP8, ben.seal(keys.Camera, "Ben's face"))
			t.sawf("Ann", "the frame of the other room: %v", err)
			t.goal(err == nil, "Ann sees it")
			s := keys.NewSender(string(b.link.Room))
			s.Install(a.people[1].epoch().Keys, a.now)
			same, err := s.Seal(keys.Camera, wrap.VP8, true, []byte("face"), a.now)
			t.check(err, "sealing for the other room")
			_, err = ann.open(a.people[1].session, keys.Camera, wrap.VP8, same)
			t.sawf("Ann", "a frame with the keys of her room, sealed for the other: %v", err)
			t.goal(err == nil, "Ann sees it all the same")
		},
		Defence: "each room has its own group; beside that a frame is bound to the room's id",
		Without: []Edit{{keysFile, "sum := sha256.Sum256([]byte(room))", "sum := sha256.Sum256([]byte(room[:0]))"}},
	},
	{
		Name: "frame replayed inside the window", Claim: "C4",
		Do: func(t *Trial) {
			replayed(t, "the forwarder sends a frame of Ben's again at once", 3)
		},
		Defence: "the replay window of each KID",
		Without: []Edit{{receiverFile, "if !o.replay.Check(p.header.CTR) {", "if !o.replay.Check(p.header.CTR) && p.leaf > MaxLeaf {"}},
	},
	{
		Name: "frame replayed outside of the window", Claim: "C4",
		Do: func(t *Trial) {
			replayed(t, "the forwarder sends a frame of Ben's again after 1100 others, of which the window knows 1024", 1100)
		},
		Defence: "what is older than the window is taken for seen",
		Without: []Edit{{"e2ee/sframe/replay.go", "	if r.next-1-ctr >= r.size {\n		return false", "	if r.next-1-ctr >= r.size {\n		return true"}},
	},
	{
		Name: "recorded frame after the keys are gone", Claim: "C7",
		Do: func(t *Trial) {
			t.try("the forwarder keeps a frame of Ben's and sends it first 11 s after the next epoch began")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			frame := ben.seal(keys.Camera, "Ben's face")
			before := ann.epoch().Keys.Number
			m.enter("Eve")
			for i := 0; i < 100 && ann.epoch().Keys.Number == before; i++ {
				m.pass(100 * time.Millisecond)
			}
			t.must(ann.epoch().Keys.Number == before+1, "there is no next epoch")
			m.pass(11 * time.Second)
			t.watch(ann)
			_, err := ann.open(ben.session, keys.Camera, wrap.VP8, frame)
			t.sawf("Ann", "%v", err)
			t.goal(err == nil, "Ann sees what is over")
		},
		Defence: "keys are destroyed 10 s after the next epoch began",
		Without: []Edit{{keysFile, "Retention   = 10 * time.Second", "Retention   = 10 * time.Hour"}},
	},
	{
		Name: "frame in the clear", Claim: "C3",
		Do: func(t *Trial) {
			swapped(t, "the forwarder puts a picture of its own on Ben's seat, not sealed at all", func(m *meeting) (wire.SessionID, keys.Source, []byte) {
				return m.people[1].session, keys.Camera, []byte("\x10\x02\x00\x9d\x01\x2a\x10\x00\x10\x00 a picture")
			})
		},
		Defence: "there is no way around the key; the edit adds the way that other products have",
		Without: []Edit{{receiverFile, "	e := r.epoch(p.bits)\n	if e == nil {", "	e := r.epoch(p.bits)\n	if e == nil || p.leaf > 100 {\n		return f.Data, nil\n	}\n	if e == nil {"}, {receiverFile, "	p, err := parse(f)\n	if err != nil {\n		return nil, err", "	p, err := parse(f)\n	if err != nil {\n		return f.Data, nil"}},
	},
	{
		Name: "frame altered", Claim: "C5",
		Do: func(t *Trial) {
			t.try("the forwarder flips each bit of a frame of Ben's in turn, and sends each before the frame itself")
			m := t.meeting(2)
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			frame := ben.seal(keys.Mic, "Ben's voice")
			why, opened := map[string]int{}, 0
			for i := range 8 * len(frame) {
				bad := slices.Clone(frame)
				bad[i/8] ^= 1 << (i % 8)
				if _, err := ann.open(ben.session, keys.Mic, wrap.Opus, bad); err != nil {
					why[err.Error()]++
				} else {
					opened++
				}
			}
			t.sawf("Ann", "%v", why)
			_, err := ann.open(ben.session, keys.Mic, wrap.Opus, frame)
			t.goal(err != nil, "what was altered shuts out the frame itself")
			t.goal(opened > 0, fmt.Sprintf("Ann hears %d altered frames", opened))
		},
		Defence: "none to take out: AES-GCM of the standard library, with its whole tag",
	},
	{
		Name: "KID of a leaf that does not exist", Claim: "C4",
		Do: func(t *Trial) {
			t.try("a member and the forwarder show a picture as leaf 900's, on a seat of nobody and on a session that is none")
			m := t.meeting(2)
			x := m.mallory()
			ann := m.people[0]
			t.watch(ann)
			s := keys.NewSender(string(m.link.Room))
			s.Install(x.keys(900), m.now)
			for _, owner := range []wire.SessionID{"", "ghost", x.p.session, ann.session} {
				frame, err := s.Seal(keys.Camera, wrap.VP8, true, []byte("a ghost"), m.now)
				t.check(err, "Mallory seals a frame")
				_, err = ann.open(owner, keys.Camera, wrap.VP8, frame)
				t.sawf("Ann", "on a seat of %q: %v", owner, err)
				t.goal(err == nil, "Ann sees somebody who is not in the group")
			}
		},
		Defence: "the KID's leaf is in the present group",
		Without: []Edit{{receiverFile, "if !known || owner.Session != p.frame.Owner || e.owners[p.leaf] != owner {", "if known && (owner.Session != p.frame.Owner || e.owners[p.leaf] != owner) {"}},
	},
	{
		Name: "codec changed under way", Claim: "C5",
		Do: func(t *Trial) {
			t.try("the forwarder takes the wrapper of VP8 from Ben's frame, and sends the rest as each other codec")
			m := t.meeting(2)
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			for _, codec := range []wrap.Codec{wrap.VP9, wrap.AV1, wrap.H264} {
				body, err := wrap.Unwrap(wrap.VP8, ben.seal(keys.Camera, "Ben's face"))
				t.check(err, "taking the wrapper off")
				_, err = ann.open(ben.session, keys.Camera, codec, wrap.Wrap(nil, codec, true, body))
				t.sawf("Ann", "as codec %d: %v", codec, err)
				t.goal(err == nil, "Ann's decoder gets VP8 as something else")
			}
		},
		Defence: "the codec is authenticated with the frame",
		Without: []Edit{{keysFile, "	m[len(m)-1] = byte(c)\n", "	_ = c\n"}},
	},
	{
		Name: "flood of frames of wrong epochs", Claim: "C16",
		Do: func(t *Trial) {
			t.try("the forwarder sends 20 000 frames of 1 kB for epochs that are over or to come, then one of Ben's")
			m := t.meeting(2)
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			why := map[error]int{}
			now := ann.epoch().Keys.Number
			for i := range 20_000 {
				kid := keys.KID(keys.Camera, ben.leaf(), now+1+uint64(i)%62)
				frame := append(sframe.AppendHeader(nil, kid, uint64(i)), make([]byte, 1000)...)
				_, err := ann.open(ben.session, keys.Camera, wrap.VP8, wrap.Wrap(nil, wrap.VP8, true, frame))
				why[err]++
			}
			t.sawf("Ann", "%v", why)
			const most = 256
			t.goal(why[keys.ErrHeld] > most, fmt.Sprintf("Ann keeps more than %d of them", most))
			got, err := ann.open(ben.session, keys.Camera, wrap.VP8, ben.seal(keys.Camera, "Ben's face"))
			t.goal(err != nil || got != "Ben's face", "Ben's frame is lost by it")
		},
		Defence: "what waits for an epoch is bounded",
		Without: []Edit{{receiverFile, "len(r.held) >= maxHeld || r.bytes+len(p.body) > maxHeldBytes", "len(r.held) >= maxHeld*maxHeld && r.bytes+len(p.body) > maxHeldBytes"}},
	},
	{
		Name: "counter reused after a reload", Claim: "C5",
		Do: func(t *Trial) {
			t.try("Ben reloads; the server gives him his session, Welcome and tree of before, so that he seals again with the same key from counter 0")
			m := t.meeting(1)
			var welcome *wire.Welcomed
			m.toPerson = func(to *person, msg any) []any {
				if w, ok := msg.(wire.Welcomed); ok && to.name == "Ben" {
					welcome = &w
				}
				return []any{msg}
			}
			ben := m.enter("Ben")
			m.pass(200 * time.Millisecond)
			t.must(welcome != nil && len(ben.epochs) > 0, "Ben is not let in")
			m.toPerson = nil
			before := [][]byte{ben.seal(keys.Mic, "before")}
			again := m.enter("Ben")
			m.queue = nil // the server answers by itself
			m.tell(again, wire.Joined{Session: ben.session, Generation: 1, Founded: true})
			m.queue = nil
			m.tell(again, *welcome)
			t.watch(again)
			phases := again.phases
			for _, e := range phases {
				if e.Why != nil {
					t.noticed = true
					t.sawf("Ben", "%v", e.Why)
				}
			}
			frame, err := again.sender.Seal(keys.Mic, wrap.Opus, true, []byte("after"), m.now)
			t.sawf("Ben", "seals after the reload: %v", errOr(err, "a frame"))
			reused := false
			for _, b := range before {
				if err == nil {
					h1, e1 := sframe.ParseHeader(b)
					h2, e2 := sframe.ParseHeader(frame)
					reused = reused || e1 == nil && e2 == nil && h1 == h2 && m.opensFor(ben, frame)
				}
			}
			t.goal(reused, "a key and a counter are used twice")
		},
		Defence: "none to take out: a reload makes a new leaf, and an old Welcome opens with the old leaf's key only, which is gone",
	},
	{
		Name: "member forges another's picture with the server", Admitted: "a member *together with the server* could forge",
		Do: func(t *Trial) {
			t.try("a member seals a picture with the key of Ben's leaf, and the forwarder puts it on Ben's seat")
			m := t.meeting(2)
			x := m.mallory()
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			s := keys.NewSender(string(m.link.Room))
			s.Install(x.keys(ben.leaf()), m.now)
			frame, err := s.Seal(keys.Camera, wrap.VP8, true, []byte("not Ben's face"), m.now)
			t.check(err, "Mallory seals a frame")
			got, err := ann.open(ben.session, keys.Camera, wrap.VP8, frame)
			t.sawf("Ann", "%q, %v", got, err)
			t.goal(err == nil, "Ann sees it as Ben's")
		},
		Defence: "none: frame keys are known to the group",
	},
}

func errOr(err error, what string) string {
	if err != nil {
		return err.Error()
	}
	return what
}

// opensFor reports whether the keys that p has in its present epoch open one of
// its own frames.
func (m *meeting) opensFor(p *person, frame []byte) bool {
	r := keys.NewReceiver(string(m.link.Room))
	r.Install(p.epoch().Keys, m.now)
	_, err := r.Open(keys.Frame{Owner: string(p.session), Source: keys.Mic, Codec: wrap.Opus, Data: slices.Clone(frame)}, m.now)
	return err == nil
}

// swapped shows Ann one frame in a meeting of three.
func swapped(t *Trial, tried string, make func(m *meeting) (wire.SessionID, keys.Source, []byte)) {
	t.try("%s", tried)
	m := t.meeting(3)
	ann := m.people[0]
	t.watch(ann)
	owner, source, frame := make(m)
	got, err := ann.open(owner, source, wrap.VP8, frame)
	t.sawf("Ann", "%q, %v", got, err)
	t.goal(err == nil, "it is decoded")
}

// replayed shows Ann n frames of Ben's and then the first of them again.
func replayed(t *Trial, tried string, n int) {
	t.try("%s", tried)
	m := t.meeting(2)
	ann, ben := m.people[0], m.people[1]
	t.watch(ann)
	var first []byte
	for i := range n {
		frame := ben.seal(keys.Camera, "Ben's face")
		if i == 0 {
			first = frame
		}
		_, err := ann.open(ben.session, keys.Camera, wrap.VP8, frame)
		t.check(err, "Ann opens a frame of Ben's")
	}
	_, err := ann.open(ben.session, keys.Camera, wrap.VP8, first)
	t.sawf("Ann", "%v", err)
	t.must(err == nil || errors.Is(err, keys.ErrReplay), "it fails for another reason: %v", err)
	t.goal(err == nil, "Ann sees it twice")
}
