package munge

// maxRuns is how many runs of numbers can be taken out before numbers older than
// the first of them are no longer told apart: at half the frames of a camera,
// each of which is one run, two seconds.
const maxRuns = 32

// A run is numbers in a row that were taken out.
type run struct{ first, count uint64 }

// A sequence maps incoming numbers to outgoing ones, without a gap where some
// were taken out. The zero value continues from 0.
type sequence struct {
	first   uint64 // lowest incoming number that belongs to the current source
	highest uint64 // incoming, the highest taken
	offset  uint64 // from the highest to its outgoing number
	out     []run  // taken out, ascending; what is later has a lower offset
}

// begin has incoming numbers start at in, outgoing ones go on.
func (q *sequence) begin(in uint64) {
	q.offset += q.highest + 1 - in
	q.first, q.highest, q.out = in, in-1, q.out[:0]
}

// number returns the outgoing number of in. It reports false for one that was
// taken out.
func (q *sequence) number(in uint64) (out uint64, ok bool) {
	out = in + q.offset
	for i := len(q.out) - 1; i >= 0; i-- {
		r := q.out[i]
		if in >= r.first+r.count {
			break
		}
		if in >= r.first {
			return 0, false
		}
		out += r.count
	}
	return out, true
}

// take takes a number out if it is higher than all before. Otherwise it reports
// false: what came after it has its number, and it stays a gap.
func (q *sequence) take(in uint64) bool {
	if in <= q.highest || in < q.first {
		return false
	}
	if last := len(q.out) - 1; last >= 0 && q.out[last].first+q.out[last].count == in {
		q.out[last].count++
	} else {
		if len(q.out) == maxRuns {
			q.first = q.out[0].first + q.out[0].count // what is older can no longer be numbered
			copy(q.out, q.out[1:])
			q.out = q.out[:maxRuns-1]
		}
		q.out = append(q.out, run{in, 1})
	}
	q.highest = in
	q.offset--
	return true
}
