package wire

// A Source is what a participant can publish.
type Source string

// The sources, one m-line each on the publish connection.
const (
	SourceMic         Source = "mic"
	SourceCamera      Source = "camera"
	SourceScreen      Source = "screen"
	SourceScreenAudio Source = "screen-audio"
)

// MidSource says which m-line of a publish offer carries which source.
type MidSource struct {
	Mid    string `json:"mid"`
	Source Source `json:"source"`
}

// Publish offers the sender's publish connection.
type Publish struct {
	SDP  string      `json:"sdp"`
	Mids []MidSource `json:"mids"`
}

// Subscribe offers the sender's subscribe connection; Seats is the kind of
// each m-line in the order of the offer.
type Subscribe struct {
	SDP   string   `json:"sdp"`
	Seats []Source `json:"seats"`
}

// Sources is what the sender publishes from now on.
type Sources struct {
	On []Source `json:"on"`
}

// Speaking says whether the sender speaks: one bit, told only while more
// microphones are open than a session has seats for (PROTOCOL.md 1.4).
type Speaking struct {
	On bool `json:"on"`
}

// Tile is one wanted picture and its size on the screen in device pixels.
type Tile struct {
	Session SessionID `json:"session"`
	Source  Source    `json:"source"`
	Width   uint32    `json:"width"`
	Height  uint32    `json:"height"`
}

// View lists the wanted pictures, most important first.
type View struct {
	Tiles []Tile `json:"tiles"`
}

// Published answers Publish.
type Published struct {
	SDP string `json:"sdp"`
}

// Subscribed answers Subscribe.
type Subscribed struct {
	SDP string `json:"sdp"`
}

// SourcesOf tells what another session publishes.
type SourcesOf struct {
	Session SessionID `json:"session"`
	On      []Source  `json:"on"`
}

// Seat says who is on a seat; an empty Session means nobody. A paused one has
// nothing sent to it, because the receiving session's network takes no more.
type Seat struct {
	Index   uint32    `json:"index"`
	Source  Source    `json:"source"`
	Session SessionID `json:"session"`
	Paused  bool      `json:"paused"`
}

// Seats is the whole seat map of the receiving session.
type Seats struct {
	Seats []Seat `json:"seats"`
}

// MaxLayers is how many layers a source has at most.
const MaxLayers = 3

// A VideoCodec is one that the server forwards.
type VideoCodec string

// The codecs of pictures.
const (
	CodecVP8  VideoCodec = "vp8"
	CodecVP9  VideoCodec = "vp9"
	CodecAV1  VideoCodec = "av1"
	CodecH264 VideoCodec = "h264"
)

// Demand tells how many layers of its camera and screen a session is to send,
// from the lowest: what is above nobody watches. A source of one layer is sent
// unless it is 0. Until the first it sends all. Codecs are those that all sessions
// take that media flows to; described: they all take dependency descriptors, and
// with them spatial layers of AV1.
type Demand struct {
	Camera uint32       `json:"camera"`
	Screen uint32       `json:"screen"`
	Codecs []VideoCodec `json:"codecs"`

	Described bool `json:"described,omitempty"`
}

// A Grade says how a session's connection does in one direction.
type Grade string

// The grades.
const (
	GradeGood    Grade = "good"
	GradeLimited Grade = "limited" // the network takes less than is wanted, or loses much
	GradePaused  Grade = "paused"  // a picture is not carried at all
)

// A Cause says by what a connection is hindered.
type Cause string

// The causes.
const (
	CauseNone      Cause = "none"
	CauseBandwidth Cause = "bandwidth" // the network takes less than is wanted
	CauseDelay     Cause = "delay"     // packets wait for long
	CauseLoss      Cause = "loss"      // many do not arrive
)

// Quality tells how a session's connections do: that of the receiving one, or
// another's. Until the first they are good.
type Quality struct {
	Session   SessionID `json:"session"`
	Up        Grade     `json:"up"` // what it sends
	UpCause   Cause     `json:"up_cause"`
	Down      Grade     `json:"down"` // what it is sent
	DownCause Cause     `json:"down_cause"`
}

// MediaLost tells that a media connection failed at the server; the client
// makes it anew.
type MediaLost struct {
	Reason string `json:"reason"`
}
