package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenRecording(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/e2ee/recording.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Passphrase, File string }
	if err = json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString(v.File)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "m.webm.sealed")
	if err := os.WriteFile(file, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	out := strings.TrimSuffix(file, ".sealed")
	var stdout, stderr strings.Builder
	open := func(passphrase string) error {
		return openRecording(openCommand{File: file}, strings.NewReader(passphrase+"\n"), &stdout, &stderr)
	}
	if err := open("something else"); err == nil {
		t.Error("a wrong passphrase opens it")
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("something was left behind: %v", err)
	}
	if err := open(v.Passphrase); err != nil {
		t.Fatal(err)
	}
	if video, err := os.ReadFile(out); err != nil || string(video) != "firstand the last" {
		t.Errorf("%q, %v", video, err)
	}
	if err := open(v.Passphrase); err == nil {
		t.Error("it wrote over a file that was there")
	}
	if strings.Contains(stdout.String()+stderr.String(), v.Passphrase) {
		t.Error("the passphrase is printed")
	}
	if err := os.Truncate(file, int64(len(sealed)-1)); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.webm")
	if err := openRecording(openCommand{File: file, Out: cut}, strings.NewReader(v.Passphrase), &stdout, &stderr); err == nil {
		t.Error("a recording that is cut short is told to be whole")
	}
	if video, err := os.ReadFile(cut); err != nil || string(video) != "first" {
		t.Errorf("%q, %v", video, err)
	}
}
