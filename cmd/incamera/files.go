package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"incamera/signaling/files"
)

// openFiles returns where sealed files are kept; nil when there are to be none,
// and when there is neither --data nor a folder for temporary files, as in a
// bare container.
func openFiles(c *Config, log *slog.Logger) (*files.Store, error) {
	if c.MaxFile == 0 {
		return nil, nil
	}
	dir := os.TempDir()
	if c.Data != "" {
		dir = filepath.Join(c.Data, "files")
	}
	limits := files.DefaultLimits()
	limits.File, limits.Room, limits.Total = int64(c.MaxFile)<<20, int64(c.RoomFiles)<<20, int64(c.AllFiles)<<20
	limits.Life = c.FileLife
	s, err := files.New(dir, limits)
	if err != nil && c.Data == "" {
		log.Warn("people cannot send files: there is nowhere to keep them; give --data", "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keeping files in %s: %w; give another --data, or --max-file 0 for a server without files", dir, err)
	}
	return s, nil
}
