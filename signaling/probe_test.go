package signaling

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"incamera/signaling/room"
	"incamera/signaling/wire"
)

// tested is a media plane that counts what is open in it, and answers one offer.
type tested struct {
	room.MediaPeer // what a test does not need

	rooms, peers, passes atomic.Int64
}

func (m *tested) newRoom() (room.Media, error) {
	m.rooms.Add(1)
	return testedRoom{m}, nil
}

func (m *tested) relay() (wire.Relay, func()) {
	m.passes.Add(1)
	return wire.Relay{Username: "u", Password: "p"}, func() { m.passes.Add(-1) }
}

func (m *tested) open() int64 { return m.rooms.Load() + m.peers.Load() + m.passes.Load() }

type testedRoom struct{ *tested }

func (m testedRoom) NewPeer(wire.SessionID, room.MediaEvents) (room.MediaPeer, error) {
	m.peers.Add(1)
	return testedPeer(m), nil
}

func (m testedRoom) Close() { m.rooms.Add(-1) }

type testedPeer struct{ *tested }

func (m testedPeer) Subscribe(_ context.Context, sdp string, seats []wire.Source) (string, error) {
	if sdp != "offer" || len(seats) != 1 {
		return "", errors.New("not an offer")
	}
	return "answer", nil
}

func (m testedPeer) Close() { m.peers.Add(-1) }

// TestProbe: what a test takes is given back in any case, and there is an end to
// how many there are.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &tested{}
		cfg := DefaultConfig()
		cfg.NewTestMedia, cfg.Room.Relay = media.newRoom, media.relay
		cfg.NewMedia = func() (room.Media, error) {
			t.Error("a test is made in the room of a meeting")
			return media.newRoom()
		}
		cfg.Budgets.Probe = Budget{PerSecond: 1, Burst: maxProbes + 10}
		s := New(cfg)
		ask := func(offer string) (int, string) {
			r := httptest.NewRequest(http.MethodPost, "/api/probe", bytes.NewReader(wire.EncodeBody(wire.Probe{SDP: offer})))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		if status, body := ask("no offer"); status != http.StatusBadRequest || !strings.Contains(body, `"media"`) || media.open() != 0 {
			t.Errorf("%d %s, and %d things are open", status, body, media.open())
		}
		for range maxProbes {
			if status, body := ask("offer"); status != http.StatusOK || body != `{"sdp":"answer","relay":{"username":"u","password":"p"}}` {
				t.Fatalf("%d %s", status, body)
			}
		}
		if status, body := ask("offer"); status != http.StatusServiceUnavailable || media.open() != 3*maxProbes {
			t.Errorf("one more: %d %s, and %d things are open", status, body, media.open())
		}
		time.Sleep(probeLife - time.Second) // of the bubble's clock
		if media.open() != 3*maxProbes {
			t.Errorf("before its time %d things are open", media.open())
		}
		time.Sleep(2 * time.Second)
		if media.open() != 0 {
			t.Errorf("after its time %d things are open", media.open())
		}
		if status, _ := ask("offer"); status != http.StatusOK || media.open() != 3 {
			t.Errorf("after that: %d, and %d things are open", status, media.open())
		}
		if err := s.Close(t.Context()); err != nil || media.open() != 0 {
			t.Errorf("after the end %d things are open, %v", media.open(), err)
		}
	})
}

// TestProbeIsLimited: one address has a share only, and a server without media
// says so.
func TestProbeIsLimited(t *testing.T) {
	f := serve(t, func(c *Config) { c.Budgets.Probe = Budget{PerSecond: 0.001, Burst: 2} })
	body := wire.EncodeBody(wire.Probe{SDP: "offer"})
	for i, want := range []int{http.StatusBadRequest, http.StatusBadRequest, http.StatusTooManyRequests} {
		if status, text := f.post("/api/probe", body); status != want {
			t.Errorf("request %d: %d %s, want %d", i, status, text, want)
		}
	}
	if b := DefaultBudgets().Probe; float64(b.Burst)+float64(b.PerSecond)*probeLife.Seconds() > maxProbes/2 {
		t.Error("one address can have all tests to itself")
	}
}
