package bus

import (
	"crypto/tls"
	"strings"
	"testing"

	"qingkong/cmd/internal/certs/certstest"
)

// An external server with TLS is reached with its authority, also under a nats:// address; with another's it is not,
// and the error says what to name.
func TestAnExternalServerWithTLS(t *testing.T) {
	ca := certstest.NewCA(t)
	pair := ca.Issue(certstest.Leaf{})
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	opts := jetStreamServer(t)
	opts.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	s := runServer(t, opts)
	creds := writeCredentials(t, map[string]string{"user": "qingkong", "password": "pw"})
	for _, scheme := range []string{"tls", "nats"} {
		url := scheme + "://" + s.Addr().String()
		b, err := Start(Config{URL: url, CredsFile: creds, CAFile: ca.File, Name: "node1"})
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if state, err := b.conns["journal"].TLSConnectionState(); err != nil || len(state.VerifiedChains) == 0 {
			t.Errorf("%s: %v", url, err)
		}
		closeBus(t, b)
		for name, file := range map[string]string{"of the system": "", "another": certstest.NewCA(t).File} {
			if b, err := Start(Config{URL: url, CredsFile: creds, CAFile: file}); err == nil ||
				!strings.Contains(err.Error(), "nats.ca") {
				t.Errorf("%s with authorities %s: %v", url, name, err)
				if err == nil {
					closeBus(t, b)
				}
			}
		}
	}
}

// A server without TLS is not talked to where an authority is named: the password would be readable.
func TestAnAuthorityMeansTLS(t *testing.T) {
	s := runServer(t, jetStreamServer(t))
	creds := writeCredentials(t, map[string]string{"user": "qingkong", "password": "pw"})
	b, err := Start(Config{URL: s.ClientURL(), CredsFile: creds, CAFile: certstest.NewCA(t).File})
	if err == nil {
		closeBus(t, b)
		t.Error("a server without TLS is talked to")
	}
}
