package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// made returns an empty event of a kind, nil when there is none.
func made(k Kind) Event {
	switch k {
	case KindBegin:
		return &Begin{}
	case KindPeer:
		return &Peer{}
	case KindGone:
		return &Gone{}
	case KindSubscriber:
		return &Subscriber{}
	case KindReport:
		return &Report{}
	case KindREMB:
		return &REMB{}
	case KindProbe:
		return &Probe{}
	case KindAdapt:
		return &Adapt{}
	case KindDemand:
		return &Demand{}
	case KindQuality:
		return &Quality{}
	case KindSeat:
		return &SeatMade{}
	case KindOwner:
		return &Owner{}
	case KindAim:
		return &Aim{}
	case KindKey:
		return &Key{}
	case KindSpatial:
		return &Spatial{}
	case KindLost:
		return &Lost{}
	case KindFull:
		return &Full{}
	}
	return nil
}

var errTrailing = errors.New("trace: more than one event in a line")

// Parse reads one line. What this package does not write is refused.
func Parse(line []byte) (Event, error) {
	var h Head
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, fmt.Errorf("trace: reading an event: %w", err)
	}
	e := made(h.Kind)
	if e == nil {
		return nil, fmt.Errorf("trace: events of kind %q are not known here", string(h.Kind))
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(e); err != nil {
		return nil, fmt.Errorf("trace: reading a %s: %w", h.Kind, err)
	}
	if d.More() {
		return nil, errTrailing
	}
	if h.At < 0 || h.At > mostTime || h.Peer < 0 {
		return nil, fmt.Errorf("trace: a %s of no time or peer", h.Kind)
	}
	return e, nil
}

// HeadOf returns the head of an event.
func HeadOf(e Event) Head { return *e.head() }
