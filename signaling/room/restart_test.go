package room

import (
	"testing"
	"testing/synctest"

	"incamera/signaling/wire"
)

// TestRestart: by order of a moderator, who need not be in the group, it is
// forgotten, all hear of it, and nothing flows until they are in the next; an
// order that comes late does nothing to that.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, ben := pair(t, r)
		for _, c := range []*client{ann, ben} {
			c.say(publish("offer"))
			expect[wire.Published](c)
		}
		host := join(t, r)
		for _, c := range []*client{ann, ben} {
			expect[wire.Arrived](c)
		}
		host.moderates(1, wire.RoleHost)
		host.say(wire.Restart{Generation: 1})
		for _, c := range []*client{ann, ben, host} {
			if m := expect[wire.Reset](c); m.Generation != 2 || m.By != host.ID {
				t.Errorf("%+v", m)
			}
		}
		synctest.Wait()
		for i := range 2 {
			if media.peer(i).isInside() {
				t.Errorf("media of %d flows on", i)
			}
		}
		host.say(wire.Found{Generation: 2})
		for _, c := range []*client{ann, ben} {
			expect[wire.Founded](c)
		}
		expect[wire.Peers](host)
		expect[wire.Founded](host)
		host.say(wire.Restart{Generation: 1})
		for _, c := range []*client{ann, ben, host} {
			c.quiet()
		}
	})
}
