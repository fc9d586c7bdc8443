package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"incamera/sfu/trace"
	"incamera/sfu/trace/replay"
	"incamera/signaling"
)

// maxTraceFiles and maxTraceMB bound the settings of recordings: more is no
// place to look for anything.
const (
	maxTraceFiles = 10_000
	maxTraceMB    = 10_000
)

func (c *Config) checkTrace() error {
	if c.Trace == "" {
		return nil
	}
	var problems []error
	if c.TraceSize < 1 || c.TraceSize > maxTraceMB {
		problems = append(problems, fmt.Errorf("--trace-size %d: want a number of MB from 1 to %d", c.TraceSize, maxTraceMB))
	}
	if c.TraceFiles < 1 || c.TraceFiles > maxTraceFiles {
		problems = append(problems, fmt.Errorf("--trace-files %d: want a number from 1 to %d", c.TraceFiles, maxTraceFiles))
	}
	return errors.Join(problems...)
}

// openTrace returns where meetings are recorded; nil where they are not.
func openTrace(c *Config, log *slog.Logger) (*trace.Folder, error) {
	if c.Trace == "" {
		return nil, nil
	}
	f, err := trace.Open(trace.Config{Dir: c.Trace, Size: int64(c.TraceSize) << 20, Files: c.TraceFiles, Build: versionText(), Log: log})
	if err != nil {
		return nil, fmt.Errorf("recording meetings in %s: %w; give another --trace, or leave it out", c.Trace, err)
	}
	log.Info("meetings are recorded, without content and identities", "files", c.TraceFiles, "MB each", c.TraceSize)
	return f, nil
}

// traceMetrics are of recordings; none where there are none.
func traceMetrics(f *trace.Folder) []signaling.Metric {
	if f == nil {
		return nil
	}
	lost, refused := f.Stats()
	return []signaling.Metric{
		{Name: "incamera_trace_lost_total", Help: "Events of recordings (--trace) that were dropped because the disk was slow.", Value: float64(lost)},
		{Name: "incamera_trace_refused_total", Help: "Meetings of which nothing, or not all, was recorded: too many at once, or the disk took no more.", Value: float64(refused)},
	}
}

type traceCommand struct {
	Replay traceReplayCommand `cmd:"" help:"Put a recording to the decisions of this build, and print where they are others. Exit code 1: some are."`
}

type traceReplayCommand struct {
	File string `arg:"" placeholder:"FILE" help:"A file that a server wrote with --trace."`
	Most int    `env:"-" default:"50" placeholder:"N" help:"How many differences are printed. Default: ${default}."`
}

func (c *traceReplayCommand) run(stdout io.Writer) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("reading the recording: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	told := 0
	result, err := replay.Run(file, func(d replay.Difference) {
		if told++; told <= c.Most {
			fmt.Fprintf(stdout, "%s:%d: %v, peer %d, %s: %s is %v, was %v\n", c.File, d.Line, d.At.Round(time.Millisecond), d.Peer, d.Kind, d.What, d.Replayed, d.Recorded)
		}
	})
	if err != nil {
		return fmt.Errorf("replaying %s: %w", c.File, err)
	}
	if told > c.Most {
		fmt.Fprintf(stdout, "and %d more\n", told-c.Most)
	}
	fmt.Fprintf(stdout, "Recorded by %s, replayed by %s: %v", result.Build, versionText(), result.Lasts.Round(time.Second))
	for _, kind := range slices.Sorted(maps.Keys(result.Events)) {
		fmt.Fprintf(stdout, ", %d %s", result.Events[kind], kind)
	}
	fmt.Fprintln(stdout)
	switch result.Ending {
	case replay.Whole:
	case replay.Full:
		fmt.Fprintln(stdout, "The file was full then (--trace-size).")
	case replay.Gap:
		fmt.Fprintln(stdout, "Events are missing there, and what follows cannot be replayed: the disk was slow.")
	case replay.Torn:
		fmt.Fprintln(stdout, "It breaks off there: the server was killed, goes on writing, or the disk was full.")
	}
	if result.Differences > 0 {
		return fmt.Errorf("%d decisions differ", result.Differences)
	}
	fmt.Fprintln(stdout, "No decision differs.")
	return nil
}
