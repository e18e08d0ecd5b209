// Package certstest makes certificates for tests of whatever speaks TLS.
package certstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is an authority of its own.
type CA struct {
	t    testing.TB
	File string // its certificate, as clients are given it

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes an authority.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{t: t, File: filepath.Join(t.TempDir(), "ca.pem")}
	ca.key = newKey(t)
	now := time.Now()
	shape := &x509.Certificate{SerialNumber: serial(t), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, &ca.key.PublicKey, ca.key)
	must(t, err)
	ca.cert, err = x509.ParseCertificate(der)
	must(t, err)
	must(t, os.WriteFile(ca.File, block("CERTIFICATE", der), 0o600))
	return ca
}

// Pool is the authority alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// Leaf are the contents of a certificate. The defaults are localhost and 127.0.0.1, from an hour ago for a year.
type Leaf struct {
	Names       []string // hosts and addresses; a single "" is none
	From, Until time.Time
}

// Pair is a certificate and its key, as PEM.
type Pair struct {
	Cert, Key []byte
	Serial    string // hexadecimal
}

// Issue makes a certificate that server and client may show.
func (ca *CA) Issue(l Leaf) Pair {
	ca.t.Helper()
	now := time.Now()
	if l.Names == nil {
		l.Names = []string{"localhost", "127.0.0.1"}
	}
	if l.From.IsZero() {
		l.From = now.Add(-time.Hour)
	}
	if l.Until.IsZero() {
		l.Until = now.AddDate(1, 0, 0)
	}
	shape := &x509.Certificate{SerialNumber: serial(ca.t), Subject: pkix.Name{CommonName: "test"}, NotBefore: l.From,
		NotAfter:    l.Until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, name := range l.Names {
		if ip := net.ParseIP(name); ip != nil {
			shape.IPAddresses = append(shape.IPAddresses, ip)
		} else if name != "" {
			shape.DNSNames = append(shape.DNSNames, name)
		}
	}
	key := newKey(ca.t)
	der, err := x509.CreateCertificate(rand.Reader, shape, ca.cert, &key.PublicKey, ca.key)
	must(ca.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(ca.t, err)
	return Pair{Cert: block("CERTIFICATE", der), Key: block("PRIVATE KEY", private), Serial: shape.SerialNumber.Text(16)}
}

// Write puts the pair into two files of a folder, in one step each.
func (p Pair) Write(t testing.TB, dir string) (cert, key string) {
	t.Helper()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, text := range map[string][]byte{cert: p.Cert, key: p.Key} {
		must(t, os.WriteFile(path+".new", text, 0o600))
		must(t, os.Rename(path+".new", path))
	}
	return cert, key
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(t, err)
	return n.Add(n, big.NewInt(1))
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
