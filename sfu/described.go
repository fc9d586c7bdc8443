package sfu

import "incamera/sfu/rtpx"

// described is what the Dependency Descriptors of an AV1 stream tell, which says
// nothing of layers otherwise. The zero value is ready. Not safe for concurrent use.
type described struct {
	structure rtpx.Dependencies
	since     uint64 // the packet that it came with
	keyed     bool   // there was one,
	key       uint32 // of the picture of that RTP timestamp
}

// read adds what a packet's descriptor tells to what its payload does. It reports
// false for a malformed one; such a packet is dropped.
//
// Where the structure that a frame is of is not there, since the packet that brings
// it is lost or late, nobody can say who needs the frame: everybody gets it, as
// what has no descriptor. What is missing is the worse picture: whoever needs the
// frame, and does not get it, has none until the next key frame, and whoever does not,
// sees a frame more.
func (d *described) read(b []byte, p *packet) bool {
	p.in.Frame, p.in.Described = rtpx.Frame(b)
	f, is := d.structure.Parse(b, !d.keyed || p.in.Seq > d.since)
	switch is {
	case rtpx.Malformed:
		return false
	case rtpx.Unknown:
		p.info.KeyFrame, p.in.Timed = false, false
		return true
	case rtpx.Read:
	}
	if f.Key && (!d.keyed || p.in.Seq > d.since) {
		p.in.Key = true
		d.keyed, d.since, d.key = true, p.in.Seq, p.in.Timestamp
	}
	p.info.Start, p.info.End = f.Start, f.End
	// Receivers without descriptors take it for one by its payload only.
	p.info.KeyFrame = p.info.KeyFrame && f.Key && f.Start && f.Spatial == 0
	p.info.Layered = d.structure.Targets() > 1
	p.info.Spatial, p.info.Temporal = f.Spatial, f.Temporal
	p.info.Predicted = p.in.Timestamp != d.key
	p.info.Up = d.structure.Up(&f)
	if p.info.KeyFrame {
		p.info.Spatials = uint8(d.structure.Layers())
	}
	return true
}
