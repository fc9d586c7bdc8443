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

// FuzzContent reads what is inside a private message: behind the key, nothing
// is believed either.
func FuzzContent(f *testing.F) {
	g := meeting(f, 3)[0]
	for _, kind := range []ContentType{ContentApplication, ContentProposal, ContentCommit} {
		a := g.frame(kind, nil, false)
		a.content.application, a.content.proposal, a.content.commit = []byte("hello"), Remove(1), new(commit)
		a.content.commit.byValue([]*Proposal{Remove(1), g.NewPSK([]byte("psk"))}, a.content.sender)
		ok(f, a.sign(g.signer, &g.context))
		a.confirmationTag = g.confirmTag
		var w writer
		a.content.encodeBody(&w)
		a.encodeAuth(&w)
		f.Add(byte(kind), w.b)
		f.Add(byte(kind), append(w.b, 0, 0, 0))
		f.Add(byte(kind), append(w.b, 0, 1))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		a := &authContent{wire: WirePrivate, content: framedContent{kind: ContentType(kind)}}
		if a.decodePadded(b) != nil {
			return
		}
		var w writer
		a.content.encodeBody(&w)
		a.encodeAuth(&w)
		if !bytes.HasPrefix(b, w.b) || len(bytes.Trim(b[len(w.b):], "\x00")) > 0 {
			t.Fatal("a content with two encodings")
		}
	})
}

// FuzzExtensions reads the extensions of a GroupContext.
func FuzzExtensions(f *testing.F) {
	f.Add([]byte{})
	f.Add(RequiredCapabilities{}.Extension().Data)
	f.Add(RequiredCapabilities{[]ExtensionType{0xf1ca}, []ProposalType{8}, []CredentialType{CredentialBasic}}.Extension().Data)
	f.Add(encodeSenders([]externalSender{{[]byte("key"), Credential{Type: CredentialBasic, Identity: []byte("server")}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var q RequiredCapabilities
		if unmarshal(b, q.decode) == nil && !bytes.Equal(q.Extension().Data, b) {
			t.Fatal("required capabilities with two encodings")
		}
		if senders, err := externalSenders([]Extension{{ExtExternalSenders, b}}); err == nil && !bytes.Equal(encodeSenders(senders), b) {
			t.Fatal("external senders with two encodings")
		}
	})
}

func encodeSenders(senders []externalSender) []byte {
	var w writer
	w.vec(func(w *writer) {
		for _, e := range senders {
			w.opaque(e.signatureKey)
			e.credential.encode(w)
		}
	})
	return w.b
}
