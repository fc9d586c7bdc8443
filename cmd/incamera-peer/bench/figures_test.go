package bench

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	at := time.Unix(1000, 0)
	empty := moment{server: map[string]float64{metricCPU: 0.4, metricRSS: 500}}
	before, after := took(10, 0, 0), took(1010, 0, 1000)
	first := moment{at: at, people: 3, packets: 100, frames: 10, server: map[string]float64{metricOut: 110, metricCPU: 1, metricLost: 5}}
	maps.Copy(first.server, before)
	last := moment{at: at.Add(2 * time.Second), people: 3, packets: 290, frames: 30, undecodable: 1, server: map[string]float64{metricOut: 310, metricCPU: 1.01, metricRSS: 2000, metricLost: 7}}
	maps.Copy(last.server, after)
	got := map[string]float64{}
	for _, f := range figures([]time.Duration{4 * time.Millisecond, 2 * time.Millisecond, time.Millisecond}, nil, nil, empty, first, last) {
		if _, twice := got[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		got[f.Name] = f.Value
	}
	for name, want := range map[string]float64{
		"participants": 3, "join_p50": 2, "join_p99": 4, "frames_opened": 10, "frames_not_opened": 1, "packets_received": 95,
		"server_packets_forwarded": 100, "packets_lost": 5, "server_cpu": 50, "server_cpu_used": 0.5, "server_asked_again": 2, "server_rss": 2,
		"server_rss_per_participant": 0.5, "server_cpu_per_join": 200,
		"server_forwarding_p50": 5, "server_forwarding_p99": 1000, "server_paced": 50,
	} {
		if d := got[name] - want; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("besides: %v", got)
	}
	last.server = nil
	for _, f := range figures(nil, nil, nil, empty, first, last) {
		if strings.HasPrefix(f.Name, "server_") {
			t.Errorf("%s of a server that was not asked", f.Name)
		}
	}
}

// took are the server's histograms of so many packets that went at once within 5
// ms, so many that took half a second, and so many that were kept for over a second.
func took(soon, late, kept float64) map[string]float64 {
	m := map[string]float64{}
	for _, bound := range []string{"0.00005", "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "+Inf"} {
		at, _ := strconv.ParseFloat(bound, 64)
		n, after := 0.0, 0.0
		if at >= 0.005 {
			n = soon
		}
		if at >= 0.5 {
			n += late
		}
		if at > 1 {
			after = kept
		}
		m[metricForwarded+`_bucket{le="`+bound+`"}`], m[metricPaced+`_bucket{le="`+bound+`"}`] = n, after
	}
	return m
}

func TestDelays(t *testing.T) {
	m := took(5, 3, 2)
	m[metricForwarded+"_sum"] = 1.5
	c, other := delays(m, metricForwarded), delays(m, metricPaced)
	if c.Packets[6] != 5 || c.Packets[12] != 3 || c.Total() != 8 || c.Sum != 1.5 || other.Packets[14] != 2 || other.Total() != 2 {
		t.Errorf("%+v, %+v", c, other)
	}
	if none := delays(m, "incamera_none"); none.Total() != 0 {
		t.Errorf("of what is not there %+v", none)
	}
	m[metricForwarded+`_bucket{le="1"}`] = 1
	if c := delays(m, metricForwarded); c.Total() != 0 {
		t.Errorf("of what falls %+v", c)
	}
}

func TestFetch(t *testing.T) {
	all := metricOut + " 1\n" + metricCPU + " 0.5\n" + metricRSS + " 2e+06\n" + metricLost + " 0\n"
	for _, tc := range []struct {
		name, body, fails string
		status            int
	}{
		{"all of them", "# HELP x y\n\n" + all, "", http.StatusOK},
		{"another server", "go_goroutines 7\n", "it is not of an Incamera server", http.StatusOK},
		{"no figure", all + "<html>\n", "is no figure", http.StatusOK},
		{"nothing", all, "404", http.StatusNotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer s.Close()
			m, err := fetch(t.Context(), s.URL)
			switch {
			case tc.fails == "" && (err != nil || m[metricRSS] != 2e6 || m[metricOut] != 1):
				t.Errorf("%v, %v", m, err)
			case tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)):
				t.Errorf("the error %v does not say %q", err, tc.fails)
			}
		})
	}
}

func TestTooFew(t *testing.T) {
	for _, cfg := range []Config{{}, {Publishers: 1}, {Subscribers: 5}, {Idle: 1}, {Subscribers: 5, Idle: 5}} {
		if _, err := Run(t.Context(), cfg); err == nil {
			t.Errorf("%+v is measured", cfg)
		}
	}
}
