package client

import (
	"fmt"
	"testing"

	"incamera/signaling/wire"
)

// TestPaged: page by page everybody is seen once, whatever the order in which
// they are known.
func TestPaged(t *testing.T) {
	tiles := []wire.Tile{{Session: "c"}, {Session: "a"}, {Session: "e"}, {Session: "b"}, {Session: "d"}}
	for i, want := range []string{"[a b]", "[c d]", "[e]", "[a b]"} {
		tiles[0], tiles[4] = tiles[4], tiles[0]
		var got []wire.SessionID
		for _, tile := range paged(tiles, i) {
			got = append(got, tile.Session)
		}
		if fmt.Sprintf("%s", got) != want {
			t.Errorf("page %d is %s, want %s", i, got, want)
		}
	}
	if got := paged(tiles[:2], 7); len(got) != 2 {
		t.Errorf("of two %d are watched", len(got))
	}
}
