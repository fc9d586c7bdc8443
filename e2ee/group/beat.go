package group

import (
	"math/rand/v2"
	"slices"
	"time"

	"incamera/e2ee/link"
)

// heart is our part in telling forks (PROTOCOL.md 2.9). It belongs to a leaf.
type heart struct {
	pulse  pulse
	beats  uint32 // sent
	beatAt time.Time
	apart  []string // as it was last told
}

// enteredBeat notes an epoch, and plans the first beat of a leaf.
func (m *Member) enteredBeat(now time.Time) {
	h := link.HistoryOf(m.group.ID(), m.group.Epoch(), m.group.ConfirmedTranscriptHash())
	m.pulse.entered(m.group.Epoch(), h, m.terms.roster, now)
	if m.beatAt.IsZero() {
		m.beatAt = now.Add(beatAfter(len(m.terms.roster), rand.Float64()))
	}
}

// beat says where we stand.
func (m *Member) beat(now time.Time) {
	m.beats++
	b := link.Beat{Member: m.me(), Number: m.beats, Epoch: m.group.Epoch(), History: m.pulse.epochs[m.group.Epoch()].history}
	m.send(Beat{m.generation, m.seal(link.KindBeat, 0, b.Sign(m.cfg.Room, m.cfg.Device))})
	m.beatAt = now.Add(beatAfter(len(m.terms.roster), rand.Float64()))
	m.tellApart(now)
}

func (m *Member) me() link.MemberID { return m.terms.roster[m.group.Me()].Member }

// hearBeat takes where somebody else stands.
func (m *Member) hearBeat(in BeatOf, now time.Time) {
	encoded, err := m.open(link.KindBeat, 0, in.Body)
	if err != nil {
		m.Dropped.Beats++
		return
	}
	b, err := link.ParseBeat(encoded)
	if err == nil && m.pulse.fresh(b) {
		for _, p := range m.terms.roster {
			if p.Member == b.Member && link.SignedBeat(m.cfg.Room, encoded, p.Device) {
				m.pulse.heard(b, now)
				m.tellApart(now)
				return
			}
		}
	}
	m.Dropped.Beats++ // one of who was added in the other half of a fork, too
}

// stopBeat forgets what belongs to our leaf.
func (m *Member) stopBeat() {
	if len(m.apart) > 0 {
		m.tell(Apart{})
	}
	m.heart = heart{}
}

// tellApart tells who is not in sync, when that has changed.
func (m *Member) tellApart(now time.Time) {
	apart := m.pulse.apart(m.me(), m.here, now)
	if !slices.Equal(apart, m.apart) {
		m.apart = apart
		m.tell(Apart{apart})
	}
}
