package room

import (
	"slices"
	"testing"
	"testing/synctest"

	"incamera/signaling/wire"
)

// speaks returns what the media plane was last told of whether a peer speaks, and
// how often that has changed.
func (p *fakePeer) speaks() (is bool, changes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, speaking := range p.speaking {
		if speaking != is {
			is, changes = speaking, changes+1
		}
	}
	return is, changes
}

var micOn = wire.Sources{On: []wire.Source{wire.SourceMic}}

// sends has a client offer its media, so that there is a peer of it.
func sends(c *client) {
	c.t.Helper()
	c.say(publish("1"))
	await[wire.Published](c)
}

// TestSpeaking: that a member speaks hears the media plane, and nobody else.
func TestSpeaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		ann, ben := pair(t, start(t, media))
		sends(ann)
		ann.say(micOn)
		expect[wire.SourcesOf](ben)
		ann.say(wire.Speaking{On: true})
		ann.quiet()
		ben.quiet()
		if is, _ := media.peer(0).speaks(); !is {
			t.Error("who speaks does not, to the media plane")
		}
		media.peer(0).events.Closed("broke")
		expect[wire.MediaLost](ann)
		sends(ann) // the peer that comes after it knows
		synctest.Wait()
		if is, _ := media.peer(1).speaks(); !is {
			t.Error("who speaks is silent on another connection")
		}
		ann.say(wire.Speaking{On: false})
		ann.quiet()
		ben.quiet()
		if is, changes := media.peer(1).speaks(); is || changes != 2 {
			t.Errorf("who is silent speaks: %v, after %d changes", is, changes)
		}
	})
}

// TestSpeakingWithoutAMicrophone: who publishes none, or whose microphone was
// switched off, does not speak, whatever he says; and has said nothing when he
// switches it on.
func TestSpeakingWithoutAMicrophone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		ann, ben := pair(t, start(t, media))
		sends(ann)
		ann.say(wire.Speaking{On: true})
		ann.say(wire.Sources{On: []wire.Source{wire.SourceCamera, wire.SourceScreenAudio}})
		ann.say(wire.Speaking{On: true})
		ann.say(micOn)
		synctest.Wait()
		if is, changes := media.peer(0).speaks(); is || changes > 0 {
			t.Errorf("who has no microphone speaks: %v, after %d changes", is, changes)
		}
		ann.say(wire.Speaking{On: true})
		synctest.Wait()
		ann.say(wire.Sources{})
		ann.say(micOn)
		synctest.Wait()
		if is, changes := media.peer(0).speaks(); is || changes != 2 {
			t.Errorf("who was muted speaks: %v, after %d changes", is, changes)
		}
		for range 4 { // what she publishes, and nothing else
			expect[wire.SourcesOf](ben)
		}
		ben.quiet()
		ann.quiet()
	})
}

// TestSpeakingInTheLobby: who waits does not speak, and has not when he is let
// in; nor has who was sent out.
func TestSpeakingInTheLobby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, _ := pair(t, r)
		guest := join(t, r)
		sends(guest)
		guest.say(micOn)
		guest.say(wire.Speaking{On: true})
		guest.say(wire.Ask{Generation: 1, Body: []byte("k")})
		ann.say(wire.Commit{Generation: 1, Epoch: 1, Body: []byte("c"), To: []wire.SessionID{guest.ID}, Welcome: []byte("w"), Tree: []byte("t")})
		await[wire.Welcomed](guest)
		if is, changes := media.peer(0).speaks(); is || changes > 0 {
			t.Errorf("who waits speaks: %v, after %d changes", is, changes)
		}
		guest.say(wire.Speaking{On: true})
		synctest.Wait()
		if is, _ := media.peer(0).speaks(); !is {
			t.Error("who was let in does not speak")
		}
		guest.say(wire.Ask{Generation: 1, Body: []byte("k")}) // a member that has lost its state
		synctest.Wait()
		if is, _ := media.peer(0).speaks(); is {
			t.Error("who is out of the group speaks")
		}
	})
}

// TestSpeakingWithheld: who is kept muted by the host does not speak, and does
// not by what he said before when that is taken back.
func TestSpeakingWithheld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		ann, ben := pair(t, start(t, media))
		sends(ben)
		ben.say(micOn)
		ann.say(pass(hostKey, "room", 1, wire.RoleHost, ann.ID))
		rules := wire.Rules{Generation: 1, Epoch: 1, Withheld: []wire.Source{}, Others: []wire.Withheld{{Session: ben.ID, Sources: []wire.Source{wire.SourceMic}}}}
		ben.say(wire.Speaking{On: true})
		synctest.Wait()
		ann.say(rules)
		synctest.Wait()
		if is, _ := media.peer(0).speaks(); is {
			t.Error("who is kept muted speaks still")
		}
		ben.say(wire.Speaking{On: true})
		synctest.Wait()
		if is, _ := media.peer(0).speaks(); is {
			t.Error("who is kept muted speaks")
		}
		rules.Others = []wire.Withheld{}
		ann.say(rules)
		synctest.Wait()
		if is, changes := media.peer(0).speaks(); is || changes != 2 {
			t.Errorf("who was kept muted speaks: %v, after %d changes", is, changes)
		}
	})
}

// TestSpeakingFlood: whoever says it without end disturbs nobody, is not ended
// for it, and counts by what he said last.
func TestSpeakingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		ann, ben := pair(t, start(t, media))
		sends(ann)
		ann.say(micOn)
		expect[wire.SourcesOf](ben)
		for i := range 5001 {
			ann.say(wire.Speaking{On: i%2 == 0})
		}
		ann.quiet()
		ben.quiet()
		if is, _ := media.peer(0).speaks(); !is {
			t.Error("what was said last does not count")
		}
		ben.say(micOn) // the room goes on for both
		if m := expect[wire.SourcesOf](ann); !slices.Equal(m.On, micOn.On) {
			t.Errorf("%+v", m)
		}
	})
}
