package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"testing"
)

// A peer talks to serve as another process would.
type peer struct {
	t   *testing.T
	enc *json.Encoder
	dec *json.Decoder
}

func start(t *testing.T) *peer {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(inR, outW) }()
	t.Cleanup(func() {
		inW.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &peer{t, json.NewEncoder(inW), json.NewDecoder(outR)}
}

type object = map[string]any

func (p *peer) ask(q object) object {
	p.t.Helper()
	if err := p.enc.Encode(q); err != nil {
		p.t.Fatal(err)
	}
	var a object
	if err := p.dec.Decode(&a); err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *peer) must(q object) object {
	p.t.Helper()
	a := p.ask(q)
	if a["error"] != nil {
		p.t.Fatalf("%v: %v", q["op"], a["error"])
	}
	return a
}

func TestAnswersErrors(t *testing.T) {
	p := start(t)
	for _, q := range []object{{"op": "commit", "id": "x"}, {"op": "keypackage", "id": "a", "suite": 99}, {"op": "psk", "pskId": "zz"}} {
		if a := p.ask(q); a["error"] == nil {
			t.Errorf("%v is answered by %v", q, a)
		}
	}
	p.must(object{"op": "keypackage", "id": "a", "suite": 1, "name": "a"})
	for _, op := range []string{"commit", "encrypt", "export", "nonsense"} {
		if a := p.ask(object{"op": op, "id": "a"}); a["error"] == nil {
			t.Errorf("%s outside of a group is answered by %v", op, a)
		}
	}
}

// TestRandomGroup drives a group as the Node side does, and compares what the
// members know after each step.
func TestRandomGroup(t *testing.T) {
	for _, suite := range []int{1, 0xF001} {
		p := start(t)
		random := rand.New(rand.NewPCG(1, uint64(suite)))
		p.must(object{"op": "psk", "pskId": "aa", "psk": "00112233"})
		p.must(object{"op": "keypackage", "id": "0", "suite": suite, "name": "0"})
		p.must(object{"op": "create", "id": "0", "group": "01"})
		members, made := []string{"0"}, 1
		for step := range 40 {
			by := members[random.IntN(len(members))]
			coin := func() bool { return random.IntN(2) == 0 }
			q := object{"op": "commit", "id": by, "public": coin(), "force": coin(), "noTree": true, "psks": []string{"aa"}, "aad": "0102"}
			var joiner string
			var gone float64 = -1
			switch n := random.IntN(3); {
			case len(members) < 6 && n == 0:
				joiner = string(rune('0' + made))
				made++
				q["adds"] = []any{p.must(object{"op": "keypackage", "id": joiner, "suite": suite, "name": joiner})["keyPackage"]}
			case len(members) > 3 && n == 1:
				victim := members[random.IntN(len(members))]
				if victim != by {
					gone = p.must(object{"op": "state", "id": victim})["leaf"].(float64)
					q["removes"] = []float64{gone}
				}
			default:
				from := members[random.IntN(len(members))]
				m := p.must(object{"op": "propose", "id": from, "kind": "update", "public": coin()})
				for _, id := range members {
					if id != from {
						p.must(object{"op": "process", "id": id, "message": m["message"]})
					}
				}
			}
			c := p.must(q)
			var rest []string
			for _, id := range members {
				if id == by {
					p.must(object{"op": "accept", "id": id})
				} else if p.must(object{"op": "process", "id": id, "message": c["message"]})["evicted"] == true {
					continue
				}
				rest = append(rest, id)
			}
			if joiner != "" {
				p.must(object{"op": "join", "id": joiner, "welcome": c["welcome"], "tree": c["tree"]})
				rest = append(rest, joiner)
			}
			if gone >= 0 && len(rest) != len(members)-1 {
				t.Fatalf("step %d: nobody was removed", step)
			}
			members = rest
			first := p.must(object{"op": "state", "id": members[0]})
			said := p.must(object{"op": "encrypt", "id": members[0], "data": "cafe"})
			for _, id := range members[1:] {
				s := p.must(object{"op": "state", "id": id})
				for _, field := range []string{"epoch", "authenticator", "baseKey", "transcript", "treeHash"} {
					if s[field] != first[field] {
						t.Fatalf("step %d: %s of %s is %v, of %s %v", step, field, id, s[field], members[0], first[field])
					}
				}
				if got := p.must(object{"op": "process", "id": id, "message": said["message"]}); got["application"] != "cafe" {
					t.Fatalf("step %d: %s reads %v", step, id, got)
				}
			}
		}
	}
}
