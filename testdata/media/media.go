// Package media holds what headless participants send: a test picture of 8 s
// in VP8, 320×180 with 15 frames/s and a key frame each second, and a tone of
// 523 Hz and 2 s in Opus. testdata/README.md says how they were made.
package media

import _ "embed" // of the files below

// Clip is the picture, an IVF file.
//
//go:embed clip.ivf
var Clip []byte

// Tone is the sound, an Ogg file with one packet of 20 ms per page.
//
//go:embed tone.ogg
var Tone []byte
