package link

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"incamera/e2ee/eddsa"
)

const (
	beatLabel    = "incamera beat v1\x00"
	historyLabel = "incamera history v1\x00"
)

// A History stands for an epoch and all that led to it: two groups have the
// same one only if they took the same commits.
type History [sha256.Size]byte

// HistoryOf returns the history of a group's epoch.
func HistoryOf(groupID []byte, epoch uint64, confirmedTranscriptHash []byte) History {
	b := appendVec([]byte(historyLabel), groupID)
	b = binary.BigEndian.AppendUint64(b, epoch)
	return sha256.Sum256(appendVec(b, confirmedTranscriptHash))
}

// A Beat is what a member says of where it stands (PROTOCOL.md 2.9). It is
// not sealed for the epoch: halves of a fork could not open it.
type Beat struct {
	Member  MemberID
	Number  uint32 // rises with each beat of the leaf, from 1
	Epoch   uint64
	History History
}

// BeatSize is the size of every beat as encoded.
const BeatSize = 1 + len(MemberID{}) + 4 + 8 + sha256.Size + ed25519.SignatureSize

// Sign returns the beat as encoded, signed by the leaf's device.
func (b Beat) Sign(room Room, device ed25519.PrivateKey) []byte {
	fields := b.fields()
	return append(fields, ed25519.Sign(device, beatStatement(room, fields))...)
}

func (b Beat) fields() []byte {
	out := append([]byte{1}, b.Member[:]...)
	out = binary.BigEndian.AppendUint32(out, b.Number)
	out = binary.BigEndian.AppendUint64(out, b.Epoch)
	return append(out, b.History[:]...)
}

func beatStatement(room Room, fields []byte) []byte {
	return append([]byte(beatLabel+string(room)), fields...)
}

// ParseBeat reads a beat. It holds only if Signed says so of the device of its
// member's leaf.
func ParseBeat(encoded []byte) (Beat, error) {
	if len(encoded) != BeatSize || encoded[0] != 1 {
		return Beat{}, errors.New("reading a beat: of another size or version")
	}
	r := reader{b: encoded[1:]}
	b := Beat{Member: MemberID(r.take(len(MemberID{}))), Number: r.u32(), Epoch: r.u64()}
	b.History = History(r.take(sha256.Size))
	return b, nil
}

// SignedBeat reports whether a beat as encoded was signed by a device.
func SignedBeat(room Room, encoded []byte, device ed25519.PublicKey) bool {
	n := len(encoded) - ed25519.SignatureSize
	return n > 0 && eddsa.Verify(device, beatStatement(room, encoded[:n]), encoded[n:])
}
