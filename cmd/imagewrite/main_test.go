package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program is the header of a static one, for a machine by its number in ELF.
func program(t *testing.T, machine elf.Machine, interpreted bool) string {
	t.Helper()
	h := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56, Shentsize: 64,
	}
	var b bytes.Buffer
	if interpreted {
		h.Phoff, h.Phnum = 64, 1
	}
	_ = binary.Write(&b, binary.LittleEndian, h) // a buffer takes all
	if interpreted {
		_ = binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_INTERP)})
	}
	file := filepath.Join(t.TempDir(), "incamera")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func untar(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestImage follows the layout from its index to the program of each
// architecture, by digests and sizes, as an engine does.
func TestImage(t *testing.T) {
	roots := filepath.Join(t.TempDir(), "roots")
	if err := os.WriteFile(roots, []byte("authorities"), 0o600); err != nil {
		t.Fatal(err)
	}
	binaries := map[string]string{"amd64": program(t, elf.EM_X86_64, false), "arm64": program(t, elf.EM_AARCH64, false)}
	write := func() []byte {
		i := newImage("v1", time.Unix(1_800_000_000, 0).UTC())
		for _, arch := range []string{"amd64", "arm64"} {
			if err := i.add(binaries[arch], roots); err != nil {
				t.Fatal(err)
			}
		}
		b, err := i.archive()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	archive := write()
	if !bytes.Equal(archive, write()) {
		t.Error("the same input gives other bytes")
	}
	layout := untar(t, archive)
	read := func(d descriptor, mediaType string, into any) []byte {
		t.Helper()
		b := layout["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
		if d.MediaType != mediaType || digestOf(b) != d.Digest || len(b) != d.Size {
			t.Fatalf("%+v names %d bytes of %s", d, len(b), digestOf(b))
		}
		if into != nil {
			if err := json.Unmarshal(b, into); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	var top, all index
	if err := json.Unmarshal(layout["index.json"], &top); err != nil || len(top.Manifests) != 1 || string(layout["oci-layout"]) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Fatalf("%v %s", err, layout["index.json"])
	}
	read(top.Manifests[0], typeIndex, &all)
	if len(all.Manifests) != len(binaries) {
		t.Fatalf("%d architectures", len(all.Manifests))
	}
	for _, d := range all.Manifests {
		var m manifest
		var c config
		read(d, typeManifest, &m)
		read(m.Config, typeConfig, &c)
		zipped, err := gzip.NewReader(bytes.NewReader(read(m.Layers[0], typeLayer, nil)))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(zipped)
		if err != nil || digestOf(plain) != c.RootFS.DiffIDs[0] {
			t.Errorf("%v; the layer is %s, the configuration names %v", err, digestOf(plain), c.RootFS.DiffIDs)
		}
		want, err := os.ReadFile(binaries[d.Platform.Architecture])
		if err != nil {
			t.Fatal(err)
		}
		files := untar(t, plain)
		if !bytes.Equal(files["incamera"], want) || string(files["etc/ssl/certs/ca-certificates.crt"]) != "authorities" {
			t.Errorf("%s: another program, or no authorities", d.Platform.Architecture)
		}
		if c.Architecture != d.Platform.Architecture || c.Config.User != "65532:65532" || c.Config.Entrypoint[0] != "/incamera" {
			t.Errorf("%+v", c)
		}
	}
}

// TestRefused: nothing is made of what would not run in it.
func TestRefused(t *testing.T) {
	i := newImage("v1", time.Time{})
	for name, file := range map[string]string{"another machine": program(t, elf.EM_RISCV, false), "one that needs a library": program(t, elf.EM_X86_64, true), "no program": "main.go", "nothing": "gone"} {
		if err := i.add(file, ""); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestSameAsDockerfile: both make one image.
func TestSameAsDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"USER 65532:65532", "EXPOSE 8080/tcp 8080/udp", `ENTRYPOINT ["/incamera"]`, `CMD ["serve", "--listen", "0.0.0.0:8080", "--tls", "self-signed"]`,
		"/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the Dockerfile has no line %q", line)
		}
	}
}
