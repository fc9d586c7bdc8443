package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config says where recordings go.
type Config struct {
	Dir   string // is made if it is not there
	Size  int64  // bytes of one file at most
	Files int    // kept at most, those of meetings that go on included
	Build string // of the server, for the first line
	Log   *slog.Logger
}

// A Folder holds the recordings of a server. Safe for concurrent use. The nil
// Folder records nothing.
type Folder struct {
	// Static after construction.
	cfg Config

	lost    atomic.Uint64 // events, of all recordings
	refused atomic.Uint64 // meetings

	mu sync.Mutex
	// Guarded by mu.
	open map[string]bool // names of files that are written to
	made int
}

// pattern matches the files of a folder, whose names sort by age, and nothing
// else that somebody may keep there.
const pattern = "trace-*T*Z-*.jsonl"

// Open makes the folder if it has to, and removes what is more than the newest
// files. The error says what cannot be done there.
func Open(cfg Config) (*Folder, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("trace: making the folder: %w", err)
	}
	f := &Folder{cfg: cfg, open: map[string]bool{}}
	if err := f.trim(cfg.Files); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(cfg.Dir, ".trace-")
	if err != nil {
		return nil, fmt.Errorf("trace: writing to the folder: %w", err)
	}
	_ = probe.Close() // nothing was written
	if err := os.Remove(probe.Name()); err != nil {
		return nil, fmt.Errorf("trace: removing from the folder: %w", err)
	}
	return f, nil
}

// Stats returns how many events were lost because the disk was slower than they
// came, and how many meetings were not recorded: as many as may be were, or the
// disk took none. Since the folder was opened.
func (f *Folder) Stats() (lost, refused uint64) { return f.lost.Load(), f.refused.Load() }

// trim removes the oldest files that are not written to, until there are that
// many at most. Called under mu, or before the folder is shared.
func (f *Folder) trim(most int) error {
	entries, err := os.ReadDir(f.cfg.Dir) // sorted
	if err != nil {
		return fmt.Errorf("trace: looking for recordings: %w", err)
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool {
		ours, _ := path.Match(pattern, e.Name()) // the pattern is a good one
		return !ours
	})
	left := len(entries)
	for _, e := range entries {
		file := filepath.Join(f.cfg.Dir, e.Name())
		if left <= most {
			break
		}
		if f.open[file] {
			continue
		}
		left--
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("trace: removing an old recording: %w", err)
		}
	}
	return nil
}

// create makes the file of another recording; nil when there are as many as may
// be that are written to.
func (f *Folder) create(now time.Time) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.open) >= f.cfg.Files {
		return nil, nil
	}
	if err := f.trim(f.cfg.Files - 1); err != nil {
		return nil, err
	}
	f.made++
	name := fmt.Sprintf("trace-%s-%06d.jsonl", now.UTC().Format("20060102T150405.000000000Z"), f.made%1_000_000)
	file, err := os.OpenFile(filepath.Join(f.cfg.Dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("trace: making a recording: %w", err)
	}
	f.open[file.Name()] = true
	return file, nil
}

func (f *Folder) closed(file *os.File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, file.Name())
}

// queue is how many events may wait for the disk: a second's of a meeting of
// fifty. What comes when it is full is dropped.
const queue = 4096

// flushEvery is after what time an event is in the file at the latest. Shorter
// costs a system call each; longer, and a server that is killed takes more with
// it.
const flushEvery = time.Second

// A Recorder writes the events of one meeting. The nil Recorder takes none, at
// no cost. Safe for concurrent use.
type Recorder struct {
	// Static after construction.
	folder *Folder
	began  time.Time
	events chan Event
	stop   chan struct{}
	work   sync.WaitGroup
	once   sync.Once

	// Atomic.
	ended              atomic.Bool   // nothing is taken any more
	lost               atomic.Uint64 // events that the file does not say are lost yet
	peers, connections atomic.Int32
}

// Recorder begins a recording, whose file is made with its first event. It ends
// with [Recorder.Close]. The nil Folder returns the nil Recorder.
func (f *Folder) Recorder() *Recorder {
	if f == nil {
		return nil
	}
	r := &Recorder{folder: f, began: time.Now(), events: make(chan Event, queue), stop: make(chan struct{})}
	r.work.Go(r.write)
	return r
}

// Close ends the recording. It returns when its file is closed.
func (r *Recorder) Close() {
	if r == nil {
		return
	}
	r.once.Do(func() { close(r.stop) })
	r.work.Wait()
}

// Put takes an event of a peer (0: of none), and never waits. Callers build
// events only where there is a recorder, so that none costs nothing.
func (r *Recorder) Put(e Event, peer int, now time.Time) {
	if r == nil || r.ended.Load() {
		return
	}
	*e.head() = Head{Kind: e.kind(), At: now.Sub(r.began), Peer: peer}
	select {
	case r.events <- e:
	default:
		r.lost.Add(1)
		r.folder.lost.Add(1)
	}
}

// write runs until Close.
func (r *Recorder) write() {
	defer r.ended.Store(true)
	var first Event
	select {
	case first = <-r.events:
	case <-r.stop:
		select {
		case first = <-r.events: // put before
		default:
			return
		}
	}
	file, err := r.folder.create(r.began)
	if err == nil && file != nil {
		defer r.folder.closed(file)
		err = r.fill(file, first)
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}
	r.ended.Store(true)
	if err != nil || file == nil {
		r.folder.refused.Add(1)
	}
	if err != nil {
		r.folder.cfg.Log.Warn("a recording ends early", "error", err)
	}
	<-r.stop
}

// fill writes what comes into the file, until Close or until it is full.
func (r *Recorder) fill(file *os.File, first Event) error {
	out, left := bufio.NewWriterSize(file, 1<<16), r.folder.cfg.Size
	line := func(e Event) (more bool, err error) {
		text, err := json.Marshal(e)
		if err != nil {
			return false, fmt.Errorf("trace: writing a %s: %w", e.kind(), err)
		}
		end, err := json.Marshal(&Full{Head{Kind: KindFull, At: e.head().At}})
		if err != nil {
			return false, fmt.Errorf("trace: ending a recording: %w", err)
		}
		if more = int64(len(text)+len(end)+2) <= left; !more {
			text = end
		}
		left -= int64(len(text) + 1)
		_, err = out.Write(append(text, '\n'))
		return more, err
	}
	if more, err := line(&Begin{Head{Kind: KindBegin}, Format, r.folder.cfg.Build}); err != nil || !more {
		return err
	}
	event := func(e Event) (more bool, err error) {
		if n := r.lost.Swap(0); n > 0 {
			if more, err := line(&Lost{Head{Kind: KindLost, At: e.head().At}, n}); err != nil || !more {
				return more, err
			}
		}
		return line(e)
	}
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	more, err := event(first)
	for more && err == nil {
		select {
		case e := <-r.events:
			more, err = event(e)
		case <-ticker.C:
			err = out.Flush()
		case <-r.stop:
			select {
			case e := <-r.events: // put before
				more, err = event(e)
				continue
			default:
			}
			more = false
		}
	}
	if err != nil {
		return err
	}
	return out.Flush()
}
