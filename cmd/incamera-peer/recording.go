package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"incamera/e2ee/recording"
)

type openCommand struct {
	File string `arg:"" type:"existingfile" help:"The sealed recording."`
	Out  string `arg:"" optional:"" help:"Where to write the video; the name without .sealed by default. It must not exist yet."`
}

// openRecording reads the passphrase from the first line of in. What was
// written of a recording that turns out to be altered is deleted; of one that
// is cut short it is kept.
func openRecording(o openCommand, in io.Reader, stdout, stderr io.Writer) error {
	out := o.Out
	if out == "" {
		name, ok := strings.CutSuffix(o.File, ".sealed")
		if !ok {
			return &usageError{fmt.Errorf("%s does not end in .sealed: say where to write the video", o.File)}
		}
		out = name
	}
	src, err := os.Open(o.File)
	if err != nil {
		return fmt.Errorf("opening the recording: %w", err)
	}
	defer func() { _ = src.Close() }() // it was read
	fmt.Fprint(stderr, "Passphrase: ")
	passphrase, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the passphrase: %w", err)
	}
	passphrase = strings.TrimSpace(passphrase)
	dst, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the video: %w", err)
	}
	err = recording.Open(dst, bufio.NewReaderSize(src, 1<<20), passphrase)
	if closed := dst.Close(); err == nil && closed != nil {
		err = fmt.Errorf("writing the video: %w", closed)
	}
	if err != nil && !errors.Is(err, recording.ErrCutShort) {
		return errors.Join(err, os.Remove(out))
	}
	_, _ = fmt.Fprintln(stdout, out) // the file is there whoever reads this
	return err
}
