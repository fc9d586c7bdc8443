package main

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"

	"incamera/signaling"
)

// started is when the process began, as near as it knows itself.
var started = time.Now()

// processFigures are those that every exporter for Prometheus has, by the names
// that they have there. Those that only Linux tells are left out elsewhere.
func processFigures() []signaling.Metric {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	gauge := func(name, help string, v float64) signaling.Metric {
		return signaling.Metric{Name: name, Help: help, Gauge: true, Value: v}
	}
	all := []signaling.Metric{
		gauge("go_goroutines", "Goroutines now.", float64(runtime.NumGoroutine())),
		gauge("go_gc_gogc_percent", "By how much the heap may grow before garbage is collected.", gcPercentNow()),
		gauge("go_memstats_heap_inuse_bytes", "Heap in use.", float64(mem.HeapInuse)),
		gauge("process_start_time_seconds", "When the process began, in Unix time.", float64(started.UnixMilli())/1000),
	}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		all = append(all, signaling.Metric{Name: "process_cpu_seconds_total", Help: "Time of the processor used.", Value: cpu.Seconds()})
	}
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		all = append(all, gauge("process_max_fds", "How many files may be open.", float64(files.Cur)))
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		all = append(all, gauge("process_open_fds", "Files open now.", float64(len(open))))
	}
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			if pages, err := strconv.Atoi(fields[1]); err == nil {
				all = append(all, gauge("process_resident_memory_bytes", "Memory in use.", float64(pages)*float64(os.Getpagesize())))
			}
		}
	}
	return all
}

func gcPercentNow() float64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// udpDrops returns how many packets to the UDP port the system has dropped
// because its buffer was full, as the tables in /proc/net tell it.
func udpDrops(port uint16, tables ...string) (drops uint64) {
	suffix := ":" + strings.ToUpper(strconv.FormatUint(0x10000|uint64(port), 16)[1:])
	for _, table := range tables {
		for line := range strings.Lines(table) {
			// sl local_address rem_address st tx_queue:rx_queue tr:tm retrnsmt uid timeout inode ref pointer drops
			fields := strings.Fields(line)
			if len(fields) < 13 || !strings.HasSuffix(fields[1], suffix) {
				continue
			}
			n, err := strconv.ParseUint(fields[12], 10, 64)
			if err == nil {
				drops += n
			}
		}
	}
	return drops
}

// udpFigures are of the media port. There are none where the system tells none.
func udpFigures(port uint16) []signaling.Metric {
	four, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		return nil
	}
	six, _ := os.ReadFile("/proc/net/udp6") // there may be no IPv6
	return []signaling.Metric{{
		Name: "incamera_udp_dropped_total", Help: "Packets to the media port that the system dropped since its buffer was full.",
		Value: float64(udpDrops(port, string(four), string(six))),
	}}
}
