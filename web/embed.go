// Package web holds the client that browsers load, as the build left it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the files of the client: index.html, assets/ and what else the
// build wrote, each maybe with compressed twins that end in ".br" and ".gz". Without a
// build there is no index.html.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: internal error: " + err.Error())
	}
	return sub
}
