// Package frame puts packets into a stream and takes them out (RFC 4571): each
// after its length in two bytes.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxSize is of a packet: more than UDP over Ethernet carries, so that nobody
// who keeps to ICE sends more.
const MaxSize = 2048

// Overhead is by how much a packet is longer in a stream.
const Overhead = 2

var errSize = errors.New("frame: a packet of no or of too large a size")

// Append appends a packet to what is to be sent. It panics for a size that no
// packet has, which is a bug of the caller.
func Append(stream, packet []byte) []byte {
	if len(packet) == 0 || len(packet) > MaxSize {
		panic("frame: internal error: " + errSize.Error())
	}
	return append(binary.BigEndian.AppendUint16(stream, uint16(len(packet))), packet...)
}

// Size reads the size of the next packet from the bytes before it. The error
// stays: what follows a size that is refused is nothing that can be read.
func Size(head [Overhead]byte) (n int, err error) {
	if n = int(binary.BigEndian.Uint16(head[:])); n == 0 || n > MaxSize {
		return 0, errSize
	}
	return n, nil
}

// Read reads the next packet into buf, which has MaxSize bytes. The error is
// io.EOF between two packets, and stays, as that of Size.
func Read(r io.Reader, buf []byte) (n int, err error) {
	if _, err = io.ReadFull(r, buf[:Overhead]); err != nil {
		return 0, err
	}
	if n, err = Size([Overhead]byte(buf)); err != nil {
		return 0, err
	}
	return n, ReadBody(r, buf[:n])
}

// ReadBody reads a packet of the size of buf, after its size was read.
func ReadBody(r io.Reader, buf []byte) error {
	if _, err := io.ReadFull(r, buf); err != nil {
		return fmt.Errorf("frame: in a packet: %w", err)
	}
	return nil
}
