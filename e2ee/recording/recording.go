// Package recording opens recordings of meetings that a browser sealed to a
// passphrase (PROTOCOL.md 4).
package recording

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	magic     = "INCAMREC"
	headerLen = len(magic) + 4 + saltLen
	saltLen   = 16
	tagLen    = 16
	maxChunk  = 1 << 20 // bytes of a chunk's plaintext
	lastBit   = 1 << 31 // of a chunk's head

	minIterations, maxIterations = 100_000, 10_000_000
)

var (
	// ErrCutShort says that the recording has no end: the browser was closed or
	// crashed while it recorded. All that Open wrote by then is genuine.
	ErrCutShort = errors.New("the recording is cut short: what could be read was written")

	// ErrWrong says that the passphrase is wrong, or the file altered.
	ErrWrong = errors.New("the passphrase is wrong, or the file was altered")
)

// Open writes to w what is sealed in r, chunk after chunk: nothing of a chunk
// before the whole of it was checked. It returns ErrCutShort after everything
// up to where a recording without an end breaks off, and ErrWrong for a wrong
// passphrase and for anything that was altered, swapped or left out.
func Open(w io.Writer, r io.Reader, passphrase string) error {
	header := make([]byte, headerLen)
	if _, err := io.ReadFull(r, header); err != nil || string(header[:len(magic)]) != magic {
		return errors.New("opening the recording: it is not a sealed recording of Incamera")
	}
	iterations := binary.BigEndian.Uint32(header[len(magic):])
	if iterations < minIterations || iterations > maxIterations {
		return fmt.Errorf("opening the recording: it asks for %d iterations, %d to %d are allowed", iterations, minIterations, maxIterations)
	}
	key, err := pbkdf2.Key(sha256.New, passphrase, header[len(magic)+4:], int(iterations), 32)
	if err != nil {
		return fmt.Errorf("opening the recording: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("opening the recording: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return fmt.Errorf("opening the recording: %w", err)
	}
	return openChunks(w, r, aead, header)
}

func openChunks(w io.Writer, r io.Reader, aead cipher.AEAD, header []byte) error {
	buf := make([]byte, maxChunk+tagLen)
	aad := append(append([]byte{}, header...), 0, 0, 0, 0)
	for i := uint64(0); ; i++ {
		head := aad[headerLen:]
		if _, err := io.ReadFull(r, head); err != nil {
			return ended(err)
		}
		word := binary.BigEndian.Uint32(head)
		n := word &^ lastBit
		if n > maxChunk {
			return fmt.Errorf("opening the recording: %w", ErrWrong)
		}
		sealed := buf[:n+tagLen]
		if _, err := io.ReadFull(r, sealed); err != nil {
			return ended(err)
		}
		nonce := binary.BigEndian.AppendUint64(make([]byte, 4), i)
		plain, err := aead.Open(sealed[:0], nonce, sealed, aad)
		if err != nil {
			return fmt.Errorf("opening the recording: %w", ErrWrong)
		}
		if _, err := w.Write(plain); err != nil {
			return fmt.Errorf("writing what is in the recording: %w", err)
		}
		if word&lastBit == 0 {
			continue
		}
		if _, err := io.ReadFull(r, buf[:1]); err != io.EOF {
			return fmt.Errorf("opening the recording: there is something after its end: %w", ErrWrong)
		}
		return nil
	}
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("opening the recording: %w", ErrCutShort)
	}
	return fmt.Errorf("reading the recording: %w", err)
}
