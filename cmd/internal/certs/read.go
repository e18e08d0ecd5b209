package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// maxFile is larger than any file of certificates that is meant.
const maxFile = 1 << 20

// material is the content of the files at one moment.
type material struct {
	text     [3][]byte // of certificate, key and clients' authorities
	cert     tls.Certificate
	clients  *x509.CertPool
	from, to time.Time
	names    []string
	serial   string
}

func (m *material) validAt(now time.Time) bool { return !now.Before(m.from) && now.Before(m.to) }

// notNow is why a certificate that is not valid yet, or no longer, does not take the place of one that is.
func (m *material) notNow(f Files) *refusal.Field {
	return &refusal.Field{Path: f.Setting + ".cert", Rule: "tls.not_now",
		Args: refusal.Args{"file": f.Cert, "from": day(m.from), "until": day(m.to), "value": f.Cert}}
}

var zone = time.FixedZone("CST", 8*60*60)

func day(t time.Time) string { return t.In(zone).Format(time.DateTime) }

// read reads the files; old comes back where they hold the same. wrong names the setting of the one that cannot be
// used.
func read(f Files, old *material) (m *material, wrong *refusal.Field) {
	no := func(key, rule, file string, why error) (*material, *refusal.Field) {
		return nil, wrongFile(f.Setting+"."+key, rule, file, f.Cert, why)
	}
	m = &material{}
	for i, at := range []struct{ key, file string }{{"cert", f.Cert}, {"key", f.Key}, {"client_ca", f.ClientCA}} {
		if at.file == "" {
			continue
		}
		var err error
		if m.text[i], err = readFile(at.file); err != nil {
			return no(at.key, "tls.unreadable", at.file, err)
		}
	}
	if old != nil && slices.EqualFunc(m.text[:], old.text[:], bytes.Equal) {
		return old, nil
	}
	chain, err := certificates(m.text[0])
	if err != nil {
		return no("cert", "tls.no_certificate", f.Cert, err)
	}
	leaf := chain[0]
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		return no("cert", "tls.no_names", f.Cert, nil)
	}
	var rule string
	if m.cert, rule, err = pair(m.text[0], m.text[1]); err != nil {
		return no("key", rule, f.Key, err)
	}
	m.to, m.serial = leaf.NotAfter, leaf.SerialNumber.Text(16)
	for _, c := range chain {
		m.from, m.to = later(m.from, c.NotBefore), earlier(m.to, c.NotAfter)
	}
	m.names = slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		m.names = append(m.names, ip.String())
	}
	if f.ClientCA != "" {
		authorities, err := certificates(m.text[2])
		if err != nil {
			return no("client_ca", "tls.no_certificate", f.ClientCA, err)
		}
		m.clients = pool(authorities)
		var last time.Time // while one of them is valid, its clients are let in
		for _, c := range authorities {
			last = later(last, c.NotAfter)
		}
		m.to = earlier(m.to, last)
	}
	return m, nil
}

// wrongFile is why a file that a setting or flag names cannot be used; cert is the certificate that it goes with.
func wrongFile(path, rule, file, cert string, why error) *refusal.Field {
	return &refusal.Field{Path: path, Rule: rule,
		Args: refusal.Args{"file": file, "value": file, "cert": cert, "why": why}}
}

// readFile reads a file that is one: a pipe would be waited for.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = errors.New("more than 1 MiB")
	}
	return text, err
}

// certificates are those of a PEM file, at least one.
func certificates(text []byte) (all []*x509.Certificate, err error) {
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("no PEM block CERTIFICATE")
	}
	return all, nil
}

func pool(certificates []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certificates {
		p.AddCert(c)
	}
	return p
}

// encrypted says whether a key needs a passphrase, in either form that there is.
func encrypted(text []byte) bool {
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return false
		}
		if b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
}

// pair is a certificate with its key; where they cannot be used, rule says why.
func pair(cert, key []byte) (own tls.Certificate, rule string, err error) {
	if encrypted(key) {
		return own, "tls.key_encrypted", errors.New("encrypted")
	}
	if own, err = tls.X509KeyPair(cert, key); err != nil {
		return own, "tls.no_pair", errors.New(strings.TrimPrefix(err.Error(), "tls: "))
	}
	return own, "", nil
}

func later(a, b time.Time) time.Time { return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare) }

func earlier(a, b time.Time) time.Time { return slices.MinFunc([]time.Time{a, b}, time.Time.Compare) }

// Client is the configuration of a client. It trusts the authorities of a file alone, the system's where that is empty,
// and shows a certificate where one is named. A refusal names the flag.
func Client(ca, cert, key string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	no := func(flag, rule, file string, err error) (*tls.Config, error) {
		return nil, refusal.Input([]refusal.Field{*wrongFile(flag, rule, file, cert, err)})
	}
	if ca != "" {
		text, err := readFile(ca)
		if err != nil {
			return no("--ca", "tls.unreadable", ca, err)
		}
		authorities, err := certificates(text)
		if err != nil {
			return no("--ca", "tls.no_certificate", ca, err)
		}
		c.RootCAs = pool(authorities)
	}
	if cert == "" {
		return c, nil
	}
	var text [2][]byte
	for i, at := range []struct{ flag, file string }{{"--cert", cert}, {"--key", key}} {
		var err error
		if text[i], err = readFile(at.file); err != nil {
			return no(at.flag, "tls.unreadable", at.file, err)
		}
	}
	own, rule, err := pair(text[0], text[1])
	if err != nil {
		return no("--key", rule, key, err)
	}
	c.Certificates = []tls.Certificate{own}
	return c, nil
}
