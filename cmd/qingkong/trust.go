package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/certs"
)

// trust is the authority that a server's certificate must come from, and the certificate that the command shows.
type trust struct{ ca, cert, key string }

// trustFlags are the names of its flags.
var trustFlags = []string{"ca", "cert", "key"}

func (t *trust) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.ca, "ca", "",
		"签发服务器证书的 CA，PEM 文件；缺省为系统的（PEM file with the authority of the server's certificate; default the system's）")
	cmd.Flags().StringVar(&t.cert, "cert", "", "服务器要求时出示的客户端证书（client certificate, where the server asks for one）")
	cmd.Flags().StringVar(&t.key, "key", "", "它的私钥（its key）")
}

// set says whether any of it is given: then there has to be TLS.
func (t *trust) set() bool { return *t != trust{} }

// check refuses half of a pair.
func (t *trust) check() error {
	if (t.cert == "") != (t.key == "") {
		return usage("--cert and --key go together")
	}
	return nil
}

func (t *trust) config() (*tls.Config, error) { return certs.Client(t.ca, t.cert, t.key) }

// natsOptions are the same for a connection that lasts: the files are read anew for each reconnect.
func (t *trust) natsOptions() (opts []nats.Option) {
	if t.ca != "" {
		opts = append(opts, nats.RootCAs(t.ca))
	}
	if t.cert != "" {
		opts = append(opts, nats.ClientCert(t.cert, t.key))
	}
	return opts
}

// tlsTrouble says why no connection with TLS came about, and what to do; nil where the error has another cause. Nothing
// was sent then.
func tlsTrouble(url string, err error) *refusal.Error {
	no := func(rule string) *refusal.Error {
		return refusal.New(refusal.NotReady, rule, refusal.Args{"url": url, "why": oneLine(err.Error())})
	}
	var (
		cert    *tls.CertificateVerificationError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &name):
		trouble := no("tls.other_name")
		names := slices.Clone(name.Certificate.DNSNames)
		for _, ip := range name.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
		trouble.Args["names"] = strings.Join(names, ", ")
		return trouble
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return no("tls.expired")
	case errors.As(err, &cert):
		return no("tls.untrusted")
	case err == nil:
		return nil
	case errors.As(err, &record), errors.Is(err, nats.ErrSecureConnWanted),
		strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return no("tls.none_there")
	// the alert may be lost with the connection
	case errors.As(err, &op) && op.Op == "remote error", errors.Is(err, nats.ErrTLS):
		return no("tls.refused")
	}
	return nil
}
