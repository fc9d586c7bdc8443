package stun

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The request of RFC 5769 §2.1.
const (
	request = `00010058 2112a442 b7e7a701 bc34d686 fa87dfae
		80220010 5354554e 20746573 7420636c 69656e74
		00240004 6e0001ff
		80290008 932ff9b1 51263b36
		00060009 6576746a 3a683676 59202020
		00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
		80280004 e57a3bcf`
	password = "VOkJxbRl1RmTxUk/WvJxBt"
)

func TestRequestOfTheRFC(t *testing.T) {
	r, ok := Parse(unhex(t, request))
	if !ok || string(r.Local) != "evtj" || string(r.Remote) != "h6vY" || r.Priority != 0x6e0001ff || r.UseCandidate {
		t.Fatalf("%+v, %t", r, ok)
	}
	if !r.Verify(password) {
		t.Error("the right password does not verify")
	}
	if r.Verify(password+"x") || r.Verify("") {
		t.Error("a wrong password verifies")
	}
}

// Whatever bit of a request is changed, it is refused; except that what is no
// FINGERPRINT any more is one of the attributes after MESSAGE-INTEGRITY.
func TestForgedRequestsAreRefused(t *testing.T) {
	b := unhex(t, request)
	for i := range len(b) * 8 {
		if at := i / 8; at == len(b)-8 || at == len(b)-7 {
			continue
		}
		forged := slices.Clone(b)
		forged[i/8] ^= 1 << (i % 8)
		if r, ok := Parse(forged); ok && r.Verify(password) {
			t.Errorf("with bit %d of byte %d changed it verifies", i%8, i/8)
		}
	}
	for n := range b {
		if _, ok := Parse(b[:n:n]); ok {
			t.Errorf("%d of its bytes are taken", n)
		}
	}
}

// What follows MESSAGE-INTEGRITY is vouched for by nobody.
func TestAttributesAfterIntegrityAreIgnored(t *testing.T) {
	b := unhex(t, request)
	b = b[:len(b)-8] // without FINGERPRINT
	b = append(b, 0, attrUseCandidate, 0, 0)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-headerSize))
	r, ok := Parse(b)
	if !ok || r.UseCandidate || !r.Verify(password) {
		t.Errorf("%+v, %t", r, ok)
	}
}

// The responses of RFC 5769 §2.2 and §2.3, of which ours differ in SOFTWARE.
func TestAnswer(t *testing.T) {
	r, ok := Parse(unhex(t, request))
	if !ok {
		t.Fatal("the request is refused")
	}
	for _, tc := range []struct{ from, mapped string }{
		{"192.0.2.1:32853", "0001a147e112a643"},
		{"[::ffff:192.0.2.1]:32853", "0001a147e112a643"},
		{"[2001:db8:1234:5678:11:2233:4455:6677]:32853", "0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"},
	} {
		b := r.Answer(netip.MustParseAddrPort(tc.from), password)
		if got := hex.EncodeToString(b[24 : 24+len(tc.mapped)/2]); got != tc.mapped {
			t.Errorf("%s is mapped as %s, want %s", tc.from, got, tc.mapped)
		}
		if !slices.Equal(b[4:20], r.raw[4:20]) || int(binary.BigEndian.Uint16(b[2:])) != len(b)-20 {
			t.Errorf("header %x", b[:20])
		}
		at := len(b) - 8 - 24
		if !slices.Equal(b[at+4:at+24], integrity(b[:at], password)) || binary.BigEndian.Uint32(b[len(b)-4:]) != fingerprint(b[:len(b)-8]) {
			t.Errorf("%x does not verify", b)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(unhex(f, request))
	f.Add(unhex(f, "00010000 2112a442 b7e7a701 bc34d686 fa87dfae"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := Parse(b)
		if !ok {
			return
		}
		r.Verify(password)
		if a := r.Answer(netip.MustParseAddrPort("192.0.2.1:1"), password); !IsMessage(a) {
			t.Fatalf("%x is no STUN", a)
		}
	})
}
