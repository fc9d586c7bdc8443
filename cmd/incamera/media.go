package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"

	"incamera/sfu"
	"incamera/sfu/delay"
	"incamera/sfu/trace"
	"incamera/signaling"
	"incamera/signaling/room"
	"incamera/signaling/wire"
)

// A forwarder is the media plane of the server in the terms of signaling.
type forwarder struct {
	*sfu.Server
	trace *trace.Folder // nil: meetings are not recorded
}

// openForwarder takes the media port, or conn where that is not nil.
func openForwarder(c *Config, addr netip.AddrPort, conn *net.UDPConn, recordings *trace.Folder, log *slog.Logger) (forwarder, error) {
	s, err := sfu.New(sfu.Config{Listen: addr, Conn: conn, Advertise: publicAddresses(c), TCP: !c.BehindProxy, Trace: recordings, Log: log})
	return forwarder{s, recordings}, err
}

// byTCP returns what serves media and the relay by TCP. Behind a proxy nobody
// else may reach that port, so nobody is told of it.
func (c *Config) byTCP(media forwarder) (direct, relay func(net.Conn)) {
	if c.BehindProxy {
		return nil, nil
	}
	return media.ServeTCP, media.ServeTURN
}

// relay returns what makes credentials for the relay. Without TLS, or behind a
// proxy that has it, nobody could use one: whom plain TCP lets through needs none.
func (c *Config) relay(media forwarder) func() (wire.Relay, func()) {
	if !c.secure() || c.BehindProxy {
		return nil
	}
	return func() (wire.Relay, func()) {
		username, password, revoke := media.Invite()
		return wire.Relay{Username: username, Password: password, UDP: media.NeedsRelay()}, revoke
	}
}

// NewRoom makes the media side of a room.
func (f forwarder) NewRoom() (room.Media, error) { return mediaRoom{f.Server.NewRoom()}, nil }

// NewTestRoom makes the media side of a connection test.
func (f forwarder) NewTestRoom() (room.Media, error) { return mediaRoom{f.Server.NewTestRoom()}, nil }

// Metrics returns totals for the operator.
func (f forwarder) Metrics() []signaling.Metric {
	s := f.Stats()
	counter := func(name, help string, v uint64) signaling.Metric {
		return signaling.Metric{Name: name, Help: help, Value: float64(v)}
	}
	labelled := func(name, help, label, of string, v uint64) signaling.Metric {
		return signaling.Metric{Name: name, Help: help, Label: label, Of: of, Value: float64(v)}
	}
	packets := func(direction string, v uint64) signaling.Metric {
		return labelled("incamera_sfu_packets_total", "Media packets received and sent.", "direction", direction, v)
	}
	dropped := func(reason string, v uint64) signaling.Metric {
		return labelled("incamera_sfu_dropped_total", "Packets that were not forwarded: of no connection, more than could be taken at once, without a valid beginning, received twice, "+
			"of a connection that was replaced, for a subscriber that is not ready, or that the system did not take.", "reason", reason, v)
	}
	told := func(kind string, v uint64) signaling.Metric {
		return labelled("incamera_sfu_feedback_total", "What subscribers have told about their networks, by how: of each packet, by streams (ccfb, RFC 8888) or by "+
			"transport-wide numbers (transport-cc), or what they estimate (remb).", "kind", kind, v)
	}
	figures := []signaling.Metric{
		packets("in", s.PacketsIn), packets("out", s.PacketsOut),
		dropped("garbage", s.Garbage), dropped("overrun", s.Overrun), dropped("malformed", s.Malformed), dropped("duplicate", s.Duplicates),
		dropped("stale", s.Stale), dropped("unsendable", s.Unsendable), dropped("unwritable", s.Unwritable),
		counter("incamera_sfu_faults_total", "Media connections that ended by a fault of the server, which its log tells the place of.", s.Faults),
		counter("incamera_sfu_left_out_total", "Media packets of frames that a subscriber's tile or network does without.", s.LeftOut),
		counter("incamera_sfu_nacks_total", "Media packets that subscribers missed.", s.Asked),
		counter("incamera_sfu_resent_total", "Of these, sent again.", s.Resent),
		counter("incamera_sfu_keyframe_requests_total", "Key frames asked of publishers.", s.KeyFrameRequests),
		told("ccfb", s.Told.Streams), told("transport-cc", s.Told.Numbers), told("remb", s.Told.Estimates),
	}
	figures = append(figures, histogram("incamera_sfu_forward_seconds",
		"How long media packets were in the server that were sent on at once, from when they came to the machine.", s.Forwarded)...)
	return append(figures, histogram("incamera_sfu_paced_seconds",
		"The same of those that were kept for what their subscribers' networks take.", s.Paced)...)
}

