package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"incamera/cmd/incamera-peer/client"
)

type probeCommand struct {
	Server string `required:"" help:"The server, such as https://meet.example.org."`
	JSON   bool   `name:"json" help:"Print what was found as JSON."`
}

// probe tells which ways lead to a server, and fails when no meeting could.
func probe(ctx context.Context, p probeCommand, stdout io.Writer) error {
	server, err := origin(p.Server)
	if err != nil {
		return err
	}
	found := client.Probe(ctx, server)
	if p.JSON {
		if err = json.NewEncoder(stdout).Encode(found); err != nil {
			return err
		}
	} else {
		for _, hop := range client.Hops {
			state := "leads to the server"
			if why := found[hop]; why != "" {
				state = "does not: " + string(why)
			}
			fmt.Fprintf(stdout, "%-10s %s\n", hop, state)
		}
	}
	if found[client.HopSocket] != "" || found[client.HopUDP] != "" && found[client.HopTCP] != "" && found[client.HopRelayTLS] != "" {
		return fmt.Errorf("no meeting on %s can be joined from here", server)
	}
	return nil
}
