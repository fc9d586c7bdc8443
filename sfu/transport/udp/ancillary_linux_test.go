package udp

import (
	"net"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// put makes a the one message of that content, and returns its length.
func (a *ancillary) put(level, kind int32, content []byte) int {
	h := (*unix.Cmsghdr)(unsafe.Pointer(a.bytes()))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(len(content)))
	copy(unsafe.Slice(a.bytes(), ancillarySpace)[unix.CmsgLen(0):], content)
	return unix.CmsgSpace(len(content))
}

// stamped is what the kernel says of a packet that came at that time.
func stamped(at time.Time) (a *ancillary, n int) {
	stamp, err := unix.TimeToTimespec(at)
	if err != nil {
		panic(err)
	}
	a = &ancillary{}
	return a, a.put(unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS, unsafe.Slice((*byte)(unsafe.Pointer(&stamp)), stampSize))
}

// TestSaysWhenPacketsCame: a packet is of when it came, however late it is read,
// on a port of one address and on one of all, where its own address is said, too.
func TestSaysWhenPacketsCame(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "[::]:0"} {
		c, err := Open(netip.MustParseAddrPort(listen))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		client, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: c.local.Port})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		send := func() (before, after time.Time) {
			before = time.Now()
			if _, err = client.Write([]byte{0, 1, 0, 0}); err != nil {
				t.Fatal(err)
			}
			return before, time.Now()
		}
		right := func() bool {
			var sent [3][2]time.Time
			for i := range sent {
				sent[i][0], sent[i][1] = send()
				for time.Since(sent[i][1]) < 3*time.Millisecond { // the reader has other work
				}
			}
			n, in := 0, 0
			for n < len(sent) {
				if err = c.Receive(func(_ []byte, _ netip.AddrPort, at time.Time) {
					if !at.Before(sent[n][0].Add(-time.Millisecond)) && !at.After(sent[n][1].Add(time.Millisecond)) {
						in++
					}
					n++
				}); err != nil {
					t.Fatal(err)
				}
			}
			return in == n
		}
		end := time.Now().Add(5 * time.Second) // the kernel begins with it when it likes
		for !right() {
			if time.Now().After(end) {
				t.Fatalf("%s: packets that were read together are said to have come when they did not", listen)
			}
		}
		last := time.Now().Add(time.Hour)
		c.rx.last = last
		send()
		if err = c.Receive(func(_ []byte, _ netip.AddrPort, at time.Time) {
			if !at.Equal(last) {
				t.Errorf("%s: a packet came at %v, before the one before it, of %v", listen, at, last)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestArrivalByAClockThatIsSet: a time that cannot be is not believed.
func TestArrivalByAClockThatIsSet(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		ago, want time.Duration
	}{
		{0, 0},
		{time.Millisecond, time.Millisecond},
		{longestWait, longestWait},
		{longestWait + time.Second, 0}, // the clock was put forward
		{-time.Second, 0},              // and back
		{50 * 365 * 24 * time.Hour, 0},
	} {
		a, n := stamped(now.Add(-tc.ago))
		if got := now.Sub(a.arrived(n, now)); got != tc.want {
			t.Errorf("what came %v ago came %v ago, want %v", tc.ago, got, tc.want)
		}
		if got := now.Sub(a.arrived(n-8, now)); got != 0 && tc.ago == time.Millisecond {
			t.Errorf("half a message says %v", got)
		}
	}
	if got := new(ancillary).arrived(0, now); !got.Equal(now) {
		t.Errorf("without a word of the kernel a packet came at %v, want %v", got, now)
	}
}

// TestAncillaryOfAnyLength: no length that a message claims leads out of what was
// written.
func TestAncillaryOfAnyLength(t *testing.T) {
	for n := range ancillarySpace + 9 {
		for claimed := range ancillarySpace + 9 {
			a, _ := stamped(time.Now())
			(*unix.Cmsghdr)(unsafe.Pointer(a.bytes())).SetLen(claimed)
			found := a.find(n, unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS, stampSize)
			if want := claimed >= unix.CmsgLen(stampSize) && claimed <= min(n, ancillarySpace); (found != nil) != want {
				t.Fatalf("of %d bytes that claim to be %d: found %v, want %v", n, claimed, found != nil, want)
			}
		}
	}
}
