package transport

import (
	"bytes"
	"net"
	"testing"
	"time"

	"incamera/sfu/transport/frame"
)

// TestFramesStayWhole: what is put while a write is under way does not get into
// it, and its memory is not lent to what is put next.
func TestFramesStayWhole(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	w := &tcpWriter{conn: ours}
	defer w.close()
	defer ours.Close()
	if err := theirs.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, frame.MaxSize)
	packet := func(i, part int) []byte { return bytes.Repeat([]byte{byte(2*i + part)}, 100) }
	for i := range 100 {
		w.put(packet(i, 0)) // its write waits for the reader
		until(t, "the write is under way", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return len(w.waiting) == 0
		})
		w.put(packet(i, 1))
		for part := range 2 {
			n, err := frame.Read(theirs, buf)
			if err != nil || !bytes.Equal(buf[:n], packet(i, part)) {
				t.Fatalf("frame %d.%d arrives as %x, %v", i, part, buf[:min(n, 8)], err)
			}
		}
		if i%2 == 0 { // the next is put by the same goroutine's turn, or another's
			until(t, "the writer has ended", func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return !w.writing
			})
		}
	}
}
