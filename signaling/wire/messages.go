// Package wire defines every message between a client and the server.
//
// It is the one definition: web/src/wire/wire.gen.ts (types and run-time
// decoders) is generated from it, and testdata/wire holds one example of each
// message that both sides must read and write identically. PROTOCOL.md part 1
// says what the messages mean. Bodies of the delivery service are sealed by
// the participants; to the server they are opaque bytes.
package wire

// A SessionID names one participant's session in one room. The server makes
// it from 128 random bits; it says nothing about the person.
type SessionID string

// A LeaveReason says why a session ended.
type LeaveReason string

// The reasons. A client treats lost and left alike, but shows them apart.
const (
	ReasonLeft     LeaveReason = "left"     // asked to leave
	ReasonLost     LeaveReason = "lost"     // no socket for the resume time
	ReasonSlow     LeaveReason = "slow"     // stopped reading
	ReasonInvalid  LeaveReason = "invalid"  // sent too many malformed messages
	ReasonRemoved  LeaveReason = "removed"  // by the host's order
	ReasonEnded    LeaveReason = "ended"    // the host has ended the meeting for all
	ReasonOver     LeaveReason = "over"     // the time that the host has set is over
	ReasonRelinked LeaveReason = "relinked" // the host has changed the link, and this session came by the one before
	ReasonOperator LeaveReason = "operator" // who runs the server has ended the room
)

// A Code tells a client what went wrong, in a form that it can act on.
type Code string

// The codes. Texts beside them are for people and may change.
const (
	CodeRefused     Code = "refused"     // unknown room, wrong token, expired room: one answer
	CodeFull        Code = "full"        // the room or the server takes nobody more
	CodeRate        Code = "rate"        // too many requests; wait
	CodeInvalid     Code = "invalid"     // malformed, oversized, unknown or out of order
	CodeMedia       Code = "media"       // an offer could not be answered
	CodeInvite      Code = "invite"      // making rooms needs an invite that holds
	CodeSignIn      Code = "sign-in"     // the same, and who signs in needs none
	CodeUnavailable Code = "unavailable" // the server is shutting down
)

// Resume asks to go on with a session whose socket broke.
type Resume struct {
	Session  SessionID `json:"session"`
	Secret   []byte    `json:"secret"`
	Received uint32    `json:"received"` // highest n received from the server
}

// Join is the first message on every socket. Token is the link's join token.
type Join struct {
	Room   string  `json:"room"`
	Token  []byte  `json:"token"`
	Resume *Resume `json:"resume,omitempty"`
}

// Ack carries nothing but its head's ack.
type Ack struct{}

// Found claims the group of a generation for its sender.
type Found struct {
	Generation uint32 `json:"generation"`
}

// Ask is a sealed KeyPackage: the sender wants to be added.
type Ask struct {
	Generation uint32 `json:"generation"`
	Body       []byte `json:"body"`
}

// Commit is a sealed commit for Epoch, with the sealed Welcome and tree when
// it adds the sessions in To.
type Commit struct {
	Generation uint32      `json:"generation"`
	Epoch      uint64      `json:"epoch"`
	Body       []byte      `json:"body"`
	To         []SessionID `json:"to"`
	Welcome    []byte      `json:"welcome,omitempty"`
	Tree       []byte      `json:"tree,omitempty"`
	Relink     *Relink     `json:"relink,omitempty"` // when it changes the link; To is empty then
}

// Relink is the host's order that the room has another link. Signature is the
// host's (PROTOCOL.md 1.5).
type Relink struct {
	Number    uint32 `json:"number"`    // of the link, from 2
	TokenHash []byte `json:"tokenHash"` // SHA-256 of its join token
	Card      []byte `json:"card"`      // sealed
	Signature []byte `json:"signature"`
}

// App is a sealed application message.
type App struct {
	Generation uint32 `json:"generation"`
	Epoch      uint64 `json:"epoch"`
	Body       []byte `json:"body"`
}

// Beat is where a member stands, sealed. It is not kept.
type Beat struct {
	Generation uint32 `json:"generation"`
	Body       []byte `json:"body"`
}

// Since asks for the log entries after Seq.
type Since struct {
	Generation uint32 `json:"generation"`
	Seq        uint32 `json:"seq"`
}

