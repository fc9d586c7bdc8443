package wire

import "errors"

// Validate checks the form of the room and the sizes of the secrets.
func (m Join) Validate() error {
	if r := m.Resume; r != nil {
		if err := first(session(r.Session), within("secret", r.Secret, SecretSize, SecretSize)); err != nil {
			return err
		}
	}
	return first(room(m.Room), within("token", m.Token, TokenSize, TokenSize))
}

// Validate refuses generation 0.
func (m Found) Validate() error { return generation(m.Generation) }

// Validate checks the body's size.
func (m Ask) Validate() error {
	return first(generation(m.Generation), within("body", m.Body, 1, MaxAsk))
}

// Validate checks sizes, and that a Welcome and a tree are there exactly when
// somebody is to have them.
func (m Commit) Validate() error {
	for _, to := range m.To {
		if err := session(to); err != nil {
			return err
		}
	}
	if len(m.To) > 0 && (len(m.Welcome) == 0 || len(m.Tree) == 0) {
		return errors.New("sessions to welcome, but no Welcome or no tree")
	}
	if m.Relink != nil {
		if len(m.To) > 0 {
			return errors.New("a change of the link with somebody to welcome")
		}
		if err := m.Relink.Validate(); err != nil {
			return err
		}
	}
	if len(m.To) == 0 && len(m.Welcome)+len(m.Tree) > 0 {
		return errors.New("a Welcome or tree for nobody")
	}
	return first(generation(m.Generation), within("body", m.Body, 1, MaxCommit), within("to", m.To, 0, MaxTo),
		distinct("session", m.To), within("welcome", m.Welcome, 0, MaxWelcome), within("tree", m.Tree, 0, MaxTree), below(m.Epoch))
}

// Validate checks sizes; who signed it is for the server to check.
func (m Relink) Validate() error {
	if m.Number < 2 {
		return errors.New("a first link in the place of another")
	}
	return first(within("tokenHash", m.TokenHash, TokenSize, TokenSize), within("card", m.Card, 1, MaxCard),
		within("signature", m.Signature, SignatureSize, SignatureSize))
}

// below leaves space for the epoch after e.
func below(e uint64) error {
	if e >= MaxInteger {
		return errors.New("epoch out of range")
	}
	return nil
}

// Validate checks the body's size.
func (m App) Validate() error {
	return first(generation(m.Generation), within("body", m.Body, 1, MaxApp))
}

// Validate checks the body's size.
func (m Beat) Validate() error {
	return first(generation(m.Generation), within("body", m.Body, 1, MaxBeat))
}

// Validate checks the body's size.
func (m BeatOf) Validate() error {
	return first(generation(m.Generation), session(m.From), within("body", m.Body, 1, MaxBeat))
}

// Validate refuses generation 0.
func (m Since) Validate() error { return generation(m.Generation) }

// Validate checks sizes, and that each source and m-line is named once.
func (m Publish) Validate() error {
	mids, from := make([]string, 0, len(m.Mids)), make([]Source, 0, len(m.Mids))
	for _, ms := range m.Mids {
		if err := within("mid", ms.Mid, 1, 32); err != nil {
			return err
		}
		mids, from = append(mids, ms.Mid), append(from, ms.Source)
	}
	return first(within("sdp", m.SDP, 1, MaxSDP), within("mids", m.Mids, 1, MaxMids), distinct("mid", mids), distinct("source", from))
}

// Validate checks sizes.
func (m Subscribe) Validate() error {
	return first(within("sdp", m.SDP, 1, MaxSDP), within("seats", m.Seats, 1, MaxSeats))
}

// Validate refuses a source named twice.
func (m Sources) Validate() error { return sources(m.On) }

// Validate checks the number of tiles and their size.
func (m View) Validate() error {
	for _, t := range m.Tiles {
		if err := session(t.Session); err != nil {
			return err
		}
		if t.Width > MaxPixels || t.Height > MaxPixels {
			return errors.New("tile too large")
		}
		if t.Source != SourceCamera && t.Source != SourceScreen {
			return errors.New("a tile without a picture")
		}
	}
	return within("tiles", m.Tiles, 0, MaxTiles)
}

// Validate checks the peers.
func (m Peers) Validate() error {
	for _, p := range m.Peers {
		if err := first(session(p.Session), sources(p.On)); err != nil {
			return err
		}
	}
	return within("peers", m.Peers, 0, MaxPeers)
}

