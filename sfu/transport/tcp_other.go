//go:build !linux

package transport

import "net"

func limitUnsent(net.Conn) {}
