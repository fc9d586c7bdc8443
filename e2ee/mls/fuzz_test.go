package mls

import (
	"bytes"
	"testing"
)

// What parses encodes to the same bytes, and nothing that parses makes the
// checks of it panic.
func FuzzParse(f *testing.F) {
	var vectors []map[string]hx
	official(f, "messages.json", &vectors)
	for _, v := range vectors[:10] {
		for _, b := range v {
			f.Add([]byte(b))
		}
	}
	s := suites[SuiteX25519]
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseMessage(b); err == nil {
			if !bytes.Equal(m.Marshal(), b) {
				t.Fatal("a message with two encodings")
			}
			if m.KeyPackage != nil {
				_ = m.KeyPackage.validate(s)
			}
			if m.GroupInfo != nil {
				_, _ = verifyGroupInfo(s, new(Config), m.GroupInfo, nil)
			}
		}
		if tr, err := parseTree(s, b); err == nil {
			if !bytes.Equal(tr.marshal(), b) {
				t.Fatal("a tree with two encodings")
			}
			_ = tr.hash()
			_ = tr.validate(new(GroupContext), new(Config))
			_ = tr.verifyParentHashes()
		}
		for _, e := range []interface {
			encoder
			decode(*reader)
		}{new(commit), new(Proposal), new(groupSecrets), new(authContent), new(updatePath)} {
			if unmarshal(b, e.decode) == nil && !bytes.Equal(marshal(e), b) {
				t.Fatalf("a %T with two encodings", e)
			}
		}
	})
}