// The roles that a pass gives.
const (
	RoleModerator = 1
	RoleHost      = 2
)

// Moderate shows the host's pass for this very session: from here on its
// orders are carried out (PROTOCOL.md 1.5).
type Moderate struct {
	Grant     uint32 `json:"grant"`
	Role      uint32 `json:"role"`
	Signature []byte `json:"signature"`
}

// Remove is the order to end a session.
type Remove struct {
	Session SessionID `json:"session"`
}

// Withheld says which sources of a session are given to nobody.
type Withheld struct {
	Session SessionID `json:"session"`
	Sources []Source  `json:"sources"`
}

// Rules is the order to keep to what the group's policy says in an epoch, as
// far as the server has to know it. Ends, Hostless and Keep are in seconds; 0:
// no limit.
type Rules struct {
	Generation uint32     `json:"generation"`
	Epoch      uint64     `json:"epoch"`
	Withheld   []Source   `json:"withheld"` // of sessions that are not named
	Others     []Withheld `json:"others"`
	Ends       uint32     `json:"ends"`     // from now, until the meeting ends
	Hostless   uint32     `json:"hostless"` // without a moderator's session, until it ends
	Keep       uint32     `json:"keep"`     // for which the empty room is kept
}

// End is the host's order to end the meeting for all.
type End struct{}

// Note is a sealed word of a moderator to a session that is not in the group.
type Note struct {
	To   SessionID `json:"to"`
	Body []byte    `json:"body"`
}

// SendBack is the host's order to take a session out of the group: it goes on,
// and may ask again. Signature is the host's (PROTOCOL.md 1.5).
type SendBack struct {
	Session   SessionID `json:"session"`
	Signature []byte    `json:"signature"`
}

// SentBack tells a session that the host has sent it back to the lobby.
type SentBack struct{}

// Restart is an order: the group of that generation is forgotten, and its
// members begin another. Of another generation it has no effect.
type Restart struct {
	Generation uint32 `json:"generation"`
}

// Mark is what the host says of the policy of the room's latest group, sealed
// (PROTOCOL.md 1.5). Signature is the host's. It outlives the group.
type Mark struct {
	Number    uint32 `json:"number"` // rises with each change
	Closed    bool   `json:"closed"` // not everybody who has the link gets in
	Body      []byte `json:"body"`
	Signature []byte `json:"signature"`
}

// Leave ends the session at once. Body is for the others: that we mean it,
// sealed (PROTOCOL.md 2.13).
type Leave struct {
	Body []byte `json:"body,omitempty"`
}

// Peer is another session in the room, as the server knows it.
type Peer struct {
	Session SessionID `json:"session"`
	On      []Source  `json:"on"`
	Away    bool      `json:"away"` // its socket is broken, it may resume
}

// Joined answers Join. When Resumed, only Received matters beyond the session:
// the rest of the state goes on where it was.
type Joined struct {
	Session     SessionID `json:"session"`
	Secret      []byte    `json:"secret"`
	Resumed     bool      `json:"resumed"`
	Received    uint32    `json:"received"` // highest n received from the client
	Incarnation string    `json:"incarnation"`
	Generation  uint32    `json:"generation"`
	Founded     bool      `json:"founded"`
	Card        []byte    `json:"card"`
	MaxFile     uint64    `json:"maxFile"` // how large a sealed file may be, in bytes; 0: no files here
	Mark        *Mark     `json:"mark,omitempty"`
	Relay       *Relay    `json:"relay,omitempty"` // when fresh, and the server has one
}

// Relay lets one participant reach the server's media through TLS, where nothing
// else gets through (TURN, RFC 8656), at the host and port of the page. It holds
// as long as the session.
type Relay struct {
	Username string `json:"username"`
	Password string `json:"password"`
	// UDP: by UDP, too. There are browsers that do not take the server's own
	// candidates, those of private addresses with the port of HTTPS.
	UDP bool `json:"udp,omitempty"`
}

// Noted is a Note, to whom it is for.
type Noted struct {
	Body []byte `json:"body"`
}

// Refused answers Join; the socket closes.
type Refused struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
}

// Peers lists all other sessions to one that is a member of the group from
// here on. Only members hear of others.
type Peers struct {
	Peers []Peer `json:"peers"`
}

// Arrived tells of a new session.
type Arrived struct {
	Session SessionID `json:"session"`
}