// Validate checks the role and the signature's size.
func (m Moderate) Validate() error {
	if m.Role != RoleModerator && m.Role != RoleHost {
		return errors.New("a role that there is not")
	}
	return within("signature", m.Signature, SignatureSize, SignatureSize)
}

// Validate checks the session id and the signature's size.
func (m SendBack) Validate() error {
	return first(session(m.Session), within("signature", m.Signature, SignatureSize, SignatureSize))
}

// Validate checks sizes; who signed it is for the server to check.
func (m Mark) Validate() error {
	if m.Number == 0 {
		return errors.New("mark 0")
	}
	return first(within("body", m.Body, 1, MaxMark), within("signature", m.Signature, SignatureSize, SignatureSize))
}

// Validate checks the mark.
func (m Marked) Validate() error { return m.Mark.Validate() }

func marked(m *Mark) error {
	if m == nil {
		return nil
	}
	return m.Validate()
}

// Validate checks the session id.
func (m Remove) Validate() error { return session(m.Session) }

// Validate checks that each session and source is named once.
func (m Rules) Validate() error {
	named := make([]SessionID, 0, len(m.Others))
	for _, o := range m.Others {
		if err := first(session(o.Session), sources(o.Sources)); err != nil {
			return err
		}
		named = append(named, o.Session)
	}
	return first(generation(m.Generation), below(m.Epoch), sources(m.Withheld), within("others", m.Others, 0, MaxOthers), distinct("session", named))
}

// Validate checks the session id and the body's size.
func (m Note) Validate() error {
	return first(session(m.To), within("body", m.Body, 1, MaxNote))
}

// Validate checks the body's size.
func (m Noted) Validate() error { return within("body", m.Body, 1, MaxNote) }

// Validate checks sizes.
func (m Joined) Validate() error {
	return first(marked(m.Mark), session(m.Session), within("secret", m.Secret, SecretSize, SecretSize), within("incarnation", m.Incarnation, 1, maxSession),
		generation(m.Generation), within("card", m.Card, 0, MaxCard), relay(m.Relay))
}

// relay checks credentials, which there need not be.
func relay(r *Relay) error {
	if r == nil {
		return nil
	}
	return first(within("username", r.Username, 1, maxSession), within("password", r.Password, 1, maxSession))
}

// Validate bounds the text.
func (m Refused) Validate() error { return within("text", m.Text, 0, MaxText) }

// Validate checks the session id.
func (m Arrived) Validate() error { return session(m.Session) }

// Validate checks the session id.
func (m Left) Validate() error {
	return first(session(m.Session), within("body", m.Body, 0, MaxLeave))
}

// Validate checks the body's size.
func (m Leave) Validate() error { return within("body", m.Body, 0, MaxLeave) }

// Validate checks the session id.
func (m Away) Validate() error { return session(m.Session) }

// Validate checks the session id.
func (m Founded) Validate() error { return first(generation(m.Generation), session(m.By)) }

// Validate refuses generation 0.
func (m Reset) Validate() error {
	if m.By == "" {
		return generation(m.Generation)
	}
	return first(generation(m.Generation), session(m.By))
}

// Validate refuses generation 0.
func (m Restart) Validate() error { return generation(m.Generation) }

// Validate checks the body's size.
func (m Asked) Validate() error {
	return first(generation(m.Generation), session(m.From), within("body", m.Body, 1, MaxAsk))
}

// Validate checks the body's size.
func (m Committed) Validate() error {
	return first(generation(m.Generation), session(m.From), within("body", m.Body, 1, MaxCommit), entry(m.Seq), below(m.Epoch))
}

// Validate refuses generation 0.
func (m CommitRefused) Validate() error { return generation(m.Generation) }

// Validate checks the sizes of the bodies.
func (m Welcomed) Validate() error {
	return first(generation(m.Generation), within("body", m.Body, 1, MaxWelcome), within("tree", m.Tree, 1, MaxTree), entry(m.Seq))
}

// Validate checks the body's size.
func (m Said) Validate() error {
	return first(generation(m.Generation), session(m.From), within("body", m.Body, 1, MaxApp), entry(m.Seq))
}

func entry(seq uint32) error {
	if seq == 0 {
		return errors.New("log entry 0")
	}
	return nil
}

// Validate refuses generation 0.
func (m CaughtUp) Validate() error { return generation(m.Generation) }

