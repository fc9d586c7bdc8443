// Command incamera-peer is a participant without a screen: it joins a meeting
// by its link, sends a test picture and a tone, and reports what it received.
// It holds keys, so it is no part of the server.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// Exit codes.
const (
	exitOK, exitFailure, exitUsage = 0, 1, 2
)

type commands struct {
	Join joinCommand `cmd:"" help:"Join a meeting and stay until interrupted."`
	New  newCommand  `cmd:"" help:"Make a meeting and print its link."`

	Bench benchCommand `cmd:"" help:"Load a server with one meeting and print what it makes of it."`
	Probe probeCommand `cmd:"" help:"Find out which ways lead to a server."`

	OpenRecording openCommand `cmd:"" help:"Open a recording that a browser sealed to a passphrase."`
}

type joinCommand struct {
	Link      string        `arg:"" help:"The meeting's link, with its secret."`
	Name      string        `default:"Peer" help:"Name that the others see."`
	Duration  time.Duration `help:"Leave after this time; 0 stays until interrupted."`
	Say       []string      `sep:"none" help:"Say a line of chat as soon as somebody is there. Can be repeated."`
	Hand      bool          `help:"Raise a hand as soon as somebody is there."`
	Speak     bool          `help:"Say to speak, all the time: where more microphones are open than are heard at once, it is heard by that."`
	Count     int           `default:"1" help:"Join as that many in one process, NAME 1 and so on, one after another; --json prints one report after another, too." placeholder:"N"`
	NoPublish bool          `help:"Send nothing."`
	NoReceive bool          `help:"Receive neither sound nor pictures."`
	Only      string        `enum:",mic,camera" default:"" help:"Send only the sound (mic) or only the picture (camera)." placeholder:"SOURCE"`
	Screen    bool          `help:"Share a screen, too."`
	Layers    int           `default:"1" help:"Simulcast layers of the camera, 1 to 3."`
	Way       string        `help:"How media goes to the server: udp, tcp, or relay (TURN in TLS). Default: the best that works." placeholder:"WAY"`
	Bitrates  []int         `help:"Send frames of nothing at these rates in kbit/s, one for each layer, in the clip's place." placeholder:"KBPS"`
	Settle    time.Duration `help:"With --json: tell how pictures and sound were that others send with --bitrates from this time on." placeholder:"TIME"`
	Rate      int           `help:"Frames of the clip each second; 0: as it was made." placeholder:"FPS"`
	Height    int           `default:"180" help:"Height of the others' tiles in pixels."`
	Page      time.Duration `help:"Watch two of the others at a time, the next two after this time; 0: all." placeholder:"TIME"`
	JSON      bool          `name:"json" help:"Print the report as JSON."`
	Misbehave string        `help:"For tests: spoil the camera's frames (plain, wrong-key, replay, wrong-owner)." placeholder:"HOW"`
	Verbose   bool          `short:"v" help:"Log what happens to standard error."`
}

type newCommand struct {
	Server string `required:"" help:"The server, such as https://meet.example.org."`
	Title  string `help:"Title of the meeting, which the server cannot read."`
}

// Validate is called by kong.
func (j *joinCommand) Validate() error {
	if j.Layers < 1 || j.Layers > 3 {
		return errors.New("--layers must be 1, 2 or 3")
	}
	if len(j.Bitrates) > client.MaxLayers || slices.ContainsFunc(j.Bitrates, badBitrate) {
		return errors.New("--bitrates must be at most 3 of 10 to 20000")
	}
	if j.Rate < 0 || j.Rate > 60 {
		return errors.New("--rate must be at most 60")
	}
	if j.Count < 1 || j.Count > maxCrowd {
		return fmt.Errorf("--count must be 1 to %d", maxCrowd)
	}
	return link.CheckName(j.nameOf(j.Count))
}

// nameOf returns the name of the nth, from 1 on.
func (j *joinCommand) nameOf(n int) string {
	if j.Count == 1 {
		return j.Name
	}
	return fmt.Sprintf("%s %d", j.Name, n)
}

func main() {
	// The first signal leaves, the second ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cli commands
	parser := kong.Must(&cli, kong.Name("incamera-peer"), kong.Writers(stdout, stderr),
		kong.Description("A participant without a screen, for tests and measurements."))
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "incamera-peer: %v\n", err)
		return exitUsage
	}
	switch parsed.Selected().Name {
	case "new":
		err = newRoom(ctx, cli.New, stdout)
	case "bench":
		err = load(ctx, cli.Bench, stdout, stderr)
	case "probe":
		err = probe(ctx, cli.Probe, stdout)
	case "open-recording":
		err = openRecording(cli.OpenRecording, os.Stdin, stdout, stderr)
	default:
		err = join(ctx, cli.Join, stdout, stderr)
	}
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "incamera-peer: %v\n", err)
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "incamera-peer: %v\n", err)
		return exitFailure
	}
	return exitOK
}

