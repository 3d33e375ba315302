// An echo server in Go, with a goroutine and a buffer per client.
package main

import (
	"fmt"
	"net"
	"os"
)

const chunk = 65536

func echo(client net.Conn) {
	defer client.Close()
	buffer := make([]byte, chunk)
	for {
		length, err := client.Read(buffer)
		if err != nil {
			return
		}
		if _, err := client.Write(buffer[:length]); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "listening on 127.0.0.1 port", listener.Addr().(*net.TCPAddr).Port)
	for {
		// Go sets TCP_NODELAY by default (net, TCPConn.SetNoDelay).
		if client, err := listener.Accept(); err == nil {
			go echo(client)
		}
	}
}
