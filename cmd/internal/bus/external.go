package bus

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"qingkong/alerts/refusal"
)

// Login is a user of an external server.
type Login struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Credentials is the JSON form of the credentials file for an external server. With user and password alone
// everything runs in that user's account and the server's own users apply; so it does with a NATS .creds file.
// Otherwise user and password are those of the journal's account.
type Credentials struct {
	Login
	Public   *Login   `json:"public,omitempty"`   // all rights in the account outside users share
	Officers *Login   `json:"officers,omitempty"` // all rights in the account of duty, approver and admin
	Viewers  *Login   `json:"viewers,omitempty"`  // all rights in the account of viewers and inspectors
	System   *Login   `json:"system,omitempty"`   // system account; without it [Bus.Kick] cannot close connections
	Callout  *Callout `json:"callout,omitempty"`  // needs Public

	// Readers is of a file that was made before there were two accounts of readers and one of feeders. It starts, without
	// streams and without feeders.
	Readers *Login `json:"readers,omitempty"`

	file string // a .creds file
}

// Callout is the access to an external server's auth callout.
type Callout struct {
	Login
	IssuerSeed string `json:"issuer_seed"`        // seed (SA…) of the issuer in the server's auth_callout block
	Account    string `json:"account"`            // account that users are placed in; "PUBLIC" when empty
	Feeders    string `json:"feeders,omitempty"`  // account of feeders; without it they are refused
	Officers   string `json:"officers,omitempty"` // accounts of the streams' readers; without them they have no stream
	Viewers    string `json:"viewers,omitempty"`
	Readers    string `json:"readers,omitempty"`   // see [Credentials]
	XKeySeed   string `json:"xkey_seed,omitempty"` // seed (SX…) of its xkey, when requests are encrypted
}

func readCredentials(path string) (Credentials, error) {
	if path == "" {
		return Credentials{}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("bus: credentials: %w", err)
	}
	c, err := parseCredentials(data)
	if err != nil {
		return Credentials{}, fmt.Errorf("bus: credentials %s: %w", path, err)
	}
	if c == nil {
		return Credentials{file: path}, nil
	}
	return *c, nil
}

// parseCredentials reads the JSON form; nil without an error is a NATS .creds file, which nats.go reads itself.
func parseCredentials(data []byte) (*Credentials, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		if bytes.Contains(data, []byte("-----BEGIN NATS USER JWT-----")) {
			return nil, nil
		}
		return nil, errors.New(`neither a NATS .creds file nor JSON {"user","password"}`)
	}
	var c Credentials
	if err := refusal.Unmarshal(data, &c); err != nil {
		return nil, err
	}
	logins := map[string]*Login{"": &c.Login, "public.": c.Public, "officers.": c.Officers, "viewers.": c.Viewers,
		"readers.": c.Readers, "system.": c.System}
	if c.Callout != nil {
		logins["callout."] = &c.Callout.Login
		switch {
		case c.Public == nil:
			return nil, errors.New(`"callout" needs "public", the user in the account that clients are placed in`)
		case (c.Officers == nil) != (c.Callout.Officers == "") || (c.Viewers == nil) != (c.Callout.Viewers == ""):
			return nil, errors.New(`"officers" and "callout.officers" go together, and so do "viewers" and "callout.viewers": the user in that account, and its name`)
		}
	}
	for place, l := range logins {
		if l != nil && l.User == "" {
			return nil, fmt.Errorf("%q is missing", place+"user")
		}
	}
	return &c, nil
}

func (b *Bus) connectExternal() (err error) {
	if b.creds, err = readCredentials(b.cfg.CredsFile); err != nil {
		return err
	}
	in := cmp.Or(b.creds.Public, &b.creds.Login)
	logins := map[string]*Login{"journal": &b.creds.Login, "public": b.creds.Public, "inbox": in, "feed": in,
		"officers": b.creds.Officers, "viewers": b.creds.Viewers, "system": b.creds.System}
	for _, part := range parts {
		if login := logins[part]; login != nil {
			if err := b.connectURL(part, *login); err != nil {
				return err
			}
		}
	}
	b.conns["public"] = cmp.Or(b.conns["public"], b.conns["journal"])
	if b.creds.Callout != nil {
		return b.connectCallout(*b.creds.Callout)
	}
	return nil
}

func (b *Bus) connectCallout(c Callout) (err error) {
	seed, err := nkeys.FromSeed([]byte(c.IssuerSeed))
	if err != nil {
		return errors.New(`bus: credentials: "callout.issuer_seed" is not an nkey seed (SA…)`)
	}
	if b.issuer, err = newIssuer(seed); err != nil {
		return err
	}
	if c.XKeySeed != "" {
		if b.xkey, err = nkeys.FromCurveSeed([]byte(c.XKeySeed)); err != nil {
			return errors.New(`bus: credentials: "callout.xkey_seed" is not the seed of an xkey (SX…)`)
		}
	}
	b.targets = targets{public: cmp.Or(c.Account, accountPublic), feeders: c.Feeders, officers: c.Officers,
		viewers: c.Viewers}
	for setting, account := range map[string]string{"callout.feeders": c.Feeders, "callout.officers": c.Officers,
		"callout.viewers": c.Viewers} {
		if account == "" {
			b.log.Warn("the credentials file lacks an account, see docs/nats-external.conf: without callout.feeders feeders are refused over NATS, "+
				"without officers and viewers these have no streams", "lacks", setting)
		}
	}
	return b.connectURL("auth", c.Login)
}

func (b *Bus) connectURL(part string, login Login) error {
	opts := b.options(part)
	b.own[login.User] = true
	switch {
	case b.creds.file != "":
		opts = append(opts, nats.UserCredentials(b.creds.file))
	case login.User != "":
		opts = append(opts, nats.UserInfo(login.User, login.Password))
	}
	if b.cfg.CAFile != "" {
		opts = append(opts, nats.RootCAs(b.cfg.CAFile))
	}
	nc, err := nats.Connect(b.cfg.URL, opts...)
	if cert := (*tls.CertificateVerificationError)(nil); errors.As(err, &cert) {
		err = fmt.Errorf("its certificate is not trusted (name its authority with nats.ca or --nats-ca): %w", err)
	}
	if err != nil {
		return fmt.Errorf("bus: connect to the external server as %s: %w", part, err)
	}
	b.conns[part] = nc
	return nil
}
