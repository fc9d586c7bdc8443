package mls

import (
	"errors"
	"slices"
)

// senderDataKey is that of RFC 9420 §6.3.2.
func (s *suite) senderDataKey(secret, ciphertext []byte) messageKey {
	sample := ciphertext[:min(len(ciphertext), s.size)]
	return messageKey{s.expandLabel(secret, "key", sample, s.keySize), s.expandLabel(secret, "nonce", sample, nonceSize)}
}

// aads are PrivateContentAAD and SenderDataAAD (RFC 9420 §6.3).
func (p *PrivateMessage) aads() (content, sender []byte) {
	var w writer
	w.opaque(p.GroupID)
	w.u64(p.Epoch)
	w.u8(uint8(p.Kind))
	sender = slices.Clone(w.b)
	w.opaque(p.AAD)
	return w.b, sender
}

const guardSize = 4 // of the reuse guard (RFC 9420 §6.3.1)

func (k messageKey) guarded(guard []byte) messageKey {
	nonce := slices.Clone(k.nonce)
	for i, g := range guard {
		nonce[i] ^= g
	}
	return messageKey{k.key, nonce}
}

// protect encrypts a signed content of our own, padded to a multiple of
// padding bytes where that is above 1.
func protect(st *secretTree, senderData []byte, a *authContent, padding int) (*PrivateMessage, error) {
	s, c := st.s, &a.content
	var w writer
	c.encodeBody(&w)
	a.encodeAuth(&w)
	if padding > 1 {
		if over := len(w.b) % padding; over != 0 {
			w.raw(make([]byte, padding-over))
		}
	}
	r, err := st.ratchet(c.sender.Index, c.kind)
	if err != nil {
		return nil, err
	}
	generation := r.generation
	k := r.step(s)
	defer k.wipe()
	guard := randomBytes(guardSize)
	p := &PrivateMessage{GroupID: c.groupID, Epoch: c.epoch, Kind: c.kind, AAD: c.aad}
	aad, senderAAD := p.aads()
	if p.ciphertext, err = s.seal(k.guarded(guard), aad, w.b); err != nil {
		return nil, err
	}
	var sender writer
	sender.u32(c.sender.Index)
	sender.u32(generation)
	sender.raw(guard)
	sk := s.senderDataKey(senderData, p.ciphertext)
	defer sk.wipe()
	p.senderData, err = s.seal(sk, senderAAD, sender.b)
	return p, err
}

// unprotect decrypts for member me. done, called when the signature has been
// verified, consumes the key.
func unprotect(st *secretTree, senderData []byte, p *PrivateMessage, me uint32) (a *authContent, done func(), err error) {
	s := st.s
	aad, senderAAD := p.aads()
	sk := s.senderDataKey(senderData, p.ciphertext)
	defer sk.wipe()
	b, err := s.open(sk, senderAAD, p.senderData)
	if err != nil {
		return nil, nil, err
	}
	var leaf, generation uint32
	var guard []byte
	if err = unmarshal(b, func(r *reader) { leaf, generation, guard = r.u32(), r.u32(), r.take(guardSize) }); err != nil {
		return nil, nil, err
	}
	if leaf == me {
		return nil, nil, ErrOwnMessage
	}
	r, err := st.ratchet(leaf, p.Kind)
	if err != nil {
		return nil, nil, err
	}
	k, done, err := r.get(s, generation)
	if err != nil {
		return nil, nil, err
	}
	plaintext, err := s.open(k.guarded(guard), aad, p.ciphertext)
	if err != nil {
		return nil, nil, err
	}
	a = &authContent{wire: WirePrivate, content: framedContent{
		groupID: p.GroupID, epoch: p.Epoch, aad: p.AAD, kind: p.Kind, sender: Sender{SenderMember, leaf},
	}}
	if err := a.decodePadded(plaintext); err != nil {
		return nil, nil, err
	}
	return a, done, nil
}

// decodePadded reads PrivateMessageContent (RFC 9420 §6.3.1).
func (a *authContent) decodePadded(plaintext []byte) error {
	r := &reader{b: plaintext}
	a.content.decodeBody(r)
	a.decodeAuth(r)
	if r.err != nil {
		return r.err
	}
	if slices.ContainsFunc(r.b, func(z byte) bool { return z != 0 }) {
		return errors.New("mls: non-zero padding")
	}
	return nil
}
