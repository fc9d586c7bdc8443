package main

import (
	"net/netip"
	"testing"
)

// A port at which Chromium takes no media is told of where it is the only way.
func TestDoctorTellsOfRefusedPort(t *testing.T) {
	addr := netip.MustParseAddr
	for name, tc := range map[string]struct {
		targets []netip.Addr
		port    uint16
		told    bool
	}{
		"the LAN with the port of HTTPS":     {[]netip.Addr{addr("10.0.0.1"), addr("127.0.0.1")}, 443, true},
		"the LAN with another port":          {[]netip.Addr{addr("10.0.0.1")}, 8443, false},
		"the LAN, and an address for all":    {[]netip.Addr{addr("10.0.0.1"), addr("203.0.113.7")}, 443, false},
		"this machine, for who develops":     {[]netip.Addr{addr("127.0.0.1")}, 443, false},
		"an inner network of another family": {[]netip.Addr{addr("fd00::1")}, 443, true},
	} {
		var d doctor
		d.refused(tc.targets, tc.port)
		if (len(d.findings) == 1) != tc.told {
			t.Errorf("%s: %v", name, d.findings)
		}
	}
}
