package mls

import "errors"

// epochSecrets are those of RFC 9420 §8, table 4. encryption is gone once the
// secret tree is made.
type epochSecrets struct {
	joiner, welcome                                []byte
	init, senderData, encryption, exporter         []byte
	external, confirmation, membership, resumption []byte
	authenticator                                  []byte
}

func (e *epochSecrets) wipe() {
	wipe(e.joiner, e.welcome, e.init, e.senderData, e.encryption, e.exporter,
		e.external, e.confirmation, e.membership, e.resumption, e.authenticator)
	*e = epochSecrets{}
}

// joinerSecret consumes the commit secret.
func (s *suite) joinerSecret(init, commitSecret []byte, gc *GroupContext) []byte {
	mixed := s.extract(init, commitSecret)
	joiner := s.expandLabel(mixed, "joiner", marshal(gc), s.size)
	wipe(mixed, commitSecret)
	return joiner
}

func (s *suite) epochSecrets(joiner, psk []byte, gc *GroupContext) *epochSecrets {
	mixed := s.extract(joiner, psk)
	epoch := s.expandLabel(mixed, "epoch", marshal(gc), s.size)
	e := s.fromEpochSecret(epoch)
	e.joiner = joiner
	e.welcome = s.derive(mixed, "welcome")
	wipe(mixed)
	return e
}

// fromEpochSecret consumes the epoch secret.
func (s *suite) fromEpochSecret(epoch []byte) *epochSecrets {
	e := &epochSecrets{
		init:          s.derive(epoch, "init"),
		senderData:    s.derive(epoch, "sender data"),
		encryption:    s.derive(epoch, "encryption"),
		exporter:      s.derive(epoch, "exporter"),
		external:      s.derive(epoch, "external"),
		confirmation:  s.derive(epoch, "confirm"),
		membership:    s.derive(epoch, "membership"),
		resumption:    s.derive(epoch, "resumption"),
		authenticator: s.derive(epoch, "authentication"),
	}
	wipe(epoch)
	return e
}

// export is MLS-Exporter (RFC 9420 §8.5).
func (s *suite) export(exporter []byte, label string, context []byte, n int) []byte {
	secret := s.derive(exporter, label)
	defer wipe(secret)
	return s.expandLabel(secret, "exported", s.hash(context), n)
}

var errUnknownPSK = errors.New("mls: unknown pre-shared key")

// pskSecret is that of RFC 9420 §8.4. It does not keep what find returns.
func (s *suite) pskSecret(ids []PSKID, find func(PSKID) []byte) ([]byte, error) {
	secret := s.zero()
	for i, id := range ids {
		psk := find(id)
		if psk == nil {
			return nil, errUnknownPSK
		}
		var w writer
		id.encode(&w)
		w.u16(uint16(i))
		w.u16(uint16(len(ids)))
		extracted := s.extract(s.zero(), psk)
		input := s.expandLabel(extracted, "derived psk", w.b, s.size)
		next := s.extract(input, secret)
		wipe(extracted, input, secret)
		secret = next
	}
	return secret, nil
}

// confirmedHash and interimHash are the transcript hashes of RFC 9420 §8.2.
func (s *suite) confirmedHash(interim []byte, a *authContent) []byte {
	var w writer
	w.u16(uint16(a.wire))
	a.encodeContent(&w)
	w.opaque(a.signature)
	return s.hash(interim, w.b)
}

func (s *suite) interimHash(confirmed, tag []byte) []byte {
	var w writer
	w.opaque(tag)
	return s.hash(confirmed, w.b)
}

// welcomeKey is the key of the GroupInfo in a Welcome (RFC 9420 §12.4.3.1).
func (s *suite) welcomeKey(secret []byte) messageKey {
	return messageKey{s.expandLabel(secret, "key", nil, s.keySize), s.expandLabel(secret, "nonce", nil, nonceSize)}
}
