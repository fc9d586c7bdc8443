package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBrandSettings(t *testing.T) {
	for _, tc := range []struct{ name, logo, want string }{
		{"", "", ""},
		{"Example & Partners", "", ""},
		{strings.Repeat("é", maxBrandName), "logo.png", ""},
		{"", "logo.png", "needs --brand-name"},
		{strings.Repeat("e", maxBrandName+1), "", "at most"},
		{" Example", "", "can be seen"},
		{"Exam\u202eple", "", "can be seen"},
		{"Exam\nple", "", "can be seen"},
		{"Exam\xffple", "", "at most"},
	} {
		c := validConfig()
		c.BrandName, c.BrandLogo = tc.name, tc.logo
		if err := c.check(); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// picture returns a PNG of that size; noise does not get smaller by packing.
func picture(t *testing.T, width, height int, noise bool) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	if noise {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range m.Pix {
			m.Pix[i] = byte(r.Uint32())
		}
	}
	m.Set(1, 1, color.NRGBA{1, 2, 3, 255})
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestBrandLogo: only a small PNG is a logo, and nothing of the file is served
// but what it shows.
func TestBrandLogo(t *testing.T) {
	whole := picture(t, 64, 32, false)
	for name, tc := range map[string]struct {
		file []byte
		want string
	}{
		"a small PNG":      {whole, ""},
		"with more behind": {append(bytes.Clone(whole), "<script>alert(1)</script>"...), ""},
		"cut short":        {whole[:len(whole)-20], "want a PNG"},
		"of many pixels":   {picture(t, maxLogoSide+1, 4, false), "pixels"},
		"of many bytes":    {picture(t, 256, 256, true), "KiB"},
		"SVG":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "want a PNG"},
		"nothing":          {nil, "want a PNG"},
	} {
		file := filepath.Join(t.TempDir(), "logo.png")
		if err := os.WriteFile(file, tc.file, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := openBrand(&Config{BrandName: "Example", BrandLogo: file})
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err == nil && (bytes.Contains(b.logo, []byte("script")) || !bytes.Equal(decoded(t, b.logo).Pix, decoded(t, whole).Pix)) {
			t.Errorf("%s: what is served is another picture, or more than it", name)
		}
	}
	if _, err := openBrand(&Config{BrandName: "Example", BrandLogo: filepath.Join(t.TempDir(), "none.png")}); err == nil {
		t.Error("a logo that is not there was taken")
	}
}

func decoded(t *testing.T, data []byte) *image.NRGBA {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.NRGBA)
}

// TestBrandIsServed: with the policy of every file, by a fixed type; without a
// brand there is nothing, and that is no error.
func TestBrandIsServed(t *testing.T) {
	logo := picture(t, 8, 8, false)
	for _, tc := range []struct {
		brand        brand
		path         string
		status       int
		kind, answer string
	}{
		{brand{}, brandPath, http.StatusNoContent, "", ""},
		{brand{}, logoPath, http.StatusNoContent, "", ""},
		{brand{name: `</script>"`}, brandPath, http.StatusOK, "application/json", `{"logo":false,"name":"\u003c/script\u003e\""}`},
		{brand{name: "Example", logo: logo}, brandPath, http.StatusOK, "application/json", `{"logo":true,"name":"Example"}`},
		{brand{name: "Example", logo: logo}, logoPath, http.StatusOK, "image/png", string(logo)},
		{brand{name: "Example"}, "/other", http.StatusTeapot, "", ""},
	} {
		h := serveBrand(&tc.brand, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tc.path, nil))
		if w.Code != tc.status || w.Header().Get("Content-Type") != tc.kind || w.Body.String() != tc.answer {
			t.Errorf("%s of %+v: %d %s %q", tc.path, tc.brand.name, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if tc.status == http.StatusTeapot {
			continue
		}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Cross-Origin-Resource-Policy"} {
			if w.Header().Get(name) != securityHeaders[name] {
				t.Errorf("%s: %s is %q", tc.path, name, w.Header().Get(name))
			}
		}
	}
}
