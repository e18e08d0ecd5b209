// Package natstest is a NATS server with JetStream for tests: in this process, on a folder, without a listener.
package natstest

import (
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Server is a server that runs, with a connection to it.
type Server struct {
	NC *nats.Conn
	JS jetstream.JetStream

	srv  *server.Server
	stop sync.Once
}

// Start starts a server on the folder. It runs until Stop or the test's end.
func Start(t testing.TB, dir string) *Server {
	t.Helper()
	return StartSmall(t, dir, 0)
}

// StartSmall starts a server whose streams may take no more than a number of bytes, as on a disk that is full then.
func StartSmall(t testing.TB, dir string, bytes int64) *Server {
	t.Helper()
	return run(t, &server.Options{StoreDir: dir, DontListen: true, JetStreamMaxStore: bytes})
}

// StartTCP starts a server that listens on a free port of the loopback.
func StartTCP(t testing.TB, dir string) *Server {
	t.Helper()
	return run(t, &server.Options{StoreDir: dir, Host: "127.0.0.1", Port: server.RANDOM_PORT})
}

func run(t testing.TB, opt *server.Options) *Server {
	t.Helper()
	opt.JetStream, opt.NoSigs, opt.NoLog = true, true, true
	srv, err := server.NewServer(opt)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{srv: srv}
	srv.Start()
	t.Cleanup(s.Stop)
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server not ready")
	}
	s.NC, s.JS = s.Connect(t)
	return s
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.srv.Addr().String() }

// Dial connects over TCP as the program does with an external server, until the test's end at most.
func Dial(t testing.TB, addr string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	return connect(t, "nats://"+addr, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.ReconnectBufSize(-1))
}

// Connect makes another connection, until the test's end at most.
func (s *Server) Connect(t testing.TB) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	return connect(t, "", nats.InProcessServer(s.srv))
}

func connect(t testing.TB, url string, opts ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// Stop ends the server and its first connection, and returns when its files are closed.
func (s *Server) Stop() {
	s.stop.Do(func() {
		if s.NC != nil {
			s.NC.Close()
		}
		s.srv.Shutdown()
		s.srv.WaitForShutdown()
	})
}
