package hook

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A receiver is the other program, in the same bubble of time.
type receiver struct {
	got    []Event
	times  []time.Duration
	start  time.Time
	bad    int // answers 500 so many times
	hang   bool
	secret string
	t      *testing.T
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.times = append(r.times, time.Since(r.start))
	if r.hang {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	status := http.StatusNoContent
	if r.bad > 0 {
		r.bad--
		status = http.StatusInternalServerError
	} else {
		var e Event
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, err
		}
		r.got = append(r.got, e)
	}
	if want := Sign([]byte(r.secret), body, time.Now()); req.Header.Get("Incamera-Signature") != want {
		r.t.Errorf("signature %q, want %q", req.Header.Get("Incamera-Signature"), want)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

func sender(t *testing.T, r *receiver) *Sender {
	r.start, r.secret, r.t = time.Now(), "shared", t
	s := New("http://receiver.test/", []byte("shared"), slog.New(slog.DiscardHandler))
	s.client.Transport = r
	return s
}

func TestEventArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		s := sender(t, r)
		e := Event{"1", RoomMade, "abc", time.Now().UTC()}
		s.Send(e)
		s.Close()
		if len(r.got) != 1 || r.got[0] != e || s.Lost() != 0 {
			t.Errorf("%+v, %d lost", r.got, s.Lost())
		}
		s.Send(e) // after the end: nothing happens
		s.Close()
	})
}

func TestRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{bad: 2}
		s := sender(t, r)
		s.Send(Event{ID: "1"})
		time.Sleep(time.Minute) // of the bubble
		s.Close()
		if len(r.got) != 1 || len(r.times) != 3 || r.times[1] != pause || r.times[2] != 5*pause {
			t.Errorf("got %d at %v", len(r.got), r.times)
		}
	})
}

func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{bad: attempts}
		s := sender(t, r)
		s.Send(Event{ID: "1"})
		s.Send(Event{ID: "2"})
		time.Sleep(10 * time.Minute) // of the bubble
		s.Close()
		if len(r.got) != 1 || r.got[0].ID != "2" || s.Lost() != 1 {
			t.Errorf("%+v, %d lost", r.got, s.Lost())
		}
	})
}

// TestSlowReceiver: a receiver that never answers costs nobody time but itself,
// not at the end either.
func TestSlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{hang: true}
		s := sender(t, r)
		start := time.Now()
		for range queue + 10 {
			s.Send(Event{})
		}
		if time.Since(start) != 0 {
			t.Error("sending took time")
		}
		s.Close()
		if d := time.Since(start); d > lastTime+time.Second {
			t.Errorf("closing took %v", d)
		}
		if s.Lost() != queue+10 {
			t.Errorf("%d lost", s.Lost())
		}
	})
}

func TestNoRedirect(t *testing.T) {
	s := New("http://receiver.test/", nil, slog.New(slog.DiscardHandler))
	defer s.Close()
	if err := s.client.CheckRedirect(nil, nil); !errors.Is(err, http.ErrUseLastResponse) {
		t.Errorf("a redirect is followed: %v", err)
	}
}