// Left tells that a session has ended. Body is what it said to the others when
// it left.
type Left struct {
	Session SessionID   `json:"session"`
	Reason  LeaveReason `json:"reason"`
	Body    []byte      `json:"body,omitempty"`
}

// Away tells that a session lost its socket, or has it again.
type Away struct {
	Session SessionID `json:"session"`
	Away    bool      `json:"away"`
}

// Founded tells who founded the group of a generation.
type Founded struct {
	Generation uint32    `json:"generation"`
	By         SessionID `json:"by"`
}

// Reset tells that the group of the previous generation is gone: it has no
// member left, or By has ordered it.
type Reset struct {
	Generation uint32    `json:"generation"`
	By         SessionID `json:"by,omitempty"`
}

// Marked is the room's new mark, to everybody who is here.
type Marked struct {
	Mark Mark `json:"mark"`
}

// Asked is a session's Ask, to the members.
type Asked struct {
	Generation uint32    `json:"generation"`
	From       SessionID `json:"from"`
	Body       []byte    `json:"body"`
}

// Committed is the commit that ended Epoch.
type Committed struct {
	Seq        uint32    `json:"seq"`
	Generation uint32    `json:"generation"`
	Epoch      uint64    `json:"epoch"`
	From       SessionID `json:"from"`
	Body       []byte    `json:"body"`
}

// CommitRefused tells a committer that Epoch is not the group's epoch.
type CommitRefused struct {
	Generation uint32 `json:"generation"`
	Epoch      uint64 `json:"epoch"` // the group's epoch
}

// Welcomed lets a session into the group; Epoch is the one that it joins in,
// Seq that of the commit which added it.
type Welcomed struct {
	Seq        uint32 `json:"seq"`
	Generation uint32 `json:"generation"`
	Epoch      uint64 `json:"epoch"`
	Body       []byte `json:"body"`
	Tree       []byte `json:"tree"`
}

// Said is an application message, in order.
type Said struct {
	Seq        uint32    `json:"seq"`
	Generation uint32    `json:"generation"`
	Epoch      uint64    `json:"epoch"`
	From       SessionID `json:"from"`
	Body       []byte    `json:"body"`
}

// BeatOf is another member's Beat.
type BeatOf struct {
	Generation uint32    `json:"generation"`
	From       SessionID `json:"from"`
	Body       []byte    `json:"body"`
}

// CaughtUp ends the answer to Since; Seq is the last entry of the log.
type CaughtUp struct {
	Generation uint32 `json:"generation"`
	Seq        uint32 `json:"seq"`
}

// Gap answers Since when entries are gone. The client asks to be added anew.
type Gap struct {
	Generation uint32 `json:"generation"`
}

// Failed answers a message that could not be carried out. About is its type.
type Failed struct {
	About string `json:"about"`
	Code  Code   `json:"code"`
	Text  string `json:"text"`
}

// Closing says that the server is to stop, for an update or for good. It ends
// all sockets when nobody is left, and after Seconds at the latest.
type Closing struct {
	Seconds uint32 `json:"seconds"`
}

// Ended is the last message of a session that the server ends.
type Ended struct {
	Reason LeaveReason `json:"reason"`
	Text   string      `json:"text"`
}

// CreateRoom is the body of POST /api/rooms.
type CreateRoom struct {
	Room      string `json:"room"`
	HostKey   []byte `json:"hostKey"`
	TokenHash []byte `json:"tokenHash"` // SHA-256 of the join token
	Card      []byte `json:"card"`      // sealed, at most 2 KiB
	Mark      *Mark  `json:"mark,omitempty"`

	// Capacity is how many may be in the room at once; without it, or above
	// the server's own limit, as many as the server takes.
	Capacity uint32 `json:"capacity,omitempty"`

	// One of the two, where the server is closed (PROTOCOL.md 1.6).
	Invite []byte `json:"invite,omitempty"` // the secret of an invite or an admin pass
	Permit []byte `json:"permit,omitempty"` // from Looked: the room was there before

	// Of a link that took the place of another: its number, and the host's
	// signature of the order (PROTOCOL.md 1.5). Without them it is link 1.
	Number uint32 `json:"number,omitempty"`
	Relink []byte `json:"relink,omitempty"`

	// Open is the host's signature: a meeting that was ended may begin again.
	Open []byte `json:"open,omitempty"`
}

