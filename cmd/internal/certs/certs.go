// Package certs serves TLS with certificate files that somebody renews while the program runs.
//
// The files are read again by a handshake, at most once a second, and by whoever asks for [Keeper.Status]. New ones are
// served from then on where they can be used; else the old ones are, and the status says why. Certificate and key that
// do not belong together, as between the writing of one and the other, are such ones.
package certs

import (
	"cmp"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"qingkong/alerts/refusal"
)

// Files are PEM files of one listener.
type Files struct {
	Setting  string // under which they stand in the settings, like http.tls
	Cert     string // the server's certificate, then those between it and its authority
	Key      string
	ClientCA string // authorities of which every client needs a certificate; empty = none needs one
}

// Options are the options of a keeper; all of them have defaults.
type Options struct {
	Now func() time.Time // time.Now
	Log *slog.Logger     // none
}

// lookEvery is how often handshakes have the files read.
const lookEvery = time.Second

// Keeper serves one listener. Its methods may be called from any goroutine.
type Keeper struct {
	files Files
	now   func() time.Time
	log   *slog.Logger

	served atomic.Pointer[material]

	mu     sync.Mutex // held while the files are read
	looked time.Time
	wrong  *refusal.Field // why the files' content is not served; nil while it is
	since  time.Time      // of that
}

// Open reads the files. Those that nobody could be served with are refused, with the setting and what to do. A
// certificate that has expired is served: the program is needed all the same, and the status says so.
func Open(f Files, opt Options) (*Keeper, error) {
	k := &Keeper{files: f, now: opt.Now, log: cmp.Or(opt.Log, slog.New(slog.DiscardHandler))}
	if k.now == nil {
		k.now = time.Now
	}
	m, wrong := read(f, nil)
	if wrong != nil {
		return nil, refusal.Input([]refusal.Field{*wrong})
	}
	k.looked = k.now()
	k.served.Store(m)
	return k, nil
}

// Config is for a listener: TLS 1.2 and later, with these protocols above it.
func (k *Keeper) Config(protocols ...string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &k.current().cert, nil }}
	if k.files.ClientCA == "" {
		return c
	}
	own := func(m *material) *tls.Config {
		c := c.Clone()
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, m.clients
		c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &m.cert, nil }
		return c
	}
	base := own(k.current())
	// A configuration of its own for each set of files: a resumed session is judged by the authorities of now.
	var mu sync.Mutex
	last, made := k.current(), base.Clone()
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		m := k.current()
		mu.Lock()
		defer mu.Unlock()
		if m != last {
			last, made = m, own(m)
		}
		return made, nil
	}
	return base
}

// current is the material that is served now. A handshake never waits for another that reads the files.
func (k *Keeper) current() *material {
	if k.mu.TryLock() {
		if now := k.now(); now.Sub(k.looked).Abs() >= lookEvery {
			k.look(now)
		}
		k.mu.Unlock()
	}
	return k.served.Load()
}

// look reads the files and serves their content, or notes why not. It is called with the lock held.
func (k *Keeper) look(now time.Time) {
	k.looked = now
	old := k.served.Load()
	m, wrong := read(k.files, old)
	if wrong == nil && m != old && !m.validAt(now) && old.validAt(now) {
		wrong = m.notNow(k.files)
	}
	if wrong != nil {
		if k.wrong == nil {
			k.since = now
		}
		k.wrong = wrong
		return
	}
	k.wrong = nil
	if m == old {
		return
	}
	k.served.Store(m)
	k.log.Info("a new certificate is served", "setting", k.files.Setting, "file", k.files.Cert, "names", m.names, "serial",
		m.serial, "not_after", m.to)
}

// Status is how the certificate of a listener is.
type Status struct {
	Files
	From, Until time.Time      // validity of the served certificate, its chain and the clients' authorities included
	Wrong       *refusal.Field // why the files' present content is not served; nil while it is
	Since       time.Time      // of Wrong
}

// Status reads the files.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.look(k.now())
	m := k.served.Load()
	return Status{Files: k.files, From: m.from, Until: m.to, Wrong: k.wrong, Since: k.since}
}
