package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"incamera/cmd/incamera-peer/bench"
	"incamera/cmd/incamera-peer/client"
)

type benchCommand struct {
	Server      string        `required:"" help:"The server, such as https://meet.example.org."`
	Publishers  int           `short:"p" default:"2" help:"How many send a microphone and a camera."`
	Subscribers int           `short:"n" default:"8" help:"How many only watch."`
	Idle        int           `default:"0" help:"How many neither send nor watch."`
	Muted       bool          `help:"Those have publish connections nevertheless, as who has muted."`
	Bitrates    []int         `default:"500" help:"Of the camera's layers in kbit/s, lowest first." placeholder:"KBPS"`
	Height      int           `default:"180" help:"Of the tiles in pixels."`
	PerSecond   float64       `default:"5" help:"How many join each second."`
	Duration    time.Duration `default:"20s" help:"Of the measurement, after all have joined."`
	Metrics     string        `help:"The server's metrics, such as http://127.0.0.1:9090/metrics, for its own figures. They are to be had on its machine only." placeholder:"URL"`
	Way         string        `help:"How media goes to the server: udp, tcp, or relay (TURN in TLS). Default: the best that works." placeholder:"WAY"`
	JSON        bool          `name:"json" help:"Print JSON."`
}

// maxCrowd is how many participants one process is let be: more are not to be
// had of one machine, and a slip of the finger is no attack.
const maxCrowd = 500

// Validate is called by kong.
func (b *benchCommand) Validate() error {
	switch {
	case b.Publishers < 0 || b.Subscribers < 0 || b.Idle < 0 || b.Publishers+b.Subscribers+b.Idle < 2 || b.Publishers+b.Subscribers+b.Idle > maxCrowd:
		return fmt.Errorf("--publishers, --subscribers and --idle must be 2 to %d together", maxCrowd)
	case b.Publishers < 1 && b.Subscribers > 0:
		return errors.New("--subscribers must have one who publishes")
	case len(b.Bitrates) < 1 || len(b.Bitrates) > client.MaxLayers || slices.ContainsFunc(b.Bitrates, badBitrate):
		return errors.New("--bitrates must be 1 to 3 of 10 to 20000")
	case b.PerSecond < 0.1 || b.PerSecond > 100:
		return errors.New("--per-second must be 0.1 to 100")
	case b.Duration < time.Second || b.Duration > time.Hour:
		return errors.New("--duration must be 1s to 1h")
	}
	return nil
}

func badBitrate(r int) bool { return r < 10 || r > 20_000 }

// load prints one line per figure: name value unit.
func load(ctx context.Context, b benchCommand, stdout, stderr io.Writer) error {
	server, err := origin(b.Server)
	if err != nil {
		return err
	}
	list, err := bench.Run(ctx, bench.Config{
		Server: server, Publishers: b.Publishers, Subscribers: b.Subscribers, Idle: b.Idle, Muted: b.Muted, Bitrates: b.Bitrates, Height: b.Height,
		PerSecond: b.PerSecond, Lasts: b.Duration, Metrics: b.Metrics, Way: client.Way(b.Way),
		Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	if b.JSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	for _, f := range list {
		fmt.Fprintf(stdout, "%s %s %s\n", f.Name, strconv.FormatFloat(f.Value, 'f', 3, 64), f.Unit)
	}
	return nil
}
