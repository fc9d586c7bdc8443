package attack

import (
	"bytes"
	"slices"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

// floods are too much, too little, and too long.
var floods = []*Attack{
	{
		Name: "commit storm", Admitted: "a member can disturb the group",
		Do: func(t *Trial) {
			t.try("a member commits each epoch the moment it begins, 100 times, while Eve asks to be let in")
			m := t.meeting(3)
			x := m.mallory()
			ann := m.people[0]
			t.watch(m.people[:3]...)
			eve := m.enter("Eve")
			for range 100 {
				m.settle()
				x.commit(nil, x.psk())
				m.pass(20 * time.Millisecond)
			}
			t.goal(eve.member.Phase() != group.Inside, "Eve waits as long as the storm lasts, for 2 s")
			m.leave(x.p)
			m.pass(10 * time.Second)
			t.must(m.agree(), "they are not together when it is over")
			t.sawf("all", "together with Eve in epoch %d when Mallory is gone", ann.member.Epoch())
		},
		Defence: "the delivery service lets one commit win, and the server reads less from who sends much; a valid commit is a commit",
	},
	{
		Name: "messages cut short or made longer", Claim: "C15",
		Do: func(t *Trial) {
			t.try("who has the link sends every message of a meeting cut at every byte, and longer by one")
			m := t.meeting(3)
			ann := m.people[0]
			t.watch(ann)
			tried, taken := 0, map[string]int{}
			count := func(what string, err error) {
				if tried++; err == nil {
					taken[what]++
				}
			}
			frame := m.people[1].seal(keys.Camera, "Ben's face")
			for _, bad := range mangled(frame) {
				_, err := ann.open(m.people[1].session, keys.Camera, wrap.VP8, bad)
				count("frame", err)
				_, err = sframe.ParseHeader(bad)
				_ = err // a header of a shorter frame may be whole; opening it is what counts
			}
			for _, plain := range m.plaintexts() {
				for _, bad := range mangled(plain) {
					_, err := mls.ParseMessage(bad)
					count("MLS message", err)
				}
			}
			said, err := group.EncodeApp(group.Chat{ID: "0123456789abcdef", Text: "hello"})
			t.check(err, "saying something")
			for _, bad := range mangled(said) {
				_, err := group.DecodeApp(bad)
				count("chat", err)
			}
			for _, msg := range m.wire {
				text := wire.EncodeClient(wire.Head{N: 1}, msg)
				step := max(1, len(text)/200)
				for n := 0; n < len(text); n += step {
					_, _, err := wire.DecodeClient(text[:n])
					count("wire message", err)
				}
			}
			t.sawf("all", "%d messages read, %d taken: %v", tried, sum(taken), taken)
			t.goal(sum(taken) > 0, "one is taken for whole")
		},
		Defence: "parsers read to the end, and what is left over is an error",
		Without: []Edit{{"e2ee/mls/codec.go", "if r.err == nil && len(r.b) != 0 {", "if r.err == nil && len(r.b) > 1 {"}},
	},
	{
		Name: "rubbish ordered by the server", Admitted: "drop, delay, partition, refuse",
		Do: func(t *Trial) {
			t.try("the server orders 50 commits and Welcomes of rubbish, up to 1 MiB, for Ann")
			m := t.meeting(3)
			ann := m.people[0]
			t.watch(ann)
			before := len(ann.epochs)
			for i := range 50 {
				body := bytes.Repeat([]byte{byte(i)}, i*i*419)
				m.tell(ann, wire.Committed{Seq: m.seq + 1, Generation: 1, Epoch: ann.member.Epoch(), From: "session-1", Body: body})
				m.tell(ann, wire.Welcomed{Seq: 1, Generation: 1, Epoch: 9, Body: body, Tree: body})
			}
			t.never(len(ann.epochs) > before, "Ann takes one of them")
			t.goal(ann.member.Phase() != group.Inside, "Ann is out of the group, and knows why")
			starts := 0
			for _, e := range ann.phases {
				if e.Phase == group.Asking {
					starts++
				}
			}
			t.sawf("Ann", "began anew %d times, and waits before the next", starts)
			m.pass(3 * time.Minute)
			t.must(m.agree(), "Ann is not back when it is over")
			t.sawf("all", "together again in epoch %d", ann.member.Epoch())
		},
		Defence: "a member begins anew at most three times a minute: the damage is bounded, not prevented",
	},
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// mangled returns b cut at every byte (of long ones, at 500 places), and longer
// by one byte.
func mangled(b []byte) (out [][]byte) {
	step := max(1, len(b)/500)
	for n := 0; n < len(b); n += step {
		out = append(out, slices.Clone(b[:n]))
	}
	return append(out, append(slices.Clone(b), 1))
}

// plaintexts are the MLS messages inside the envelopes that were sent.
func (m *meeting) plaintexts() (out [][]byte) {
	open := func(k link.Kind, epoch uint64, body []byte) {
		plain, err := link.Open(m.cfg.Keys.Envelope, link.Place{Room: m.link.Room, Kind: k, Generation: 1, Epoch: epoch}, body)
		m.t.must(err == nil, "an envelope of kind %d does not open: %v", k, err)
		out = append(out, plain)
	}
	for _, msg := range m.wire {
		switch msg := msg.(type) {
		case wire.Ask:
			open(link.KindAsk, 0, msg.Body)
		case wire.Commit:
			open(link.KindCommit, msg.Epoch, msg.Body)
			if len(msg.Welcome) > 0 {
				open(link.KindWelcome, msg.Epoch+1, msg.Welcome)
			}
		}
	}
	m.t.must(len(out) > 3, "only %d messages", len(out))
	return out
}
