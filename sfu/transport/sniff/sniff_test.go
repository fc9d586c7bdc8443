package sniff

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// message is a STUN message of a type with attributes.
func message(kind uint16, attributes ...byte) []byte {
	b := make([]byte, stunHeader, stunHeader+len(attributes))
	binary.BigEndian.PutUint16(b, kind)
	binary.BigEndian.PutUint16(b[2:], uint16(len(attributes)))
	binary.BigEndian.PutUint32(b[4:], cookie)
	return append(b, attributes...)
}

var username = []byte{0, 6, 0, 3, 'a', ':', 'b', 0}

func framed(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

var streams = []struct {
	name  string
	bytes []byte
	want  Kind
}{
	{"a request for a page", []byte("GET / HTTP/1.1\r\n"), HTTP},
	{"HTTP/2 with prior knowledge", []byte("PRI * HTTP/2.0\r\n"), HTTP},
	{"TLS", []byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}, TLS},
	{"a framed check", framed(message(methodBinding, username...)), ICE},
	{"a framed check of 256 bytes", framed(message(methodBinding, make([]byte, 236)...)), ICE},
	{"TURN", message(methodAllocate), TURN},
	{"plain STUN", message(methodBinding), TURN},
	{"a framed response", framed(message(0x0101)), Unknown},
	{"a frame of DTLS", framed([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}), Unknown},
	{"STUN without the cookie", make([]byte, 40), Unknown},
	{"a frame that is too long for a check", append([]byte{8, 0}, message(methodBinding)...), Unknown},
	{"a frame that is too short", append([]byte{0, 19}, message(methodBinding)...), Unknown},
	{"a refresh before anything", message(0x0004), Unknown},
	{"SSH", []byte("\x00\x00\x00\x00SSH-2.0"), Unknown},
	{"SSH's banner in lower case", []byte("ssh-2.0-OpenSSH"), Unknown},
	{"TLS of no version", []byte{22, 2, 1, 2, 0, 1, 0, 1, 252, 3, 3}, Unknown},
	{"SOCKS", []byte{5, 1, 0, 0, 0, 0, 0, 0, 0, 0}, Unknown},
}

// Each is told apart, by as few bytes as decide, and none is asked for more
// than Need.
func TestStream(t *testing.T) {
	for _, c := range streams {
		for n := 0; ; n++ {
			got, more := Stream(c.bytes[:n])
			if more {
				if got != Unknown || n >= Need {
					t.Fatalf("%s: after %d bytes: %d, and more is asked for", c.name, n, got)
				}
				continue
			}
			if got != c.want {
				t.Errorf("%s is taken for %d, want %d", c.name, got, c.want)
			}
			if again, _ := Stream(c.bytes); again != got {
				t.Errorf("%s: %d after %d bytes, %d after all", c.name, got, n, again)
			}
			break
		}
	}
}

func TestDatagram(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes []byte
		want  Kind
	}{
		{"nothing", nil, ICE},
		{"a check", message(methodBinding, username...), ICE},
		{"a check whose name comes second", message(methodBinding, append([]byte{0, 0x24, 0, 4, 1, 2, 3, 4}, username...)...), ICE},
		{"a response", message(0x0101), ICE},
		{"plain STUN", message(methodBinding), ICE},
		{"plain STUN with a broken attribute", message(methodBinding, 0, 0x24, 255, 255), ICE},
		{"an allocation", message(methodAllocate, username...), TURN},
		{"something to send", message(0x0016), TURN},
		{"data of a channel", []byte{0x40, 0, 0, 1, 7}, TURN},
		{"SRTP", bytes.Repeat([]byte{0x80}, 40), ICE},
		{"DTLS", bytes.Repeat([]byte{22}, 40), ICE},
		{"STUN without the cookie", make([]byte, 40), ICE},
		{"one byte", []byte{1}, ICE},
	} {
		if got := Datagram(c.bytes); got != c.want {
			t.Errorf("%s is taken for %d, want %d", c.name, got, c.want)
		}
	}
}

// Whatever comes: a decision once made stays, and is made within Need bytes.
func FuzzStream(f *testing.F) {
	for _, c := range streams {
		f.Add(c.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		Datagram(b)
		decided := false
		var kind Kind
		for n := range len(b) + 1 {
			k, more := Stream(b[:n])
			switch {
			case more && (decided || n >= Need):
				t.Fatalf("more is asked for after %d bytes of %x", n, b)
			case !more && decided && k != kind:
				t.Fatalf("%x is %d, and %d after %d bytes", b, kind, k, n)
			}
			decided, kind = !more, k
		}
	})
}
