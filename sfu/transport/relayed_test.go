package transport

import (
	"net/netip"
	"slices"
	"testing"
)

// What Chromium refuses has a stand-in for the relay, and nothing else has.
func TestRelayed(t *testing.T) {
	for addr, refused := range map[string]bool{
		"10.1.2.3:443": true, "172.16.0.1:443": true, "192.168.1.1:80": true, "127.0.0.1:443": true, "100.64.0.1:443": true,
		"[fd00::1]:443": true, "[fe80::1]:443": true, "[::1]:443": true,
		"10.1.2.3:1024": false, "10.1.2.3:8443": false, "198.51.100.1:443": false, "100.128.0.1:443": false, "[2001:db8::1]:443": false,
	} {
		a := netip.MustParseAddrPort(addr)
		var want []netip.AddrPort
		if refused {
			want = []netip.AddrPort{netip.AddrPortFrom(a.Addr(), 10443)}
		}
		if got := relayed([]netip.AddrPort{a}); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
}
