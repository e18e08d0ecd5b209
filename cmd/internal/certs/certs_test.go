package certs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/certs/certstest"
)

// world is a keeper over files of its own, with a clock that the test moves.
type world struct {
	t     *testing.T
	ca    *certstest.CA
	dir   string
	files Files
	late  atomic.Int64 // the clock's lead
	k     *Keeper
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, ca: certstest.NewCA(t), dir: t.TempDir()}
	cert, key := w.ca.Issue(certstest.Leaf{}).Write(t, w.dir)
	w.files = Files{Setting: "http.tls", Cert: cert, Key: key}
	return w
}

func (w *world) open() *world {
	w.t.Helper()
	var err error
	w.k, err = Open(w.files, Options{Now: func() time.Time { return time.Now().Add(time.Duration(w.late.Load())) }})
	if err != nil {
		w.t.Fatal(err)
	}
	return w
}

func (w *world) pass(d time.Duration) { w.late.Add(int64(d)) }

// greeted does a handshake as a client that trusts an authority, and returns the serial number that it was shown.
func (w *world) greeted(trust *certstest.CA, own ...tls.Certificate) (string, error) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	ended := make(chan error, 1)
	go func() {
		c := tls.Server(there, w.k.Config())
		err := c.Handshake()
		if err == nil {
			_, err = c.Write([]byte("x"))
		}
		_ = there.Close()
		ended <- err
	}()
	c := tls.Client(here, &tls.Config{RootCAs: trust.Pool(), ServerName: "localhost", Certificates: own})
	err := c.Handshake()
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	_ = here.Close()
	err = errors.Join(err, <-ended)
	if err != nil {
		return "", err
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Text(16), nil
}

func (w *world) mustGreet(what, serial string) {
	w.t.Helper()
	if got, err := w.greeted(w.ca); err != nil || got != serial {
		w.t.Fatalf("%s: shown %s (%v), want %s", what, got, err, serial)
	}
}

func TestARenewedCertificateIsServedAtTheNextHandshake(t *testing.T) {
	w := newWorld(t)
	first := w.ca.Issue(certstest.Leaf{})
	first.Write(t, w.dir)
	w.open().mustGreet("at the start", first.Serial)
	second := w.ca.Issue(certstest.Leaf{})
	second.Write(t, w.dir)
	w.mustGreet("within the second", first.Serial)
	w.pass(lookEvery)
	w.mustGreet("after it", second.Serial)
	if s := w.k.Status(); s.Wrong != nil || s.Until.Before(time.Now().AddDate(0, 11, 0)) {
		t.Errorf("status %+v", s)
	}
}

// Whatever is wrong with the new files, the old are served, the status names the file and what to do, and good ones end
// that.
func TestFilesThatCannotBeUsedLeaveTheOldCertificate(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name, path, rule string
		spoil            func(w *world) error
	}{
		{"no certificate file", "http.tls.cert", "tls.unreadable", func(w *world) error { return os.Remove(w.files.Cert) }},
		{"a folder in its place", "http.tls.key", "tls.unreadable", func(w *world) error {
			return errors.Join(os.Remove(w.files.Key), os.Mkdir(w.files.Key, 0o700))
		}},
		{"half a certificate", "http.tls.cert", "tls.no_certificate",
			func(w *world) error { return os.Truncate(w.files.Cert, 100) }},
		{"an empty key", "http.tls.key", "tls.no_pair", func(w *world) error { return os.Truncate(w.files.Key, 0) }},
		{"a file without end", "http.tls.cert", "tls.unreadable",
			func(w *world) error { return os.Truncate(w.files.Cert, 2<<20) }},
		{"the key of another", "http.tls.key", "tls.no_pair", func(w *world) error {
			return os.WriteFile(w.files.Key, w.ca.Issue(certstest.Leaf{}).Key, 0o600)
		}},
		{"an encrypted key", "http.tls.key", "tls.key_encrypted", func(w *world) error {
			return os.WriteFile(w.files.Key,
				pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), 0o600)
		}},
		{"no names", "http.tls.cert", "tls.no_names",
			func(w *world) error { return w.issue(certstest.Leaf{Names: []string{""}}) }},
		{"one that has expired", "http.tls.cert", "tls.not_now", func(w *world) error {
			return w.issue(certstest.Leaf{From: now.AddDate(-1, 0, 0), Until: now.AddDate(0, 0, -1)})
		}},
		{"one of tomorrow", "http.tls.cert", "tls.not_now",
			func(w *world) error { return w.issue(certstest.Leaf{From: now.AddDate(0, 0, 1)}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			first := w.ca.Issue(certstest.Leaf{})
			first.Write(t, w.dir)
			w.open()
			if err := c.spoil(w); err != nil {
				t.Fatal(err)
			}
			w.pass(time.Minute)
			w.mustGreet("with files that cannot be used", first.Serial)
			s := w.k.Status()
			if s.Wrong == nil || s.Wrong.Path != c.path || s.Wrong.Rule != c.rule || !refusal.Known(c.rule) || s.Since.IsZero() {
				t.Fatalf("status %+v, want %s %s", s.Wrong, c.path, c.rule)
			}
			for _, lang := range []string{"zh-CN", "en"} {
				if text := s.Wrong.Message(lang); !strings.Contains(text, w.dir) || strings.ContainsAny(text, "{}") {
					t.Errorf("%q names no file, or leaves a value out", text)
				}
			}
			if err := os.RemoveAll(w.files.Key); err != nil {
				t.Fatal(err)
			}
			second := w.ca.Issue(certstest.Leaf{})
			second.Write(t, w.dir)
			w.pass(time.Minute)
			w.mustGreet("with good ones", second.Serial)
			if s := w.k.Status(); s.Wrong != nil {
				t.Errorf("status %+v", s.Wrong)
			}
		})
	}
}

