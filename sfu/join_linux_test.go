package sfu_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// joinServer is the environment variable by which this program is a server of
// BenchmarkJoin instead of tests: "incamera" or "pion".
const joinServer = "INCAMERA_JOIN_SERVER"

// A joinRequest is an offer, or asks how the server does.
type joinRequest struct {
	Offer string
	Seats []sfu.Source
}

type joinReply struct {
	Answer, Error string
	CPU           time.Duration // used so far
	RSS           int           // bytes
}

// BenchmarkJoin measures what a client costs the server that connects and is
// sent nothing: CPU time from the offer to the end of the handshake, and memory
// that stays, of this server and of stock pion with its default interceptors
// and a track for each seat; with one seat, and with those of a small meeting.
// The server is a process of its own; the clients are in this one.
func BenchmarkJoin(b *testing.B) {
	for _, load := range []struct {
		name  string
		seats []sfu.Source
	}{{"seat", []sfu.Source{sfu.Camera}}, {"meeting", smallMeeting()}} {
		for _, kind := range []string{"pion", "incamera"} {
			b.Run(load.name+"/"+kind, func(b *testing.B) { joins(b, kind, load.seats) })
		}
	}
}

// joinSettles is after the last join: what a handshake needs is let go of 2 s
// after it.
const joinSettles = 5 * time.Second

func joins(b *testing.B, kind string, seats []sfu.Source) {
	server := exec.CommandContext(b.Context(), os.Args[0])
	server.Env = append(os.Environ(), joinServer+"="+kind)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err = server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close() // which ends it
		_ = server.Wait()
	})
	requests, replies := json.NewEncoder(in), json.NewDecoder(out)
	ask := func(q joinRequest) (a joinReply) {
		b.Helper()
		if err := requests.Encode(q); err != nil {
			b.Fatal(err)
		}
		if err := replies.Decode(&a); err != nil {
			b.Fatal(err)
		}
		if a.Error != "" {
			b.Fatal(a.Error)
		}
		return a
	}
	join := func() {
		sfutest.Attend(b, func(offer string) (string, error) { return ask(joinRequest{offer, seats}).Answer, nil }, seats...)
	}
	for range 10 { // what all share, and what is done once
		join()
	}
	before := ask(joinRequest{})
	n := 0
	for b.Loop() {
		join()
		n++
	}
	joined := ask(joinRequest{})
	<-time.After(joinSettles)
	settled := ask(joinRequest{})
	cpu := (joined.CPU - before.CPU).Seconds() / float64(n)
	b.ReportMetric(cpu*1000, "cpu-ms/join")
	b.ReportMetric(1/cpu, "joins/s/core")
	b.ReportMetric(float64(settled.RSS-before.RSS)/1000/float64(n), "kB/connection")
	b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
}

// serveJoins answers requests until there are no more.
func serveJoins(kind string) {
	serve := stockAnswers
	if kind == "incamera" {
		serve = ourAnswers
	}
	answer, err := serve()
	requests, replies := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var q joinRequest
		if requests.Decode(&q) != nil {
			return
		}
		a := joinReply{}
		if q.Offer != "" && err == nil {
			a.Answer, err = answer(q.Offer, q.Seats)
		}
		if err != nil {
			a.Error = err.Error()
		}
		a.CPU, a.RSS = usedByNow()
		if replies.Encode(a) != nil {
			return
		}
	}
}

func usedByNow() (cpu time.Duration, rss int) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) == nil {
		cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	text, _ := os.ReadFile("/proc/self/statm") // on Linux there is one
	if fields := strings.Fields(string(text)); len(fields) > 1 {
		pages, _ := strconv.Atoi(fields[1])
		rss = pages * os.Getpagesize()
	}
	return cpu, rss
}

type answers func(offer string, seats []sfu.Source) (string, error)

func ourAnswers() (answers, error) {
	s, err := sfu.New(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	room, n := s.NewRoom(), 0
	return func(offer string, seats []sfu.Source) (string, error) {
		n++
		p, err := room.NewPeer(sfu.PeerID(fmt.Sprint(n)), sfu.Events{Seats: func([]sfu.Seat) {}, Closed: func(string) {}})
		if err != nil {
			return "", err
		}
		p.SetInside(true)
		return p.Subscribe(context.Background(), offer, seats)
	}, nil
}

func stockAnswers() (answers, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetLite(true)
	se.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn}))
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	me := &webrtc.MediaEngine{}
	if err = me.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se))
	var all []*webrtc.PeerConnection
	return func(offer string, seats []sfu.Source) (string, error) {
		pc, err := api.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			return "", err
		}
		all = append(all, pc)
		for i, kind := range seats {
			mime := webrtc.MimeTypeOpus
			if kind.IsVideo() {
				mime = webrtc.MimeTypeVP8
			}
			var track *webrtc.TrackLocalStaticRTP
			if track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, fmt.Sprint("t", i), fmt.Sprint("s", i)); err == nil {
				_, err = pc.AddTrack(track)
			}
			if err != nil {
				return "", err
			}
		}
		if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
			return "", err
		}
		a, err := pc.CreateAnswer(nil)
		if err != nil {
			return "", err
		}
		gathered := webrtc.GatheringCompletePromise(pc)
		if err = pc.SetLocalDescription(a); err != nil {
			return "", err
		}
		<-gathered
		return pc.LocalDescription().SDP, nil
	}, nil
}
