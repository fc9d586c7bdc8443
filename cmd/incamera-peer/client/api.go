package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// A RefusedError is the server's answer to what it does not allow.
type RefusedError struct {
	Doing string
	Code  wire.Code
	Text  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: the server refuses (%s): %s", e.Doing, e.Code, e.Text)
}

// NewRoom makes a room on the server at origin, which is scheme, host and
// port. It returns the room's link. The host key is forgotten.
func NewRoom(ctx context.Context, origin, title string) (link.Link, error) {
	_, host, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return link.Link{}, fmt.Errorf("making a host key: %w", err)
	}
	return NewRoomOf(ctx, origin, title, host)
}

// NewRoomOf is [NewRoom] for who is to be the room's host, see Config.Host.
func NewRoomOf(ctx context.Context, origin, title string, host ed25519.PrivateKey) (link.Link, error) {
	public := ed25519.PublicKey(host[ed25519.SeedSize:])
	l := link.Link{Server: origin, Room: link.RoomOf(public), Secret: link.NewSecret()}
	card := link.Card{HostKey: public, Suite: link.Suite, LinkNumber: 1, Created: time.Now(), Title: title}
	encoded, err := card.Sign(host)
	if err != nil {
		return link.Link{}, err
	}
	return l, createRoom(ctx, l, wire.CreateRoom{HostKey: public, Card: link.SealCard(l.Keys().Card, l.Room, encoded)})
}

// createRoom fills in what follows from the link.
func createRoom(ctx context.Context, l link.Link, m wire.CreateRoom) error {
	hash := l.Keys().TokenHash()
	m.Room, m.TokenHash = string(l.Room), hash[:]
	_, err := post(ctx, "making a room", l.Server+"/api/rooms", http.StatusCreated, wire.EncodeBody(m))
	return err
}

// lookAt asks what the server keeps about the room, and checks it. It returns
// the card, as the server keeps it, and as it is encoded.
func lookAt(ctx context.Context, l link.Link) (card link.Card, looked wire.Looked, encoded []byte, err error) {
	const doing = "looking at the meeting"
	body := wire.EncodeBody(wire.Look{Room: string(l.Room), Token: l.Keys().Token.Reveal()})
	answer, err := post(ctx, doing, l.Server+"/api/look", http.StatusOK, body)
	if err != nil {
		return card, looked, nil, err
	}
	looked, err = wire.DecodeBody[wire.Looked](answer)
	if err != nil {
		return card, looked, nil, fmt.Errorf("%s: %w", doing, err)
	}
	card, encoded, err = link.OpenCard(l.Keys().Card, l.Room, looked.Card)
	return card, looked, encoded, err
}

func post(ctx context.Context, doing, url string, want int, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxBody+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s: reading the answer: %w", doing, err)
	}
	if resp.StatusCode != want {
		if e, err := wire.DecodeBody[wire.Error](answer); err == nil {
			return nil, &RefusedError{doing, e.Code, e.Text}
		}
		return nil, fmt.Errorf("%s: the server answers %s", doing, resp.Status)
	}
	return answer, nil
}
