package main

import (
	"testing"

	"incamera/signaling/wire"
)

// TestSources: the two packages name the same sources by the same words.
func TestSources(t *testing.T) {
	for _, e := range wire.Enums {
		list, ok := e.([]wire.Source)
		if !ok {
			continue
		}
		for _, s := range list {
			if got := sfuSource(s).String(); got != string(s) {
				t.Errorf("%s became %s", s, got)
			}
		}
		return
	}
	t.Error("package wire lists no sources")
}
