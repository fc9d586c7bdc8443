package frame

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// What is put in comes out, however the stream is cut.
func TestRoundTrip(t *testing.T) {
	packets := [][]byte{{1}, bytes.Repeat([]byte{2}, 1200), bytes.Repeat([]byte{3}, MaxSize)}
	var stream []byte
	for _, p := range packets {
		stream = Append(stream, p)
	}
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(stream), "in bytes": iotest.OneByteReader(bytes.NewReader(stream))} {
		buf := make([]byte, MaxSize)
		for i, want := range packets {
			n, err := Read(r, buf)
			if err != nil || !bytes.Equal(buf[:n], want) {
				t.Fatalf("%s: packet %d has %d bytes, %v", name, i, n, err)
			}
		}
		if _, err := Read(r, buf); !errors.Is(err, io.EOF) {
			t.Errorf("%s: at the end: %v", name, err)
		}
	}
}

func TestBadStreams(t *testing.T) {
	for name, stream := range map[string][]byte{
		"empty packet": {0, 0, 1}, "too long": {8, 1, 1}, "cut in the length": {0}, "cut in the packet": {0, 2, 1},
	} {
		if n, err := Read(bytes.NewReader(stream), make([]byte, MaxSize)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}