// A usageError is about what the caller typed.
type usageError struct{ error }

func newRoom(ctx context.Context, n newCommand, stdout io.Writer) error {
	server, err := origin(n.Server)
	if err != nil {
		return err
	}
	l, err := client.NewRoom(ctx, server, n.Title)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, l.Text())
	return err
}

// origin is of a server that was typed.
func origin(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return "", &usageError{fmt.Errorf("--server %q is not of the form https://host", server)}
	}
	return u.Scheme + "://" + u.Host, nil
}

func join(ctx context.Context, j joinCommand, stdout, stderr io.Writer) error {
	l, err := link.Parse(j.Link)
	if err != nil {
		return &usageError{err}
	}
	level := slog.LevelError
	if j.Verbose {
		level = slog.LevelDebug
	}
	cfg := client.Config{
		Link: l, Name: j.Name, Layers: j.Layers, Bitrates: j.Bitrates, Settle: j.Settle, Rate: j.Rate, Height: j.Height, Page: j.Page, Misbehave: client.Misbehaviour(j.Misbehave), RaiseHand: j.Hand, Way: client.Way(j.Way),
		Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	if !j.NoPublish {
		cfg.Publish = []wire.Source{wire.SourceMic, wire.SourceCamera}
		if j.Only != "" {
			cfg.Publish = []wire.Source{wire.Source(j.Only)}
		}
		if j.Screen {
			cfg.Publish = append(cfg.Publish, wire.SourceScreen)
		}
	}
	if j.NoReceive {
		cfg.Seats, cfg.Unwatching = map[wire.Source]int{}, true
	}
	clients := make([]*client.Client, j.Count)
	for i := range clients {
		cfg.Name, cfg.Heard, cfg.Entered = j.nameOf(i+1), nil, nil
		if !j.JSON && i == 0 { // what happens is the same for all
			tellPeople(&cfg, stdout)
		}
		if clients[i], err = client.New(cfg); err != nil {
			return err
		}
	}
	if j.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.Duration)
		defer cancel()
	}
	errs := runAll(ctx, j, clients)
	for _, c := range clients[:len(errs)] {
		errs = append(errs, report(j, c.Report(), stdout))
	}
	return errors.Join(errs...)
}

// stagger is the time from one of several who join to the next.
const stagger = 300 * time.Millisecond

// runAll has one after another join, and all stay until the context is done. It
// returns how it went for each that has begun to.
func runAll(ctx context.Context, j joinCommand, clients []*client.Client) []error {
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	begun := 0
	for i, c := range clients {
		if i > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(stagger):
			}
			if ctx.Err() != nil {
				break
			}
		}
		begun++
		all.Go(func() {
			go func() {
				for _, text := range j.Say {
					c.Say(ctx, text)
				}
			}()
			if j.Speak {
				go func() { _ = c.Speak(ctx, true) }() // an error means that it is over
			}
			errs[i] = c.Run(ctx)
		})
	}
	all.Wait()
	return errs[:begun]
}

// tellPeople prints what happens while it does.
func tellPeople(cfg *client.Config, stdout io.Writer) {
	cfg.Heard = func(line client.ChatReport) { fmt.Fprintf(stdout, "%s: %s\n", line.Name, line.Text) }
	cfg.Entered = func(epoch uint64, members []group.Participant) {
		fmt.Fprintf(stdout, "epoch %d:", epoch)
		for _, m := range members {
			fmt.Fprintf(stdout, " %q", m.Name)
		}
		fmt.Fprintln(stdout)
	}
}

func report(j joinCommand, r client.Report, stdout io.Writer) error {
	if j.JSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Fprintf(stdout, "%s after %.1f s, epoch %d, roster code %s\n", r.Phase, r.Seconds, r.Epoch, r.RosterCode)
	for _, s := range r.Received {
		fmt.Fprintf(stdout, "%s of %q: %d packets, %d frames, %d key frames, dropped %v\n", s.Source, s.Name, s.Packets, s.Frames, s.KeyFrames, s.Dropped)
	}
	for _, text := range r.Errors {
		fmt.Fprintf(stdout, "error: %s\n", text)
	}
	return nil
}
