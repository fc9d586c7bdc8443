package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthCommand asks a running server, for containers that hold no other
// program.
type healthCommand struct {
	Metrics string `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"The server's address for metrics. Default: ${default}."`
}

func (h *healthCommand) run() error {
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Get("http://" + h.Metrics + "/readyz")
	if err != nil {
		return fmt.Errorf("asking the server: %w; is it running, and with --metrics %s?", err, h.Metrics)
	}
	defer func() { _ = res.Body.Close() }() // read as far as it matters
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 256)) // the status says enough
		return fmt.Errorf("the server takes no meetings: %s", strings.TrimSpace(string(text)))
	}
	return nil
}
