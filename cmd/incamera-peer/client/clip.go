package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"incamera/testdata/media"
)

// A frame is one encoded picture or packet of sound.
type frame struct {
	data []byte
	key  bool
}

// A clip is encoded media that is sent in a loop; its first frame is a key
// frame. It is not changed once it is made.
type clip struct {
	frames []frame
	every  time.Duration
}

// at returns the index of the frame to send at i, where i wraps around. With
// key it is the next one that is a key frame.
func (c *clip) at(i int, key bool) int {
	i %= len(c.frames)
	for key && !c.frames[i].key {
		i = (i + 1) % len(c.frames)
	}
	return i
}

// picture reads the VP8 clip.
func picture() (*clip, error) {
	r, header, err := ivfreader.NewWith(bytes.NewReader(media.Clip))
	if err != nil {
		return nil, fmt.Errorf("reading the clip: %w", err)
	}
	second := time.Duration(header.TimebaseDenominator)
	c := &clip{every: time.Second * time.Duration(header.TimebaseNumerator) / second}
	for {
		data, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(data) == 0 {
			return nil, fmt.Errorf("reading frame %d of the clip: %w", len(c.frames), err)
		}
		c.frames = append(c.frames, frame{data, data[0]&1 == 0}) // RFC 6386 §9.1
	}
	if len(c.frames) == 0 || !c.frames[0].key {
		return nil, errors.New("the clip does not begin with a key frame")
	}
	return c, nil
}

// opusHeaders are the pages before the first sound (RFC 7845 §3).
const opusHeaders = 2

// sound reads the Opus tone.
func sound() (*clip, error) {
	r, _, err := oggreader.NewWith(bytes.NewReader(media.Tone))
	if err != nil {
		return nil, fmt.Errorf("reading the tone: %w", err)
	}
	c := &clip{every: 20 * time.Millisecond}
	for page := opusHeaders - 1; ; page++ { // NewWith has read one
		data, _, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading page %d of the tone: %w", page, err)
		}
		if page >= opusHeaders && len(data) > 0 {
			c.frames = append(c.frames, frame{data, true})
		}
	}
	if len(c.frames) == 0 {
		return nil, errors.New("the tone is empty")
	}
	return c, nil
}
