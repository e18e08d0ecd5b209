package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"qingkong/cmd/internal/certs/certstest"
)

// tlsServer is a server of NATS with TLS, for the agent of E0001.
func tlsServer(t *testing.T, ca *certstest.CA, port int, change func(*server.Options)) *server.Server {
	t.Helper()
	pair := ca.Issue(certstest.Leaf{})
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	opts := &server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
		Users:     []*server.User{{Username: "coordinator", Password: "c"}, {Username: "E0001", Password: "right"}}}
	if change != nil {
		change(opts)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server did not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// serveTLS is a coordinator on such a server.
func serveTLS(t *testing.T, s *server.Server) *coordinator {
	t.Helper()
	c := &coordinator{t: t, server: s, answers: make(chan string, 64), pulls: make(chan string, 64)}
	var err error
	if c.nc, err = nats.Connect("", nats.InProcessServer(s), nats.UserInfo("coordinator", "c")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.nc.Close)
	for _, prefix := range prefixes {
		c.subscribe(prefix+"answer.*", func(m *nats.Msg) { c.answers <- string(m.Data); c.reply(m, accepted("", "")) })
		c.subscribe(prefix+"pending.*", func(m *nats.Msg) { c.reply(m, nothing("")); c.pulls <- m.Subject })
	}
	if err := c.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return c
}

// With the authority of the server's certificate the agent takes and acknowledges orders over TLS, whatever the address
// begins with.
func TestAgentOverTLS(t *testing.T) {
	ca, clients := certstest.NewCA(t), certstest.NewCA(t)
	cert, key := clients.Issue(certstest.Leaf{}).Write(t, t.TempDir())
	for name, c := range map[string]struct {
		scheme string
		change func(*server.Options)
		more   []string
	}{
		"a tls address":  {"tls://", nil, nil},
		"a nats address": {"nats://", nil, nil},
		"client certificates": {"tls://", func(o *server.Options) {
			o.TLSConfig.ClientAuth, o.TLSConfig.ClientCAs = tls.RequireAndVerifyClientCert, clients.Pool()
		}, []string{"--cert", cert, "--key", key}},
		"TLS first": {"tls://", func(o *server.Options) { o.TLSHandshakeFirst = true }, []string{"--tls-first"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tlsServer(t, ca, -1, c.change)
			co := serveTLS(t, s)
			a := startAgent(t, c.scheme+s.Addr().String(), "right",
				append([]string{"--auto-acknowledge", "--ca", ca.File}, c.more...)...)
			expect(t, "status", a.logs, "已连接")
			expectAll(t, "pull", co.pulls, "qingkong.pending.E0001", "qingkong.drill.pending.E0001")
			co.push("qingkong.order.E0001", event("issued", testOrder(1, "open", "awaiting", false)))
			expect(t, "line", a.lines, "W20161216-01-E0001-1")
			expect(t, "answer", co.answers, "receive")
			expect(t, "answer", co.answers, "acknowledge")
		})
	}
}

// What keeps TLS from coming about is said with what to do, and nothing is sent before it is there.
func TestAgentSaysWhatIsWrongWithTLS(t *testing.T) {
	ca, clients := certstest.NewCA(t), certstest.NewCA(t)
	s := tlsServer(t, ca, -1, nil)
	plain := startServer(t, -1)
	asks := tlsServer(t, ca, -1, func(o *server.Options) {
		o.TLSConfig.ClientAuth, o.TLSConfig.ClientCAs = tls.RequireAndVerifyClientCert, clients.Pool()
	})
	elsewhere := tlsServer(t, ca, -1, func(o *server.Options) {
		pair := ca.Issue(certstest.Leaf{Names: []string{"qk.example.gov.cn"}})
		cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	none := filepath.Join(t.TempDir(), "none.pem")
	for name, c := range map[string]struct {
		url  string
		more []string
		want string
	}{
		"another authority":     {"tls://" + s.Addr().String(), []string{"--ca", clients.File}, "not trusted"},
		"no authority":          {"nats://" + s.Addr().String(), nil, "--ca"},
		"another name":          {"tls://" + elsewhere.Addr().String(), []string{"--ca", ca.File}, "qk.example.gov.cn"},
		"a server without TLS":  {"nats://" + plain.Addr().String(), []string{"--ca", ca.File}, "does not speak TLS"},
		"no client certificate": {"tls://" + asks.Addr().String(), []string{"--ca", ca.File}, "--cert"},
		"no file":               {"tls://" + s.Addr().String(), []string{"--ca", none}, none},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t, c.url, "right", c.more...)
			if code := next(t, "exit", a.code); code != exitFailed {
				t.Errorf("exit %d, want 1", code)
			}
			if line := next(t, "error", a.logs); !strings.HasPrefix(line, "error: ") || !strings.Contains(line, c.want) {
				t.Errorf("stderr %q, want %q in it", line, c.want)
			}
		})
	}
}

