package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an operator may show beside our name. More, and it crowds out what people
// are to do on the first screens; the page refuses longer names, too.
const (
	maxBrandName = 40       // characters
	maxLogo      = 64 << 10 // bytes
	maxLogoSide  = 512      // pixels
)

const (
	brandPath = "/brand"
	logoPath  = "/brand.png"
)

// A brand is an operator's own name and logo, which pages show beside ours. It
// is no part of the client: that is the same for everybody, and so is its hash.
type brand struct {
	name string
	logo []byte // PNG; nil: none
}

// checkBrand refuses a name that is not shown as it is written.
func (c *Config) checkBrand() error {
	switch name := c.BrandName; {
	case name == "" && c.BrandLogo != "":
		return errors.New("--brand-logo needs --brand-name: who does not see the logo is told the name")
	case !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxBrandName:
		return fmt.Errorf("--brand-name: want at most %d characters", maxBrandName)
	case name != strings.TrimSpace(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("--brand-name: want characters that can be seen, and none of space at the ends")
	}
	return nil
}

// openBrand reads the logo. What is served is drawn anew from what it shows:
// nothing else that was in the file gets to a browser.
func openBrand(c *Config) (*brand, error) {
	b := &brand{name: c.BrandName}
	if c.BrandLogo == "" {
		return b, nil
	}
	f, err := os.Open(c.BrandLogo)
	if err != nil {
		return nil, fmt.Errorf("--brand-logo: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if b.logo, err = redraw(f); err != nil {
		return nil, fmt.Errorf("--brand-logo %s: %w", c.BrandLogo, err)
	}
	return b, nil
}

func redraw(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxLogo+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxLogo {
		return nil, fmt.Errorf("want a PNG of at most %d KiB", maxLogo>>10)
	}
	size, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("want a PNG: %w", err)
	}
	if size.Width > maxLogoSide || size.Height > maxLogoSide {
		return nil, fmt.Errorf("want at most %d pixels each way, it has %d × %d", maxLogoSide, size.Width, size.Height)
	}
	var picture image.Image
	if picture, err = png.Decode(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("want a PNG: %w", err)
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, picture)
	return out.Bytes(), err
}

// serveBrand serves it beside the rest, under the same policy as every file.
func serveBrand(b *brand, rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	serve := func(path, contentType string, body []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range securityHeaders {
				w.Header().Set(name, value)
			}
			w.Header().Set("Cache-Control", "no-cache")
			if body == nil {
				w.WriteHeader(http.StatusNoContent) // a page asks in any case
				return
			}
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body) // who is gone needs nothing
		})
	}
	serve(brandPath, "application/json", b.words())
	serve(logoPath, "image/png", b.logo)
	mux.Handle("/", rest)
	return mux
}

// words is what pages are told; nil where there is nothing.
func (b *brand) words() []byte {
	if b.name == "" {
		return nil
	}
	out, err := json.Marshal(map[string]any{"name": b.name, "logo": b.logo != nil})
	if err != nil {
		panic("incamera: internal error: " + err.Error())
	}
	return out
}
