package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"incamera/sfu/delay"
)

// moment is what was counted so far.
type moment struct {
	at          time.Time
	people      int
	packets     float64            // that arrived at the participants
	frames      float64            // that they opened
	undecodable float64            // that they could not
	server      map[string]float64 // its metrics by name and labels; nil: not asked for
}

const (
	metricOut  = `incamera_sfu_packets_total{direction="out"}`
	metricCPU  = "process_cpu_seconds_total"
	metricRSS  = "process_resident_memory_bytes"
	metricLost = "incamera_sfu_nacks_total"

	// How long packets were in the server: histograms.
	metricForwarded = "incamera_sfu_forward_seconds"
	metricPaced     = "incamera_sfu_paced_seconds"
)

// figures are made of the joins and of three moments: before anybody came, and
// at both ends of the measurement.
func figures(into, pictures, took []time.Duration, empty, first, last moment) []Figure {
	seconds := last.at.Sub(first.at).Seconds()
	list := []Figure{{"participants", float64(last.people), "people"}}
	add := func(name string, value float64, unit string) {
		list = append(list, Figure{name, value, unit})
	}
	quantiles := func(name string, all []time.Duration) {
		if len(all) > 0 {
			add(name+"_p50", float64(quantile(all, 0.5).Microseconds())/1000, "ms")
			add(name+"_p99", float64(quantile(all, 0.99).Microseconds())/1000, "ms")
		}
	}
	quantiles("join", into)
	quantiles("join_to_picture", pictures)
	quantiles("frame_latency", took)
	add("frames_opened", (last.frames-first.frames)/seconds, "per_s")
	add("frames_not_opened", last.undecodable-first.undecodable, "frames")
	add("packets_received", (last.packets-first.packets)/seconds, "per_s")
	if last.server == nil {
		return list
	}
	of := func(name string) float64 { return last.server[name] - first.server[name] }
	out := of(metricOut)
	add("server_packets_forwarded", out/seconds, "per_s")
	if out > 0 {
		// Those that are on their way at either moment are counted on one side.
		add("packets_lost", max(0, 1-(last.packets-first.packets)/out)*100, "%")
		add("server_cpu", of(metricCPU)/out*1e6, "us_per_packet")
	}
	add("server_cpu_used", of(metricCPU)/seconds*100, "%_of_a_core")
	add("server_asked_again", of(metricLost), "packets")
	forwarded, paced := delays(last.server, metricForwarded).Since(delays(first.server, metricForwarded)), delays(last.server, metricPaced).Since(delays(first.server, metricPaced))
	if all := forwarded.And(paced); all.Total() > 0 {
		add("server_forwarding_p50", float64(all.Quantile(0.5).Microseconds())/1000, "ms")
		add("server_forwarding_p99", float64(all.Quantile(0.99).Microseconds())/1000, "ms")
		add("server_paced", float64(paced.Total())/float64(all.Total())*100, "%")
	}
	add("server_rss", last.server[metricRSS]/1000, "kB")
	add("server_rss_per_participant", (last.server[metricRSS]-empty.server[metricRSS])/1000/float64(last.people), "kB")
	add("server_cpu_per_join", (first.server[metricCPU]-empty.server[metricCPU])/float64(first.people)*1000, "ms")
	return list
}

// delays reads one of the server's histograms of packets; one that it does not
// have is empty.
func delays(server map[string]float64, name string) (c delay.Counts) {
	before := 0.0
	for i := range c.Packets {
		bound := "+Inf"
		if i < len(delay.Bounds) {
			bound = strconv.FormatFloat(delay.Bounds[i].Seconds(), 'f', -1, 64)
		}
		n, ok := server[name+`_bucket{le="`+bound+`"}`]
		if !ok || n < before {
			return delay.Counts{} // it is none of ours
		}
		c.Packets[i], before = uint64(n-before), n
	}
	c.Sum = server[name+"_sum"]
	return c
}

// quantile returns the value below which a share q of all is. It sorts.
func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}

// fetch reads the server's metrics.
func fetch(ctx context.Context, url string) (map[string]float64, error) {
	const doing = "reading the server's metrics"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s answers %s", doing, url, resp.Status)
	}
	m, err := parse(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	for _, name := range []string{metricOut, metricCPU, metricRSS, metricLost} {
		if _, ok := m[name]; !ok {
			return nil, fmt.Errorf("%s: %s has no %s: it is not of an Incamera server", doing, url, name)
		}
	}
	return m, nil
}

// parse reads the text format of Prometheus, by the name and labels of each
// figure.
func parse(r io.Reader) (map[string]float64, error) {
	m := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			return nil, fmt.Errorf("the line %q is no figure", line)
		}
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("the line %q is no figure", line)
		}
		m[line[:i]] = v
	}
	return m, lines.Err()
}
