package group

import (
	"crypto/ed25519"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
)

// An Input is what the server says, one of the types below. Bodies are not to
// be changed afterwards.
type Input interface{ input() }

// The fields of what the server says are those of PROTOCOL.md 1.3.
type (
	// Joined begins a session; everything before is forgotten.
	Joined struct {
		Session    string
		Generation uint32
		Founded    bool
		Mark       *link.Mark // nil: the room has none
	}
	// Marked tells the policy of the room's latest group.
	Marked struct{ Mark link.Mark }
	// Present lists the other sessions to one that is a member from here on.
	Present struct{ Here []Peer }
	// Arrived tells of another session.
	Arrived struct{ Session string }
	// Left tells that a session has ended. Body is what it said to us then;
	// Removed: by a moderator's order to the server.
	Left struct {
		Session string
		Body    []byte
		Removed bool
	}
	// Away tells that a session lost its socket, or has it again.
	Away struct {
		Session string
		Away    bool
	}
	// Founded tells who founded the group.
	Founded struct {
		Generation uint32
		By         string
	}
	// Reset tells that the group is gone.
	Reset struct {
		Generation uint32
		By         string // the session that has ordered it; empty: nobody has
	}
	// Asked is a session's sealed KeyPackage.
	Asked struct {
		Generation uint32
		From       string
		Body       []byte
	}
	// Committed is a sealed commit, in its place in the log.
	Committed struct {
		Seq, Generation uint32
		Epoch           uint64
		From            string
		Body            []byte
	}
	// CommitRefused tells that another commit was first; Epoch is the group's.
	CommitRefused struct {
		Generation uint32
		Epoch      uint64
	}
	// Welcomed lets us into the group.
	Welcomed struct {
		Seq, Generation uint32
		Epoch           uint64
		Body, Tree      []byte
	}
	// Said is a sealed application message, in its place in the log.
	Said struct {
		Seq, Generation uint32
		Epoch           uint64
		From            string
		Body            []byte
	}
	// BeatOf is where another member says it stands, sealed.
	BeatOf struct {
		Generation uint32
		From       string
		Body       []byte
	}
	// CaughtUp ends the answer to Since.
	CaughtUp struct{ Generation, Seq uint32 }
	// Gap tells that what Since asks for is gone.
	Gap struct{ Generation uint32 }
	// Noted is a sealed note to us, who wait.
	Noted struct{ Body []byte }
	// Failed says that a message of ours was out of order; About is its name
	// on the wire.
	Failed struct{ About string }
)

// A Peer is another session.
type Peer struct {
	Session string
	Away    bool // its socket is broken
}

func (Joined) input()        {}
func (Marked) input()        {}
func (Present) input()       {}
func (Arrived) input()       {}
func (Left) input()          {}
func (Away) input()          {}
func (Founded) input()       {}
func (Reset) input()         {}
func (Asked) input()         {}
func (Committed) input()     {}
func (CommitRefused) input() {}
func (Welcomed) input()      {}
func (Said) input()          {}
func (BeatOf) input()        {}
func (CaughtUp) input()      {}
func (Gap) input()           {}
func (Noted) input()         {}
func (Failed) input()        {}

// A Message is what is to be sent to the server, one of the types below.
type Message interface{ message() }