func (w *world) issue(l certstest.Leaf) error {
	w.ca.Issue(l).Write(w.t, w.dir)
	return nil
}

// What is not valid yet is served once it is, without the files being touched again.
func TestACertificateOfTomorrowIsServedTomorrow(t *testing.T) {
	w := newWorld(t).open()
	next := w.ca.Issue(certstest.Leaf{From: time.Now().AddDate(0, 0, 1)})
	next.Write(t, w.dir)
	w.pass(25 * time.Hour)
	if s := w.k.Status(); s.Wrong != nil || w.k.served.Load().serial != next.Serial {
		t.Errorf("status %+v, served %s, want %s", s.Wrong, w.k.served.Load().serial, next.Serial)
	}
}

func TestOpenRefusesWhatNobodyCouldBeServedWith(t *testing.T) {
	for name, spoil := range map[string]func(w *world) error{
		"no key":          func(w *world) error { return os.Remove(w.files.Key) },
		"no names":        func(w *world) error { return w.issue(certstest.Leaf{Names: []string{""}}) },
		"no authorities":  func(w *world) error { w.files.ClientCA = w.files.Key; return nil },
		"a pipe for none": func(w *world) error { w.files.Cert = os.DevNull; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := spoil(w); err != nil {
				t.Fatal(err)
			}
			_, err := Open(w.files, Options{})
			var e *refusal.Error
			if !errors.As(err, &e) || len(e.Fields) != 1 || !strings.HasPrefix(e.Fields[0].Path, "http.tls.") {
				t.Errorf("refusal %v", err)
			}
		})
	}
	w := newWorld(t)
	if err := w.issue(certstest.Leaf{From: time.Now().AddDate(-1, 0, 0),
		Until: time.Now().AddDate(0, 0, -1)}); err != nil {
		t.Fatal(err)
	}
	if s := w.open().k.Status(); s.Wrong != nil || s.Until.After(time.Now()) {
		t.Errorf("an expired certificate at the start: %+v", s)
	}
}

// Where clients need certificates, those of the configured authority are let in and nobody else, and a renewed file of
// authorities counts at the next handshake.
func TestClientsNeedACertificateOfTheirAuthority(t *testing.T) {
	w := newWorld(t)
	clients, others := certstest.NewCA(t), certstest.NewCA(t)
	w.files.ClientCA = clients.File
	w.open()
	own, stranger := certificate(t, clients), certificate(t, others)
	if _, err := w.greeted(w.ca); err == nil {
		t.Error("a client without a certificate is let in")
	}
	if _, err := w.greeted(w.ca, stranger); err == nil {
		t.Error("a client with another authority's certificate is let in")
	}
	if _, err := w.greeted(w.ca, own); err != nil {
		t.Errorf("a client with its certificate: %v", err)
	}
	text, err := os.ReadFile(others.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(clients.File, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	if _, err := w.greeted(w.ca, stranger); err != nil {
		t.Errorf("a client of the new authority: %v", err)
	}
	if _, err := w.greeted(w.ca, own); err == nil {
		t.Error("a client of the old authority is let in")
	}
}

func certificate(t *testing.T, ca *certstest.CA) tls.Certificate {
	t.Helper()
	p := ca.Issue(certstest.Leaf{})
	c, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNothingBelowTLS12(t *testing.T) {
	w := newWorld(t).open()
	here, there := net.Pipe()
	defer here.Close()
	go func() { _ = tls.Server(there, w.k.Config()).Handshake(); _ = there.Close() }()
	c := tls.Client(here, &tls.Config{RootCAs: w.ca.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS10,
		MaxVersion: tls.VersionTLS11})
	if err := c.Handshake(); err == nil {
		t.Errorf("a handshake of version %x", c.ConnectionState().Version)
	}
}

// The chain that is shown is good until its first certificate is not.
func TestAChainIsGoodUntilItsFirstEnd(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	pair := w.ca.Issue(certstest.Leaf{})
	soon := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	between := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: soon,
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, between, between, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pair.Cert = append(pair.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	pair.Write(t, w.dir)
	if s := w.open().k.Status(); !s.Until.Equal(soon) {
		t.Errorf("until %s, want %s", s.Until, soon)
	}
}

// The program knows its own listener by the very certificate, whoever signed it and whatever its names are.
func TestTheProgramKnowsItsOwnListener(t *testing.T) {
	w := newWorld(t)
	w.ca.Issue(certstest.Leaf{}).Write(t, w.dir)
	w.open()
	shake := func(server *tls.Config) error {
		ln, err := tls.Listen("tcp", "127.0.0.1:0", server)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			_ = c.(*tls.Conn).Handshake() // what it says is said to the client too
		}()
		c, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", ln.Addr().String(), w.k.Self())
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	if err := shake(w.k.Config()); err != nil {
		t.Errorf("its own: %v", err)
	}
	other := certificate(t, w.ca)
	if err := shake(&tls.Config{Certificates: []tls.Certificate{other}}); !errors.Is(err, errOther) {
		t.Errorf("another of the same authority: %v", err)
	}
}
