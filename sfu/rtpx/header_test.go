package rtpx

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/pion/rtp"
)

// Another implementation writes extensions, in both forms.
func TestExtensions(t *testing.T) {
	for _, profile := range []uint16{rtp.ExtensionProfileOneByte, rtp.ExtensionProfileTwoByte} {
		h := rtp.Header{Version: 2, PayloadType: 96, CSRC: []uint32{1, 2}, Extension: true, ExtensionProfile: profile}
		want := map[uint8][]byte{1: []byte("0"), 3: {1, 2}, 14: []byte("sixteen bytes .."), 7: {0}}
		for id, value := range want {
			if err := h.SetExtension(id, value); err != nil {
				t.Fatal(err)
			}
		}
		head, err := h.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		packet := append(head, "payload"...)
		if size, ok := HeaderSize(packet); !ok || size != len(head) {
			t.Errorf("%#x: the header has %d bytes (%v), want %d", profile, size, ok, len(head))
		}
		got := map[uint8][]byte{}
		Extensions(packet, func(id uint8, value []byte) { got[id] = bytes.Clone(value) })
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%#x: read %v, want %v", profile, got, want)
		}
		for n := range packet { // whatever is missing of it
			Extensions(packet[:n], func(uint8, []byte) {})
		}
	}
}

func TestMalformedExtensions(t *testing.T) {
	head := []byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}
	for name, ext := range map[string][]byte{
		"value beyond the end":     {0xbe, 0xde, 0, 1, 0x1f, 1, 2, 3},
		"two bytes, beyond":        {0x10, 0, 0, 1, 1, 9, 2, 3},
		"two bytes, half a head":   {0x10, 0, 0, 1, 0, 0, 0, 3},
		"padding with a length":    {0xbe, 0xde, 0, 1, 0x01, 1, 2, 3},
		"of no form":               {0xab, 0xcd, 0, 1, 0x10, 1, 0x10, 1},
		"reserved, then something": {0xbe, 0xde, 0, 1, 0xf0, 1, 0x10, 1},
		"more than the packet":     {0xbe, 0xde, 0, 9, 0x10, 1, 0x10, 1},
	} {
		Extensions(append(bytes.Clone(head), ext...), func(id uint8, value []byte) { t.Errorf("%s: read %d, %x", name, id, value) })
	}
}
