// Command imagewrite writes a container image of the server, for several
// architectures, without an engine: an archive of an OCI image layout, which
// podman, skopeo and Docker (25 and later) load. The same input gives the same
// bytes. It holds what the Dockerfile's last stage does.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("imagewrite: ")
	out := flag.String("o", "incamera.oci.tar", "write to `file`")
	version := flag.String("version", "dev", "the image's `tag`")
	seconds := flag.Int64("time", 0, "when it was made, in `seconds` of Unix time")
	roots := flag.String("roots", "/etc/ssl/certs/ca-certificates.crt", "`file` of authorities that the server trusts when it asks others (ACME, OpenID, webhooks); empty: none")
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("give the server's binaries, one for each architecture")
	}
	i := newImage(*version, time.Unix(*seconds, 0).UTC())
	for _, file := range flag.Args() {
		if err := i.add(file, *roots); err != nil {
			log.Fatal(err)
		}
	}
	archive, err := i.archive()
	if err == nil {
		err = os.WriteFile(*out, archive, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// Media types of OCI image-spec 1.1.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type config struct {
	platform
	Created time.Time `json:"created"`
	Config  struct {
		User         string
		ExposedPorts map[string]struct{}
		Entrypoint   []string
		Cmd          []string
		Labels       map[string]string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// An image is one that grows by architectures.
type image struct {
	version   string
	made      time.Time
	blobs     []blob
	manifests []descriptor
}

type blob struct {
	digest  string
	content []byte
}

func newImage(version string, made time.Time) *image { return &image{version: version, made: made} }

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// keep adds a blob, and returns what names it.
func (i *image) keep(mediaType string, b []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digestOf(b), Size: len(b)}
	for _, have := range i.blobs {
		if have.digest == d.Digest {
			return d
		}
	}
	i.blobs = append(i.blobs, blob{d.Digest, b})
	return d
}

// architectures are those of the machine in a program's header.
var architectures = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// add adds the architecture of a program.
func (i *image) add(file, roots string) error {
	program, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	header, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	arch := architectures[header.Machine]
	if arch == "" {
		return fmt.Errorf("%s is for %v, of which no image is made", file, header.Machine)
	}
	for _, s := range header.Progs {
		if s.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is not static: build it with CGO_ENABLED=0", file)
		}
	}
	files := []tarred{{"incamera", 0o755, program}}
	if roots != "" {
		text, rootsErr := os.ReadFile(roots)
		if rootsErr != nil {
			return fmt.Errorf("reading the authorities: %w; install ca-certificates, or give -roots", rootsErr)
		}
		files = append(files, tarred{"etc/", 0o755, nil}, tarred{"etc/ssl/", 0o755, nil}, tarred{"etc/ssl/certs/", 0o755, nil}, tarred{"etc/ssl/certs/ca-certificates.crt", 0o644, text})
	}
	plain, err := tarOf(files, i.made)
	if err != nil {
		return err
	}
	zipped, err := gzipOf(plain)
	if err != nil {
		return err
	}
	c := config{platform: platform{arch, "linux"}, Created: i.made}
	c.Config.User = "65532:65532"
	c.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}, "8080/udp": {}}
	c.Config.Entrypoint = []string{"/incamera"}
	c.Config.Cmd = []string{"serve", "--listen", "0.0.0.0:8080", "--tls", "self-signed"}
	c.Config.Labels = map[string]string{"org.opencontainers.image.title": "incamera", "org.opencontainers.image.version": i.version}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{digestOf(plain)}
	m := manifest{SchemaVersion: 2, MediaType: typeManifest, Config: i.keep(typeConfig, encode(c)), Layers: []descriptor{i.keep(typeLayer, zipped)}}
	d := i.keep(typeManifest, encode(m))
	d.Platform = &c.platform
	i.manifests = append(i.manifests, d)
	return nil
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("imagewrite: internal error: " + err.Error()) // all of these types can be written
	}
	return b
}

// archive writes the layout.
func (i *image) archive() ([]byte, error) {
	all := i.keep(typeIndex, encode(index{2, typeIndex, i.manifests}))
	all.Annotations = map[string]string{"org.opencontainers.image.ref.name": i.version, "io.containerd.image.name": "localhost/incamera:" + i.version}
	files := []tarred{
		{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", 0o644, encode(index{2, typeIndex, []descriptor{all}})},
		{"blobs/", 0o755, nil},
		{"blobs/sha256/", 0o755, nil},
	}
	for _, b := range i.blobs {
		files = append(files, tarred{"blobs/sha256/" + b.digest[len("sha256:"):], 0o644, b.content})
	}
	return tarOf(files, i.made)
}

// A tarred is a file, or a folder when its name ends with a slash.
type tarred struct {
	name    string
	mode    int64
	content []byte
}

func tarOf(files []tarred, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if f.name[len(f.name)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func gzipOf(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(w, bytes.NewReader(b)); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
