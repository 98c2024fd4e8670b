// A client and a server of net/http whose sockets speak MPTCP if they are told to, as those of Go listen by default since 1.24. The client
// prints a line a request: its status or `error`, and whether its connection had been used before.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"syscall"
	"time"
)

const mptcp = 262

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// The socket address of `host:port`, and its family.
func socketAddress(address string) (syscall.Sockaddr, int) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	check(err)
	if four := resolved.IP.To4(); four != nil {
		return &syscall.SockaddrInet4{Port: resolved.Port, Addr: *(*[4]byte)(four)}, syscall.AF_INET
	}
	return &syscall.SockaddrInet6{Port: resolved.Port, Addr: *(*[16]byte)(resolved.IP.To16())}, syscall.AF_INET6
}

func listen(protocol int, address string) net.Listener {
	place, family := socketAddress(address)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, protocol)
	check(err)
	check(syscall.Bind(fd, place))
	check(syscall.Listen(fd, 16))
	listener, err := net.FileListener(os.NewFile(uintptr(fd), "listener"))
	check(err)
	return listener
}

func dial(protocol int, address string) (net.Conn, error) {
	place, family := socketAddress(address)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, protocol)
	check(err)
	if err := syscall.Connect(fd, place); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close()
	return net.FileConn(file)
}

func serve(listener net.Listener) {
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		fmt.Println(request.Method, request.URL.Path, len(body))
		fmt.Fprintf(writer, "%s %d", request.URL.Path, len(body))
	})))
}

// How a body is sent: with its length, in chunks, or after a word of the server.
func bodyOf(kind string) io.Reader {
	text := []byte(strings.Repeat("x", 5000))
	switch kind {
	case "chunked":
		return struct{ io.Reader }{bytes.NewReader(text)}
	case "sized", "expect":
		return bytes.NewReader(text)
	}
	return nil
}

// Each of `requests` is METHOD:target:kind of body.
func ask(protocol int, base string, requests []string) {
	transport := &http.Transport{
		ExpectContinueTimeout: time.Second,
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) { return dial(protocol, address) },
	}
	client := &http.Client{Transport: transport, Timeout: 4 * time.Second}
	for _, one := range requests {
		words := strings.SplitN(one, ":", 3)
		request, err := http.NewRequest(words[0], base+words[1], bodyOf(words[2]))
		check(err)
		if words[2] == "expect" {
			request.Header.Set("Expect", "100-continue")
		}
		reused := false
		trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused }}
		answer, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
		if err != nil {
			fmt.Println("error", reused)
			continue
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode, reused)
	}
}

func main() {
	protocol := 0
	if os.Args[2] == "mptcp" {
		protocol = mptcp
	}
	if os.Args[1] == "serve" {
		serve(listen(protocol, os.Args[3]))
	}
	ask(protocol, os.Args[3], os.Args[4:])
}