// A server that comes back with a certificate of another authority is not talked to, and the agent says why.
func TestAgentSaysWhyItDoesNotComeBack(t *testing.T) {
	ca := certstest.NewCA(t)
	co := serveTLS(t, tlsServer(t, ca, -1, nil))
	a := startAgent(t, "tls://"+co.server.Addr().String(), "right", "--ca", ca.File)
	expect(t, "status", a.logs, "已连接")
	port := co.away()
	tlsServer(t, certstest.NewCA(t), port, nil)
	await(t, "status", a.logs, "证书不可信")
}

// The commands speak to a server over TLS with its authority, and say what is wrong where they do not; a token is not
// sent then.
func TestCommandsOverTLS(t *testing.T) {
	ca, clients, other := certstest.NewCA(t), certstest.NewCA(t), certstest.NewCA(t)
	pair := ca.Issue(certstest.Leaf{})
	served, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 16)
	serve := func(needs *x509.CertPool) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- r.URL.Path
			_, _ = w.Write([]byte(`{"items":[],"next":"","total":0}`))
		}))
		s.TLS, s.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{served}}, log.New(io.Discard, "", 0)
		if needs != nil {
			s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, needs
		}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	open, closed := serve(nil), serve(clients.Pool())
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	cert, key := clients.Issue(certstest.Leaf{}).Write(t, t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		url  string
		more []string
		code int
		want string
	}{
		"the authority":          {open, []string{"--ca", ca.File}, exitOK, ""},
		"a client's certificate": {closed, []string{"--ca", ca.File, "--cert", cert, "--key", key}, exitOK, ""},
		"no authority":           {open, nil, exitFailed, "--ca"},
		"another authority":      {open, []string{"--ca", other.File}, exitFailed, "not trusted"},
		"no client certificate":  {closed, []string{"--ca", ca.File}, exitFailed, "--cert"},
		"another client's": {closed, []string{"--ca", ca.File, "--cert", cert, "--key", other.File}, exitFailed,
			"--key"},
		"half of a pair": {closed, []string{"--ca", ca.File, "--cert", cert}, exitUsage, "--key"},
		"no TLS there": {"https://" + strings.TrimPrefix(plain.URL, "http://"), []string{"--ca", ca.File},
			exitFailed, "does not speak TLS"},
		"an address without TLS":   {plain.URL, []string{"--ca", ca.File}, exitUsage, "https://"},
		"TLS where none was meant": {"http://" + strings.TrimPrefix(open, "https://"), nil, exitFailed, "https://"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := execute(t.Context(), append([]string{"warning", "list", "--server", c.url, "--token-file", token},
				c.more...), &out, &errs)
			if code != c.code || !strings.Contains(errs.String(), c.want) || strings.Contains(errs.String(), "idempotency") {
				t.Errorf("exit %d, want %d; said %q, want %q in it", code, c.code, errs.String(), c.want)
			}
			if n := len(asked); (n > 0) != (c.code == exitOK) {
				t.Errorf("the server was asked %d times", n)
			}
			for len(asked) > 0 {
				<-asked
			}
		})
	}
	// Of an act, too, it is known that nothing was done.
	var out, errs bytes.Buffer
	code := execute(t.Context(), []string{"warning", "lift", "W20161216-01", "--revision", "1", "--reason", "x",
		"--server", open, "--token-file", token}, &out, &errs)
	if code != exitFailed || strings.Contains(errs.String(), "idempotency") ||
		!strings.Contains(errs.String(), "Nothing was sent") {
		t.Errorf("exit %d, said %q", code, errs.String())
	}
}
