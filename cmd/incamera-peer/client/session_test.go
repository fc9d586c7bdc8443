package client

import (
	"testing"

	"incamera/e2ee/group"
	"incamera/e2ee/link"
)

// TestWhoComes: whoever is out of the group and in again in the same session has
// heard as little of what is on as one who was never there.
func TestWhoComes(t *testing.T) {
	ann, ben := group.Participant{Leaf: 0, Session: "ann", Member: link.MemberID{1}}, group.Participant{Leaf: 1, Session: "ben", Member: link.MemberID{2}}
	again := ben
	again.Member = link.MemberID{3}
	before := map[string]MemberReport{"ann": {Session: "ann", Self: true, member: ann.Member}, "ben": {Session: "ben", member: ben.Member}}
	for _, c := range []struct {
		name   string
		before map[string]MemberReport
		roster []group.Participant
		want   bool
	}{
		{"nobody but ourselves", nil, []group.Participant{ann}, false},
		{"who was there", before, []group.Participant{ann, ben}, false},
		{"who was never there", map[string]MemberReport{"ann": before["ann"]}, []group.Participant{ann, ben}, true},
		{"who was out and is in again", before, []group.Participant{ann, again}, true},
		{"everybody, to one who was out", map[string]MemberReport{}, []group.Participant{ann, ben}, true},
	} {
		if got := comes(c.before, c.roster, ann.Leaf); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