// Validate refuses generation 0.
func (m Gap) Validate() error { return generation(m.Generation) }

// Validate bounds the answer.
func (m Published) Validate() error { return within("sdp", m.SDP, 1, MaxSDP) }

// Validate bounds the answer.
func (m Subscribed) Validate() error { return within("sdp", m.SDP, 1, MaxSDP) }

// Validate checks the session id and the sources.
func (m SourcesOf) Validate() error { return first(session(m.Session), sources(m.On)) }

// Validate checks that each seat is named once.
func (m Seats) Validate() error {
	index := make([]uint32, 0, len(m.Seats))
	for _, s := range m.Seats {
		if s.Session != "" && !s.Session.Valid() {
			return errors.New("malformed session id")
		}
		if s.Index >= MaxSeats {
			return errors.New("seat index out of range")
		}
		index = append(index, s.Index)
	}
	return first(within("seats", m.Seats, 0, MaxSeats), distinct("seat", index))
}

// Validate checks the session id.
func (m Quality) Validate() error { return session(m.Session) }

// Validate bounds the numbers.
func (m Demand) Validate() error {
	if m.Camera > MaxLayers || m.Screen > MaxLayers {
		return errors.New("more layers than there are")
	}
	return first(within("codecs", m.Codecs, 0, MaxCodecs), distinct("codec", m.Codecs))
}

// Validate bounds the text.
func (m MediaLost) Validate() error { return within("reason", m.Reason, 0, MaxText) }

// Validate bounds the text.
func (m Failed) Validate() error {
	return first(within("about", m.About, 0, maxTypeName), within("text", m.Text, 0, MaxText))
}

// Validate bounds the text.
func (m Ended) Validate() error { return within("text", m.Text, 0, MaxText) }

// Validate checks sizes; that the room is the hash of the host key is for the
// server to check, beside the rest of its rules.
func (m CreateRoom) Validate() error {
	return first(room(m.Room), within("hostKey", m.HostKey, HostKeySize, HostKeySize), marked(m.Mark),
		within("tokenHash", m.TokenHash, TokenSize, TokenSize), within("card", m.Card, 1, MaxCard),
		optional("invite", m.Invite, SecretSize), optional("permit", m.Permit, PermitSize), optional("open", m.Open, SignatureSize),
		numbered(m.Number, m.Relink))
}

// numbered accepts a first link, and one after others with its order.
func numbered(number uint32, order []byte) error {
	if (number == 0) != (len(order) == 0) || number == 1 {
		return errors.New("a link without its order, or an order without its link")
	}
	return optional("relink", order, SignatureSize)
}

// optional accepts what is not there, or has its size.
func optional(what string, b []byte, size int) error {
	if len(b) == 0 {
		return nil
	}
	return within(what, b, size, size)
}

// Validate checks the size of the secret.
func (m Redeem) Validate() error { return within("link", m.Link, SecretSize, SecretSize) }

// Validate checks the size of the secret.
func (m Redeemed) Validate() error { return within("invite", m.Invite, SecretSize, SecretSize) }

// Validate bounds the description.
func (m Probe) Validate() error { return within("sdp", m.SDP, 1, MaxBody) }

// Validate bounds the description.
func (m Probed) Validate() error { return first(within("sdp", m.SDP, 1, MaxBody), relay(m.Relay)) }

// Validate checks the form of the room and of the session, and the sizes.
func (m Depart) Validate() error {
	return first(room(m.Room), session(m.Session), within("secret", m.Secret, SecretSize, SecretSize), within("body", m.Body, 0, MaxLeave))
}

// Validate checks the form of the room and the size of the token.
func (m Look) Validate() error {
	return first(room(m.Room), within("token", m.Token, TokenSize, TokenSize))
}

// Validate bounds the card.
func (m Looked) Validate() error {
	return first(within("card", m.Card, 1, MaxCard), optional("permit", m.Permit, PermitSize), numbered(m.Number, m.Relink))
}

// Validate checks forms and sizes.
func (m OpenFile) Validate() error {
	return first(room(m.Room), session(m.Session), within("secret", m.Secret, SecretSize, SecretSize), within("id", m.ID, FileIDSize, FileIDSize))
}

// Validate checks the size of the grant.
func (m FileOpened) Validate() error { return within("grant", m.Grant, SecretSize, SecretSize) }

// Validate bounds the text.
func (m Error) Validate() error { return within("text", m.Text, 0, MaxText) }