// Depart is the body of POST /api/leave: a Leave for whom no socket is left to
// send it on.
type Depart struct {
	Room    string    `json:"room"`
	Session SessionID `json:"session"`
	Secret  []byte    `json:"secret"` // of the session
	Body    []byte    `json:"body,omitempty"`
}

// Look is the body of POST /api/look.
type Look struct {
	Room  string `json:"room"`
	Token []byte `json:"token"`
}

// Looked answers Look.
type Looked struct {
	Card   []byte `json:"card"`
	People uint32 `json:"people"`           // sessions in the room now
	Permit []byte `json:"permit,omitempty"` // to make this room again after a restart
	Number uint32 `json:"number,omitempty"` // of the link, where it is not 1
	Relink []byte `json:"relink,omitempty"` // the host's signature of the order that made it
}

// Redeem is the body of POST /api/redeem.
type Redeem struct {
	Link []byte `json:"link"` // the secret of an admin link
}

// Redeemed answers Redeem.
type Redeemed struct {
	Invite []byte `json:"invite"` // the secret of an admin pass, used like an invite
}

// Probe is the body of POST /api/probe: somebody finds out what gets through to
// the server, outside of any meeting.
type Probe struct {
	SDP string `json:"sdp"` // an offer of one section, to receive sound
}

// Probed answers Probe. Nothing is ever sent on the connection, which holds for
// some seconds, as does the relay's password.
type Probed struct {
	SDP   string `json:"sdp"`
	Relay *Relay `json:"relay,omitempty"` // where the server has one
}

// OpenFile is the body of POST /api/files: a member is to send a file, or to go
// on with it.
type OpenFile struct {
	Room    string    `json:"room"`
	Session SessionID `json:"session"`
	Secret  []byte    `json:"secret"` // of the session
	ID      []byte    `json:"id"`     // 16 random bytes
	Size    uint64    `json:"size"`   // sealed, in bytes
}

// FileOpened answers OpenFile.
type FileOpened struct {
	Grant    []byte `json:"grant"` // shown with each piece, and to take the file back
	Received uint64 `json:"received"`
}

// FileReceived answers each piece of a file.
type FileReceived struct {
	Received uint64 `json:"received"`
}

// Error is the body of every HTTP answer that is not a success.
type Error struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
}

// ClientMessages lists what a client may send on the socket, by wire name.
var ClientMessages = map[string]any{
	"join": Join{}, "ack": Ack{}, "found": Found{}, "ask": Ask{}, "commit": Commit{}, "app": App{}, "beat": Beat{}, "since": Since{},
	"publish": Publish{}, "subscribe": Subscribe{}, "sources": Sources{}, "speaking": Speaking{}, "view": View{}, "leave": Leave{},
	"moderate": Moderate{}, "mark": Mark{}, "remove": Remove{}, "send_back": SendBack{}, "rules": Rules{}, "end": End{}, "note": Note{}, "restart": Restart{},
}

// ServerMessages lists what the server may send on the socket, by wire name.
var ServerMessages = map[string]any{
	"joined": Joined{}, "refused": Refused{}, "ack": Ack{}, "peers": Peers{}, "arrived": Arrived{}, "left": Left{}, "away": Away{},
	"founded": Founded{}, "reset": Reset{}, "sent_back": SentBack{}, "marked": Marked{}, "asked": Asked{}, "committed": Committed{}, "commit_refused": CommitRefused{},
	"welcomed": Welcomed{}, "said": Said{}, "beat_of": BeatOf{}, "caught_up": CaughtUp{}, "gap": Gap{},
	"published": Published{}, "subscribed": Subscribed{}, "sources_of": SourcesOf{}, "seats": Seats{}, "demand": Demand{}, "quality": Quality{}, "media_lost": MediaLost{},
	"noted": Noted{}, "failed": Failed{}, "closing": Closing{}, "ended": Ended{},
}

// HTTPBodies lists the bodies of the HTTP API; decoders are generated for
// those that the server sends.
var HTTPBodies = []any{CreateRoom{}, Depart{}, Look{}, Looked{}, Redeem{}, Redeemed{}, Probe{}, Probed{}, OpenFile{}, FileOpened{}, FileReceived{}, Error{}}
