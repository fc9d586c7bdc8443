package group

import (
	"testing"
	"time"
)

// TestRefresh: each member has new keys for its path every 5 to 10 minutes,
// though nobody comes or goes.
func TestRefresh(t *testing.T) {
	s := meeting(t, 3)
	keys := func() (out [3]string) {
		for i, c := range s.clients {
			for _, m := range s.clients[0].member.group.Members() {
				if m.Index == c.member.group.Me() {
					out[i] = string(m.Leaf.EncryptionKey)
				}
			}
		}
		return out
	}
	commits := func() (n int) {
		for _, c := range s.clients {
			n += c.commits
		}
		return n
	}
	before, sent := keys(), commits()
	s.run(4 * time.Minute)
	if keys() != before || commits() != sent {
		t.Error("keys are refreshed before it is time")
	}
	s.run(7 * time.Minute)
	s.agree()
	for i, k := range keys() {
		if k == before[i] {
			t.Errorf("member %d has the keys of before", i)
		}
	}
	s.run(time.Hour)
	s.agree()
	if n := commits() - sent; n < 3*6 || n > 3*14 {
		t.Errorf("%d commits in 71 minutes of quiet", n)
	}
}
