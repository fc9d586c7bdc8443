package delivery

// A log keeps the latest entries, numbered from 1 without gaps, within MaxLog
// bytes. The zero value is empty.
type log struct {
	entries []entry
	dropped uint32 // entries that are gone; the first kept has the number after it
	bytes   int
}

type entry struct {
	message any
	size    int
}

// next is the number of the next entry.
func (l *log) next() uint32 { return l.dropped + uint32(len(l.entries)) + 1 }

// overhead is what an entry costs beside its body, or a little more; without it
// many small messages would escape the bound.
const overhead = 256

func (l *log) append(message any, size int) {
	size += overhead
	l.entries = append(l.entries, entry{message, size})
	l.bytes += size
	for l.bytes > MaxLog {
		l.bytes -= l.entries[0].size
		l.entries[0] = entry{} // the array may live on; the body must not
		l.entries = l.entries[1:]
		l.dropped++
	}
}

// after returns the entries with numbers above seq. It fails when some of them
// are gone, and when they are more than one answer takes.
func (l *log) after(seq uint32) (entries []entry, ok bool) {
	if seq < l.dropped {
		return nil, false
	}
	entries = l.entries[min(int(seq-l.dropped), len(l.entries)):]
	bytes := 0
	for _, e := range entries {
		bytes += e.size
	}
	return entries, len(entries) <= MaxRepeatEntries && bytes <= MaxRepeat
}
