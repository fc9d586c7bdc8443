package client

import (
	"fmt"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

var contexts = map[wire.Source]keys.Source{
	wire.SourceMic: keys.Mic, wire.SourceCamera: keys.Camera, wire.SourceScreen: keys.Screen, wire.SourceScreenAudio: keys.ScreenAudio,
}

func contextOf(s wire.Source) keys.Source { return contexts[s] }

func sourceOf(k keys.Source) wire.Source {
	for s, context := range contexts {
		if context == k {
			return s
		}
	}
	panic(fmt.Sprintf("client: no source %d", k))
}

func codecOf(s wire.Source) wrap.Codec {
	if isPicture(s) {
		return wrap.VP8
	}
	return wrap.Opus
}

// InputOf is a message of the server as the group knows it, nil for what does
// not concern it.
func InputOf(m any) group.Input {
	switch m := m.(type) {
	case wire.Joined:
		in := group.Joined{Session: string(m.Session), Generation: m.Generation, Founded: m.Founded}
		if m.Mark != nil {
			mark := link.Mark(*m.Mark)
			in.Mark = &mark
		}
		return in
	case wire.Marked:
		return group.Marked{Mark: link.Mark(m.Mark)}
	case wire.Peers:
		var in group.Present
		for _, p := range m.Peers {
			in.Here = append(in.Here, group.Peer{Session: string(p.Session), Away: p.Away})
		}
		return in
	case wire.Arrived:
		return group.Arrived{Session: string(m.Session)}
	case wire.Left:
		return group.Left{Session: string(m.Session), Body: m.Body, Removed: m.Reason == wire.ReasonRemoved}
	case wire.Away:
		return group.Away{Session: string(m.Session), Away: m.Away}
	case wire.Founded:
		return group.Founded{Generation: m.Generation, By: string(m.By)}
	case wire.Reset:
		return group.Reset{Generation: m.Generation, By: string(m.By)}
	case wire.Asked:
		return group.Asked{Generation: m.Generation, From: string(m.From), Body: m.Body}
	case wire.Committed:
		return group.Committed{Seq: m.Seq, Generation: m.Generation, Epoch: m.Epoch, From: string(m.From), Body: m.Body}
	case wire.CommitRefused:
		return group.CommitRefused{Generation: m.Generation, Epoch: m.Epoch}
	case wire.Welcomed:
		return group.Welcomed{Seq: m.Seq, Generation: m.Generation, Epoch: m.Epoch, Body: m.Body, Tree: m.Tree}
	case wire.Said:
		return group.Said{Seq: m.Seq, Generation: m.Generation, Epoch: m.Epoch, From: string(m.From), Body: m.Body}
	case wire.BeatOf:
		return group.BeatOf{Generation: m.Generation, From: string(m.From), Body: m.Body}
	case wire.CaughtUp:
		return group.CaughtUp{Generation: m.Generation, Seq: m.Seq}
	case wire.Gap:
		return group.Gap{Generation: m.Generation}
	case wire.Noted:
		return group.Noted{Body: m.Body}
	case wire.Failed:
		return group.Failed{About: m.About}
	}
	return nil
}

// sourcesOf is a set of sources as it stands on the wire.
func sourcesOf(set keys.Sources) (list []wire.Source) {
	for source, name := range wire.AllSources {
		if set.Has(keys.Source(source)) {
			list = append(list, name)
		}
	}
	return list
}

// WireOf is a message of the group as the server knows it.
func WireOf(m group.Message) any {
	switch m := m.(type) {
	case group.Found:
		return wire.Found{Generation: m.Generation}
	case group.Ask:
		return wire.Ask{Generation: m.Generation, Body: m.Body}
	case group.Commit:
		c := wire.Commit{Generation: m.Generation, Epoch: m.Epoch, Body: m.Body, Welcome: m.Welcome, Tree: m.Tree}
		for _, to := range m.To {
			c.To = append(c.To, wire.SessionID(to))
		}
		if r := m.Relink; r != nil {
			c.Relink = &wire.Relink{Number: r.Number, TokenHash: r.TokenHash[:], Card: r.Card, Signature: r.Signature}
		}
		return c
	case group.Speak:
		return wire.App{Generation: m.Generation, Epoch: m.Epoch, Body: m.Body}
	case group.Beat:
		return wire.Beat{Generation: m.Generation, Body: m.Body}
	case group.SendBack:
		return wire.SendBack{Session: wire.SessionID(m.Session), Signature: m.Signature}
	case group.Mark:
		return wire.Mark(m)
	case group.Since:
		return wire.Since{Generation: m.Generation, Seq: m.Seq}
	case group.Moderate:
		return wire.Moderate{Grant: m.Pass.Grant, Role: uint32(m.Pass.Role), Signature: m.Pass.Signature}
	case group.Remove:
		return wire.Remove{Session: wire.SessionID(m.Session)}
	case group.Restart:
		return wire.Restart{Generation: m.Generation}
	case group.End:
		return wire.End{}
	case group.NoteTo:
		return wire.Note{To: wire.SessionID(m.Session), Body: m.Body}
	case group.Rules:
		r := wire.Rules{Generation: m.Generation, Epoch: m.Epoch, Withheld: sourcesOf(m.Withheld), Ends: m.Ends, Hostless: m.Hostless, Keep: m.Keep}
		for _, o := range m.Others {
			r.Others = append(r.Others, wire.Withheld{Session: wire.SessionID(o.Session), Sources: sourcesOf(o.Sources)})
		}
		return r
	}
	panic(fmt.Sprintf("client: no message on the wire for %T", m))
}
