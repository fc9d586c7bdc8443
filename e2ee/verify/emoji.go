package verify

import "crypto/ed25519"

// Signs is the number of emoji in a roster code's other form: 96 bits together.
const Signs = 16

// A Sign is an emoji with its English name.
type Sign struct {
	Emoji string `json:"emoji"`
	Name  string `json:"name"`
}

// RosterEmoji returns the first 96 bits of what RosterCode is made of as emoji,
// six bits each.
func RosterEmoji(room string, devices []ed25519.PublicKey) (row [Signs]Sign) {
	digest := digestOf(room, devices)
	bits, n, at := uint(0), 0, 0
	for i := range row {
		for ; n < 6; n += 8 {
			bits, at = bits<<8|uint(digest[at]), at+1
		}
		n -= 6
		row[i] = signs[bits>>n&63]
	}
	return row
}

// signs are of one code point each, drawn in colour without a variation
// selector, and far apart in shape.
var signs = [64]Sign{
	{"🐝", "bee"},
	{"🐢", "turtle"},
	{"🐪", "camel"},
	{"🐧", "penguin"},
	{"🦉", "owl"},
	{"🐬", "dolphin"},
	{"🐌", "snail"},
	{"🦋", "butterfly"},
	{"🐎", "horse"},
	{"🐘", "elephant"},
	{"🦁", "lion"},
	{"🐇", "rabbit"},
	{"🐸", "frog"},
	{"🦆", "duck"},
	{"🦀", "crab"},
	{"🐍", "snake"},
	{"🌵", "cactus"},
	{"🌲", "fir tree"},
	{"🌴", "palm tree"},
	{"🌻", "sunflower"},
	{"🍀", "clover"},
	{"🍄", "mushroom"},
	{"🍎", "apple"},
	{"🍌", "banana"},
	{"🍒", "cherries"},
	{"🍋", "lemon"},
	{"🍇", "grapes"},
	{"🥕", "carrot"},
	{"🌽", "sweetcorn"},
	{"🍞", "bread"},
	{"🧀", "cheese"},
	{"🍕", "pizza"},
	{"🌈", "rainbow"},
	{"🌙", "moon"},
	{"⭐", "star"},
	{"🔥", "fire"},
	{"🌋", "volcano"},
	{"🏠", "house"},
	{"🏰", "castle"},
	{"⛵", "sailing boat"},
	{"🚂", "steam train"},
	{"🚗", "car"},
	{"🚲", "bicycle"},
	{"🚜", "tractor"},
	{"🚀", "rocket"},
	{"🎈", "balloon"},
	{"⛺", "tent"},
	{"🌍", "globe"},
	{"🎩", "top hat"},
	{"👑", "crown"},
	{"👢", "boot"},
	{"🧦", "socks"},
	{"🔑", "door key"},
	{"🔔", "bell"},
	{"🔨", "hammer"},
	{"📷", "photo camera"},
	{"📖", "book"},
	{"💡", "light bulb"},
	{"🎁", "present"},
	{"🎸", "guitar"},
	{"🎺", "trumpet"},
	{"🥁", "drum"},
	{"🎲", "die"},
	{"⚓", "anchor"},
}
