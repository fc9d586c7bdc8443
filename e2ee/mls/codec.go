package mls

import (
	"encoding/binary"
	"errors"
)

// Bounds on what is parsed. They hold memory down when anybody at all may send
// us bytes; the largest legitimate values are far below, but for the tree,
// which bounds the size of a group.
const (
	maxMessage    = 4 << 20
	maxLeaves     = 4096
	maxExtensions = 256  // of one structure
	maxListed     = 1024 // numbers in one list of Capabilities
	maxCerts      = 32   // of one credential
	maxProposals  = 2 * maxLeaves
	maxPathNodes  = 16 // depth of a tree of maxLeaves is 12
	maxPSKs       = 64 // of one Welcome
	maxSenders    = 64 // external ones
)

var errSyntax = errors.New("mls: malformed encoding")

// A writer builds the TLS presentation language (RFC 8446 §3) with the vectors
// of RFC 9420 §2.1.2.
type writer struct{ b []byte }

func (w *writer) u8(v uint8)      { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)    { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)    { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)    { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *writer) raw(p []byte)    { w.b = append(w.b, p...) }
func (w *writer) opaque(p []byte) { w.varint(len(p)); w.raw(p) }

// optional writes the presence byte and reports its argument.
func (w *writer) optional(present bool) bool {
	if present {
		w.u8(1)
	} else {
		w.u8(0)
	}
	return present
}

func (w *writer) varint(n int) {
	switch {
	case n < 1<<6:
		w.u8(uint8(n))
	case n < 1<<14:
		w.u16(uint16(n) | 1<<14)
	case n < 1<<30:
		w.u32(uint32(n) | 1<<31)
	default:
		panic("mls: vector too long")
	}
}

// vec writes a vector whose body is produced by f.
func (w *writer) vec(f func(*writer)) {
	var t writer
	f(&t)
	w.opaque(t.b)
}

func (w *writer) u16s(s []uint16) {
	w.vec(func(w *writer) {
		for _, v := range s {
			w.u16(v)
		}
	})
}

type encoder interface{ encode(*writer) }

func marshal(e encoder) []byte {
	var w writer
	e.encode(&w)
	return w.b
}

func encodeVec[T encoder](w *writer, s []T) {
	w.vec(func(w *writer) {
		for _, e := range s {
			e.encode(w)
		}
	})
}

// A reader takes structures off a byte string. After a failure it yields
// zeros, and err is set.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() { r.err, r.b = errSyntax, nil }

func (r *reader) take(n int) []byte {
	if n < 0 || len(r.b) < n {
		r.fail()
		return make([]byte, max(0, min(n, 8)))
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// varint reads a length; only the shortest form is valid (RFC 9420 §2.1.2).
func (r *reader) varint() int {
	first := r.u8()
	prefix := first >> 6
	if r.err != nil || prefix == 3 {
		r.fail()
		return 0
	}
	v := int(first & 0x3f)
	for range 1<<prefix - 1 {
		v = v<<8 | int(r.u8())
	}
	if prefix == 1 && v < 1<<6 || prefix == 2 && v < 1<<14 {
		r.fail()
	}
	return v
}

// opaque reads a vector of bytes into memory of its own.
func (r *reader) opaque() []byte { return append([]byte{}, r.body()...) }

func (r *reader) body() []byte {
	n := r.varint()
	if r.err != nil || n > len(r.b) {
		r.fail()
		return nil
	}
	return r.take(n)
}

// vec calls f for each element of a vector of at most limit.
func (r *reader) vec(limit int, f func(*reader)) {
	t := &reader{b: r.body()}
	for n := 0; len(t.b) > 0; n++ {
		if n == limit {
			r.fail()
			return
		}
		f(t)
	}
	if t.err != nil {
		r.fail()
	}
}

func (r *reader) u16s() (out []uint16) {
	r.vec(maxListed, func(r *reader) { out = append(out, r.u16()) })
	return out
}

func (r *reader) optional() bool {
	switch r.u8() {
	case 0:
		return false
	case 1:
		return r.err == nil
	}
	r.fail()
	return false
}

// unmarshal requires that f reads b to its end.
func unmarshal(b []byte, f func(*reader)) error {
	r := &reader{b: b}
	f(r)
	if r.err == nil && len(r.b) != 0 {
		return errSyntax
	}
	return r.err
}
