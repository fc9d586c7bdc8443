package group

import (
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/mls"
)

// forgetting is what becomes of the keys of late messages: they live as long
// as those of late frames, however few epochs come after theirs.
type forgetting struct {
	ended     []ended // oldest first
	forgotten uint64  // the last epoch whose keys are destroyed
}

type ended struct {
	epoch uint64
	at    time.Time
}

// endEpoch notes that next has taken the place of an epoch. next may have been made
// before others were forgotten.
func (f *forgetting) endEpoch(epoch uint64, next *mls.Group, now time.Time) {
	f.ended = append(f.ended, ended{epoch, now})
	if f.forgotten > 0 {
		next.Forget(f.forgotten)
	}
}

// forgetAt is when there is something to forget, or at if that is sooner; the zero
// time is never.
func (f *forgetting) forgetAt(at time.Time) time.Time {
	if len(f.ended) > 0 {
		if due := f.ended[0].at.Add(keys.Retention); at.IsZero() || due.Before(at) {
			return due
		}
	}
	return at
}

// forgetOld destroys the keys of messages of epochs that ended long enough ago.
func (m *Member) forgetOld(now time.Time) {
	for len(m.ended) > 0 && !now.Before(m.ended[0].at.Add(keys.Retention)) {
		m.forgotten = m.ended[0].epoch
		m.group.Forget(m.forgotten)
		delete(m.past, m.forgotten)
		m.ended = m.ended[1:]
		if m.forgotten+1 >= m.since {
			m.forgetLink()
		}
	}
}
