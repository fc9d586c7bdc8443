package signaling

import (
	"crypto/ed25519"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"incamera/signaling/wire"
)

// A stranger has the link of a room, a session in it that waits, and no more.
type stranger struct {
	l         link
	wait, ann *client
}

// A try is a request of who wants more than he may, and what he is answered.
type try struct {
	path string
	body []byte
	want int
}

func made(m wire.CreateRoom, change func(*wire.CreateRoom), want int) try {
	change(&m)
	return try{"/api/rooms", wire.EncodeBody(m), want}
}

// requests are the bodies of the HTTP API that a client sends, each with what
// a stranger can try with it.
var requests = map[reflect.Type]func(stranger) []try{
	reflect.TypeFor[wire.CreateRoom](): func(s stranger) []try {
		_, own, _ := ed25519.GenerateKey(nil)
		signature := ed25519.Sign(own, []byte("incamera open v1\x00"+s.l.room))
		m, other := s.l.create(), newLink("other")
		return []try{
			made(m, func(m *wire.CreateRoom) { m.TokenHash = make([]byte, wire.TokenSize) }, http.StatusConflict),
			made(m, func(m *wire.CreateRoom) { m.HostKey = other.hostKey }, http.StatusBadRequest),
			made(m, func(m *wire.CreateRoom) {
				m.Mark = &wire.Mark{Number: 9, Body: []byte("open"), Signature: signature}
			}, http.StatusBadRequest),
			// Taken, for the room is there already, and changes nothing.
			made(m, func(m *wire.CreateRoom) { m.Card, m.Capacity, m.Open = []byte("another"), 1, signature }, http.StatusCreated),
		}
	},
	reflect.TypeFor[wire.Depart](): func(s stranger) []try {
		other := wire.Depart{Room: s.l.room, Session: s.ann.joined.Session, Secret: s.wait.joined.Secret}
		unknown := wire.Depart{Room: s.l.room, Session: "bm9ib2R5IG9mIGhlcmU", Secret: s.wait.joined.Secret}
		return []try{{"/api/leave", wire.EncodeBody(other), http.StatusNotFound}, {"/api/leave", wire.EncodeBody(unknown), http.StatusNotFound}}
	},
	reflect.TypeFor[wire.Look](): func(s stranger) []try {
		return []try{{"/api/look", wire.EncodeBody(wire.Look{Room: s.l.room, Token: make([]byte, wire.TokenSize)}), http.StatusNotFound}}
	},
	reflect.TypeFor[wire.Redeem](): func(stranger) []try {
		return []try{{"/api/redeem", wire.EncodeBody(wire.Redeem{Link: make([]byte, wire.SecretSize)}), http.StatusForbidden}}
	},
	reflect.TypeFor[wire.Probe](): func(stranger) []try { // is of no room
		return []try{{"/api/probe", wire.EncodeBody(wire.Probe{SDP: "no offer"}), http.StatusBadRequest}}
	},
	reflect.TypeFor[wire.OpenFile](): func(s stranger) []try {
		own, another := s.wait.openFile(s.l, 10), s.wait.openFile(s.l, 10)
		another.Session = s.ann.joined.Session
		return []try{{"/api/files", wire.EncodeBody(own), http.StatusForbidden}, {"/api/files", wire.EncodeBody(another), http.StatusForbidden}}
	},
}

var answers = map[reflect.Type]bool{
	reflect.TypeFor[wire.Looked](): true, reflect.TypeFor[wire.Redeemed](): true, reflect.TypeFor[wire.FileOpened](): true,
	reflect.TypeFor[wire.FileReceived](): true, reflect.TypeFor[wire.Probed](): true, reflect.TypeFor[wire.Error](): true,
}

// TestRequestsOfOthers: every request that there is, of somebody who has the
// link and waits. What is not his is refused, and nobody in the room notices.
func TestRequestsOfOthers(t *testing.T) {
	for _, m := range wire.HTTPBodies {
		kind := reflect.TypeOf(m)
		if answers[kind] {
			continue
		}
		of, ok := requests[kind]
		if !ok {
			t.Errorf("nobody has tried what a stranger gets with a %v: add it to the requests", kind)
			continue
		}
		t.Run(kind.Name(), func(t *testing.T) {
			f := serve(t, withFiles(t))
			s := stranger{l: f.room("a")}
			s.ann = f.founder(s.l)
			s.wait = f.join(s.l)
			expect[wire.Arrived](s.ann)
			for i, r := range of(s) {
				if status, body := f.post(r.path, r.body); status != r.want {
					t.Errorf("try %d: %d %s, want %d", i, status, body, r.want)
				}
			}
			s.ann.say(app(0, []byte("on")))
			if m, err := s.ann.next(); err != nil || reflect.TypeOf(m) != reflect.TypeFor[wire.Said]() {
				t.Errorf("somebody inside hears %T %+v, %v", m, m, err)
			}
			f.join(s.l) // as before: there is space for one more
			if _, body := f.post("/api/look", wire.EncodeBody(wire.Look{Room: s.l.room, Token: s.l.token})); !strings.Contains(body, `{"card":"c2VhbGVkIGNhcmQ=","people":3`) {
				t.Errorf("the room is not as it was: %s", body)
			}
			if c := f.join(s.l); c.joined.Mark != nil {
				t.Errorf("the room has a mark: %+v", c.joined.Mark)
			}
		})
	}
}