// histogram returns the figures of a histogram (Prometheus' text format): how many
// took up to each bound, their times together, and how many there are.
func histogram(name, help string, c delay.Counts) (figures []signaling.Metric) {
	add := func(suffix, label, of string, v float64) {
		figures = append(figures, signaling.Metric{Name: name + suffix, Help: help, Label: label, Of: of, Value: v, Histogram: name})
	}
	n := uint64(0)
	for i, bound := range delay.Bounds {
		n += c.Packets[i]
		add("_bucket", "le", strconv.FormatFloat(bound.Seconds(), 'f', -1, 64), float64(n))
	}
	all := float64(c.Total())
	add("_bucket", "le", "+Inf", all)
	add("_sum", "", "", c.Sum)
	add("_count", "", "", all)
	return figures
}

type mediaRoom struct{ *sfu.Room }

// NewPeer implements [room.Media].
func (m mediaRoom) NewPeer(id wire.SessionID, events room.MediaEvents) (room.MediaPeer, error) {
	p, err := m.Room.NewPeer(sfu.PeerID(id), sfu.Events{
		Seats: func(seats []sfu.Seat) {
			list := make([]wire.Seat, len(seats))
			for i, s := range seats {
				list[i] = wire.Seat{Index: uint32(s.Index), Source: wire.Source(s.Kind.String()), Session: wire.SessionID(s.Owner), Paused: s.Paused}
			}
			events.Seats(list)
		},
		Demand: func(d sfu.Demand) {
			m := wire.Demand{Camera: uint32(d.Camera), Screen: uint32(d.Screen), Codecs: []wire.VideoCodec{}, Described: d.Described}
			for _, name := range d.Codecs {
				m.Codecs = append(m.Codecs, wire.VideoCodec(name))
			}
			events.Demand(m)
		},
		Quality: func(up, down sfu.Quality) {
			events.Quality(wire.Quality{
				Up: wire.Grade(up.Grade.String()), UpCause: wire.Cause(up.Cause.String()),
				Down: wire.Grade(down.Grade.String()), DownCause: wire.Cause(down.Cause.String()),
			})
		},
		Closed: events.Closed,
	})
	if err != nil {
		return nil, err
	}
	return mediaPeer{p}, nil
}

type mediaPeer struct{ *sfu.Peer }

// Publish implements [room.MediaPeer].
func (m mediaPeer) Publish(ctx context.Context, sdp string, mids []wire.MidSource) (string, error) {
	byMid := make(map[string]sfu.Source, len(mids))
	for _, ms := range mids {
		byMid[ms.Mid] = sfuSource(ms.Source)
	}
	return m.Peer.Publish(ctx, sdp, byMid)
}

// Subscribe implements [room.MediaPeer].
func (m mediaPeer) Subscribe(ctx context.Context, sdp string, seats []wire.Source) (string, error) {
	return m.Peer.Subscribe(ctx, sdp, sfuSources(seats))
}

// SetSources implements [room.MediaPeer].
func (m mediaPeer) SetSources(on []wire.Source) { m.Peer.SetSources(sfuSources(on)) }

// SetWithheld implements [room.MediaPeer].
func (m mediaPeer) SetWithheld(sources []wire.Source) { m.Peer.SetWithheld(sfuSources(sources)) }

// SetView implements [room.MediaPeer].
func (m mediaPeer) SetView(tiles []wire.Tile) {
	list := make([]sfu.Tile, len(tiles))
	for i, t := range tiles {
		list[i] = sfu.Tile{Owner: sfu.PeerID(t.Session), Kind: sfuSource(t.Source), Width: int(t.Width), Height: int(t.Height)}
	}
	m.Peer.SetView(list)
}

func sfuSources(list []wire.Source) []sfu.Source {
	out := make([]sfu.Source, len(list))
	for i, s := range list {
		out[i] = sfuSource(s)
	}
	return out
}

// sfuSource panics for what is no source, which the codec lets nowhere pass.
func sfuSource(s wire.Source) sfu.Source {
	for _, kind := range []sfu.Source{sfu.Mic, sfu.Camera, sfu.Screen, sfu.ScreenAudio} {
		if kind.String() == string(s) {
			return kind
		}
	}
	panic(fmt.Sprintf("incamera: internal error: no source %q", string(s)))
}
