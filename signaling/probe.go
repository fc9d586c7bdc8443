package signaling

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"incamera/signaling/room"
	"incamera/signaling/wire"
)

const (
	// probeLife is for how long a connection of a test is kept: longer than
	// browsers try, shorter than it would be worth to keep it busy.
	probeLife = 15 * time.Second
	// maxProbes is how many there may be at once. Each has a connection of the
	// media plane that nothing is ever sent on; one address can have a third.
	maxProbes = 64
)

var errNoMedia = errors.New("signaling: this server forwards no media")

// probes counts the connections of tests. Atomic.
type probes struct{ running atomic.Int64 }

// probe answers an offer outside of any meeting, so that people find out which
// ways lead to the media plane (PROTOCOL.md 1.8). Whoever asks has a connection
// to which nothing is forwarded and from which nothing is taken, and credentials
// for the relay, which reaches that connection and nothing else.
func (s *Server) probe(w http.ResponseWriter, r *http.Request) {
	m, ok := read[wire.Probe](w, r)
	if !ok {
		return
	}
	if s.probes.running.Add(1) > maxProbes {
		s.probes.running.Add(-1)
		answerError(w, http.StatusServiceUnavailable, wire.CodeFull, "Too many test their connection now. Try again in a moment.")
		return
	}
	probed, end, err := s.openProbe(r.Context(), m.SDP)
	if err != nil {
		s.probes.running.Add(-1)
		answerError(w, http.StatusBadRequest, wire.CodeMedia, "The server cannot answer this offer.")
		return
	}
	s.requests.Add(1) // there is one: this
	go func() {
		defer s.requests.Done()
		defer s.probes.running.Add(-1)
		defer end()
		over := time.NewTimer(probeLife)
		defer over.Stop()
		select {
		case <-over.C:
		case <-s.life.Done():
		}
	}()
	answer(w, http.StatusOK, wire.EncodeBody(probed))
}

// openProbe makes the connection; end gives back what it takes.
func (s *Server) openProbe(ctx context.Context, offer string) (probed wire.Probed, end func(), err error) {
	open := s.cfg.NewTestMedia
	if open == nil {
		open = s.cfg.NewMedia
	}
	if open == nil {
		return probed, nil, errNoMedia
	}
	media, err := open()
	if err != nil {
		return probed, nil, err
	}
	// Nobody is told of what happens on it.
	peer, err := media.NewPeer("probe", room.MediaEvents{
		Seats: func([]wire.Seat) {}, Demand: func(wire.Demand) {}, Quality: func(wire.Quality) {}, Closed: func(string) {},
	})
	if err != nil {
		media.Close()
		return probed, nil, err
	}
	end = func() {
		peer.Close()
		media.Close()
	}
	if probed.SDP, err = peer.Subscribe(ctx, offer, []wire.Source{wire.SourceMic}); err != nil {
		end()
		return probed, nil, err
	}
	if s.cfg.Room.Relay != nil {
		relay, revoke := s.cfg.Room.Relay()
		probed.Relay = &relay
		closePeer := end
		end = func() {
			revoke()
			closePeer()
		}
	}
	return probed, end, nil
}
