package main

import (
	"net/netip"
	"strings"
	"testing"
)

func validConfig() Config {
	return Config{Listen: "127.0.0.1:8080", Metrics: "127.0.0.1:9090", LogFormat: "text", ACMEDirectory: "https://ca.example.org/dir"}
}

func TestValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string // part of the message; empty: valid
	}{
		"the defaults":                    {func(*Config) {}, ""},
		"IPv6 loopback":                   {func(c *Config) { c.Listen = "[::1]:0" }, ""},
		"localhost":                       {func(c *Config) { c.Listen = "localhost:8080" }, ""},
		"TLS for all":                     {func(c *Config) { c.Listen, c.TLS = "0.0.0.0:443", "self-signed" }, ""},
		"no metrics":                      {func(c *Config) { c.Metrics = "" }, ""},
		"behind a proxy":                  {func(c *Config) { c.Listen, c.BehindProxy = ":8080", true }, ""},
		"own certificate":                 {func(c *Config) { c.Listen, c.TLSCert, c.TLSKey = ":443", "c", "k" }, ""},
		"public addresses":                {func(c *Config) { c.Advertise = []string{"203.0.113.7", "2001:db8::1"} }, ""},
		"plain HTTP for all":              {func(c *Config) { c.Listen = "0.0.0.0:8080" }, "--tls self-signed, or --behind-proxy"},
		"plain HTTP on a LAN":             {func(c *Config) { c.Listen = "192.168.1.10:8080" }, "secure pages only"},
		"no port":                         {func(c *Config) { c.Listen = "127.0.0.1" }, "want HOST:PORT"},
		"a name":                          {func(c *Config) { c.Listen = "meet.example.org:80" }, "not an IP address"},
		"a large port":                    {func(c *Config) { c.Listen = "127.0.0.1:65536" }, "0 to 65535"},
		"a name as public":                {func(c *Config) { c.Advertise = []string{"meet.example.org"} }, "not an IP address"},
		"nobody's address":                {func(c *Config) { c.Advertise = []string{"0.0.0.0"} }, "nobody can be reached"},
		"a certificate, no key":           {func(c *Config) { c.TLSCert = "c" }, "belong together"},
		"a domain without data":           {func(c *Config) { c.Domain = "meet.example.org" }, "needs --data"},
		"a domain that is none":           {func(c *Config) { c.Domain, c.Data = "https://meet.example.org", "d" }, "without scheme and port"},
		"a domain that is an address":     {func(c *Config) { c.Domain, c.Data = "192.0.2.1", "d" }, "without scheme and port"},
		"a domain behind a proxy":         {func(c *Config) { c.Domain, c.Data, c.BehindProxy = "meet.example.org", "d", true }, "leave --domain out"},
		"a directory without TLS":         {func(c *Config) { c.Domain, c.Data, c.ACMEDirectory = "meet.example.org", "d", "http://x/" }, "begins with https://"},
		"a domain":                        {func(c *Config) { c.Domain, c.Data, c.Listen = "Meet.Example.org", "d", "[::]:443" }, ""},
		"a domain for an own certificate": {func(c *Config) { c.Domain, c.TLSCert, c.TLSKey, c.Listen = "meet.example.org", "c", "k", "[::]:443" }, ""},
		"both kinds of TLS":               {func(c *Config) { c.TLS, c.TLSCert, c.TLSKey = "self-signed", "c", "k" }, "one of the two"},
		"an unknown kind":                 {func(c *Config) { c.TLS = "acme" }, "the only value"},
		"metrics for all":                 {func(c *Config) { c.Metrics = "0.0.0.0:9090" }, "loopback only"},
		"metrics without a host":          {func(c *Config) { c.Metrics = ":9090" }, "loopback only"},
		"a recording":                     {func(c *Config) { c.Trace, c.TraceSize, c.TraceFiles = "d", 1, 1 }, ""},
		"recordings of nothing":           {func(c *Config) { c.Trace, c.TraceFiles = "d", 1 }, "--trace-size 0: want"},
		"no recordings":                   {func(c *Config) { c.Trace, c.TraceSize = "d", 1 }, "--trace-files 0: want"},
		"too much of a recording":         {func(c *Config) { c.Trace, c.TraceSize, c.TraceFiles = "d", 1<<40, 1 }, "from 1 to 10000"},
		"metrics that are no one":         {func(c *Config) { c.Metrics = "9090" }, "want HOST:PORT"},
	} {
		c := validConfig()
		tc.change(&c)
		err := c.check()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	c := Config{Listen: "x", Advertise: []string{"y", "z"}, TLSKey: "k", Metrics: "1.2.3.4:1"}
	err := c.check()
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{`--listen "x"`, `"y"`, `"z"`, "--tls-key", "--metrics 1.2.3.4:1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %s in: %v", want, err)
		}
	}
}

func TestReadyURL(t *testing.T) {
	for _, tc := range []struct {
		c    Config
		port uint16
		want string
	}{
		{Config{Listen: "127.0.0.1:0"}, 8080, "http://localhost:8080"},
		{Config{Listen: "[::1]:0"}, 80, "http://localhost"},
		{Config{Listen: "192.168.1.10:8443", TLS: selfSigned}, 8443, "https://192.168.1.10:8443"},
		{Config{Listen: "[2001:db8::1]:443", TLSCert: "c"}, 443, "https://[2001:db8::1]"},
		{Config{Listen: "0.0.0.0:443", TLSCert: "c", Advertise: []string{"203.0.113.7"}}, 443, "https://203.0.113.7"},
		{Config{Listen: ":8443", TLS: selfSigned}, 8443, "https://localhost:8443"},
	} {
		host, _, err := splitAddress(tc.c.Listen)
		if err != nil {
			t.Fatal(err)
		}
		if got := readyURL(&tc.c, host, tc.port); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.c.Listen, got, tc.want)
		}
	}
}

func TestReachableAt(t *testing.T) {
	one := netip.MustParseAddr("192.168.1.10")
	if got := reachableAt(one); len(got) != 1 || got[0] != one {
		t.Errorf("one address: %v", got)
	}
	for _, a := range reachableAt(netip.IPv4Unspecified()) {
		if a.IsUnspecified() || a.IsLoopback() || a.Is6() {
			t.Errorf("all addresses: %v", a)
		}
	}
}
