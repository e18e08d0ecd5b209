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
	srv, err := server.NewServer(&server.Options{JetStream: true, StoreDir: dir, DontListen: true, NoSigs: true, NoLog: true})
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

// Connect makes another connection, until the test's end at most.
func (s *Server) Connect(t testing.TB) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s.srv))
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
