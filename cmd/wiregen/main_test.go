package main

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"incamera/signaling/wire"
)

// TestUpToDate: the committed file is what the generator writes.
func TestUpToDate(t *testing.T) {
	got, err := os.ReadFile("../../web/src/wire/wire.gen.ts")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, generate()) {
		t.Error("wire.gen.ts is not what package wire says: run make gen")
	}
}

// TestEveryMessageIsDecoded: no message is left out on either side.
func TestEveryMessageIsDecoded(t *testing.T) {
	text := string(generate())
	for _, set := range []map[string]any{wire.ClientMessages, wire.ServerMessages} {
		for name, m := range set {
			want := `case "` + name + `":` + "\n      return { type, ...decode" + reflect.TypeOf(m).Name() + "("
			if !strings.Contains(text, want) {
				t.Errorf("nothing decodes %q", name)
			}
		}
	}
}

// TestUnknownKindPanics: a field that has no TypeScript must not be guessed.
func TestUnknownKindPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a map became TypeScript")
		}
	}()
	(&generator{done: map[string]bool{}}).structType(reflect.TypeFor[struct {
		M map[string]int `json:"m"`
	}]())
}