// What we say to the server. The fields are those of PROTOCOL.md 1.3.
type (
	// Found claims the group.
	Found struct{ Generation uint32 }
	// Ask asks to be added.
	Ask struct {
		Generation uint32
		Body       []byte
	}
	// Commit ends an epoch.
	Commit struct {
		Generation          uint32
		Epoch               uint64
		Body, Welcome, Tree []byte
		To                  []string
		Relink              *link.Relink // the order that goes with a change of the link, otherwise nil
	}
	// Speak is a sealed application message (app on the wire).
	Speak struct {
		Generation uint32
		Epoch      uint64
		Body       []byte
	}
	// Since asks for log entries.
	Since struct{ Generation, Seq uint32 }
	// Beat tells the other members where we stand.
	Beat struct {
		Generation uint32
		Body       []byte
	}
	// SendBack has the server take a session out of the group.
	SendBack struct {
		Session   string
		Signature []byte
	}
	// Mark has the server keep the policy.
	Mark link.Mark

	// Moderate shows the server the host's pass for our session.
	Moderate struct{ Pass link.Pass }
	// Rules is what the server has to know of the policy in force.
	// Ends, Hostless and Keep are in seconds; 0: no limit.
	Rules struct {
		Generation           uint32
		Epoch                uint64
		Withheld             keys.Sources // of sessions that Others does not name
		Others               []Shut
		Ends, Hostless, Keep uint32

		ends uint64 // as the policy says it
	}
	// Restart orders the server to forget the group of that generation.
	Restart struct{ Generation uint32 }
	// Remove orders the server to end a session.
	Remove struct{ Session string }
	// End orders it to end the meeting.
	End struct{}
	// NoteTo has it pass a sealed note on to a session that waits.
	NoteTo struct {
		Session string
		Body    []byte
	}
)

func (Found) message()    {}
func (Ask) message()      {}
func (Commit) message()   {}
func (Speak) message()    {}
func (Since) message()    {}
func (Beat) message()     {}
func (SendBack) message() {}
func (Mark) message()     {}

func (Moderate) message() {}
func (Rules) message()    {}
func (Remove) message()   {}
func (Restart) message()  {}
func (End) message()      {}
func (NoteTo) message()   {}

// A Phase is where a member stands.
type Phase uint8

// The phases.
const (
	Idle     Phase = iota // before Joined
	Founding              // has claimed the group, and waits to hear who won
	Asking                // waits to be added
	Inside                // is in the group
	Waiting               // has begun anew too often and waits before the next time
)

// String returns the phase's name.
func (p Phase) String() string {
	return [...]string{"idle", "founding", "asking", "member", "waiting"}[p]
}

// A Participant is who is on a leaf.
type Participant struct {
	Leaf    uint32
	Session string
	Member  link.MemberID
	Device  ed25519.PublicKey
	Name    string
}

// An Event is what the application hears, one of the types below.
type Event interface{ event() }

// What the application hears.
type (
	// PhaseChanged comes when the phase or the reason to be in it changes.
	// Leaving Inside, all frame keys are to be cleared.
	PhaseChanged struct {
		Phase Phase
		Why   error // why we begin anew, nil otherwise
	}
	// EpochBegun comes with each epoch. The receiver wipes Keys.Base.
	EpochBegun struct {
		Keys   keys.Epoch
		Roster []Participant // in order of leaves, with ourselves
	}
	// PolicyBegun comes with each epoch, before EpochBegun.
	PolicyBegun struct {
		Policy    link.Policy
		Moderates bool // we may act for the host
	}
	// LinkChanged tells of the link that holds from here on, before PolicyBegun.
	// By the one before nobody comes any more.
	LinkChanged struct{ Link link.Next }
	// Noticed is what the host or a moderator writes to us, who wait.
	Noticed struct{ Text string }
	// LobbyChanged tells a moderator who waits to be let in, in order of
	// arrival, after every change. Their leaves have no number yet.
	LobbyChanged struct{ Waiting []Participant }
	// Apart tells which members are not in sync with us, sorted, after every
	// change: they went another way than we, or have not said for long where
	// they are. The group may be forked, or the server withholds what they say.
	Apart struct{ Sessions []string }
	// Parted tells that the session of a member has ended. Meant: the member has
	// said so itself; otherwise it is the server's word alone.
	Parted struct {
		Who   Participant
		Meant bool
	}
	// Heard is something said in the group, our own included.
	Heard struct {
		From Participant
		Self bool
		App  App
		// Private: it was said to one person, who is us unless Self.
		Private bool
	}
)

func (PhaseChanged) event() {}
func (EpochBegun) event()   {}
func (PolicyBegun) event()  {}
func (LinkChanged) event()  {}
func (Noticed) event()      {}
func (LobbyChanged) event() {}
func (Apart) event()        {}
func (Parted) event()       {}
func (Heard) event()        {}

// An Output is what an input leads to, in order.
type Output struct {
	Send   []Message
	Events []Event
}
