package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"qingkong/cmd/internal/certs/certstest"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
)

// secured is a demo that is served with TLS.
type secured struct {
	*App
	t    *testing.T
	ca   *certstest.CA
	dir  string // of the certificate files
	log  *lines
	made map[string]demo.Credential
}

func startSecured(t *testing.T, change func(*config.Config)) *secured {
	t.Helper()
	s := &secured{t: t, ca: certstest.NewCA(t), dir: t.TempDir(), log: &lines{}}
	cfg := alone(t)
	cert, key := s.ca.Issue(certstest.Leaf{}).Write(t, s.dir)
	cfg.HTTP.TLS = config.TLS{Cert: cert, Key: key}
	cfg.NATS.TLS = cfg.HTTP.TLS
	cfg.Limits.PerSecond, cfg.Limits.Burst = 1_000_000, 1_000_000 // the tests look again and again
	if change != nil {
		change(&cfg)
	}
	s.App = start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}, Log: logTo(s.log)})
	text, err := os.ReadFile(filepath.Join(cfg.Data, folder.DemoCredentials))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s.made); err != nil {
		t.Fatal(err)
	}
	return s
}

// client trusts the authority alone, and shows certificates of its own where it is asked for one.
func (s *secured) client(own ...tls.Certificate) *http.Client {
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), Certificates: own}, DisableKeepAlives: true}
	return &http.Client{Transport: tr, Timeout: patience}
}

// shown is the serial number of the certificate that each listener shows now.
func (s *secured) shown() (http, nats string) {
	s.t.Helper()
	resp, err := s.client().Get("https://" + s.Addr().HTTP + "/healthz")
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	nc, err := s.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	state, err := nc.TLSConnectionState()
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.TLS.PeerCertificates[0].SerialNumber.Text(16), state.PeerCertificates[0].SerialNumber.Text(16)
}

func (s *secured) connect(more ...nats.Option) (*nats.Conn, error) {
	who := s.made["enterprise"]
	return nats.Connect("tls://"+s.Addr().NATS,
		append([]nats.Option{nats.UserInfo(who.User, who.Password), nats.CustomInboxPrefix("_INBOX." + who.Recipient),
			nats.NoReconnect(), nats.Timeout(patience), nats.RootCAs(s.ca.File)}, more...)...)
}

// check is a check of /readyz, as an officer sees it over TLS.
func (s *secured) check(name string) (state, detail string) {
	s.t.Helper()
	req, err := http.NewRequest("GET", "https://"+s.Addr().HTTP+"/readyz", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.made["duty"].Token)
	resp, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var in struct {
		Checks []struct{ Name, State, Detail string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&in); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range in.Checks {
		if c.Name == name {
			return c.State, c.Detail
		}
	}
	s.t.Fatalf("no check %s among %v", name, in.Checks)
	return "", ""
}

// HTTP and NATS are served with TLS; the session's cookie is Secure then, and our own connections have no TLS.
func TestHTTPAndNATSAreServedWithTLS(t *testing.T) {
	s := startSecured(t, nil)
	if web, bus := s.Secure(); !web || !bus {
		t.Errorf("Secure says %t, %t", web, bus)
	}
	body := strings.NewReader(`{"user":"duty","password":"` + s.made["duty"].Password + `"}`)
	resp, err := s.client().Post("https://"+s.Addr().HTTP+"/api/v1/session", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cookies := resp.Cookies()
	if len(cookies) == 0 || resp.TLS == nil || resp.TLS.Version < tls.VersionTLS12 || resp.Proto != "HTTP/1.1" {
		t.Fatalf("login over TLS: %s %s, cookies %v", resp.Proto, resp.Status, cookies)
	}
	for _, c := range cookies {
		if !c.Secure || !c.HttpOnly {
			t.Errorf("cookie %s is not Secure and HttpOnly", c)
		}
	}
	nc, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	msg, err := nc.Request("qingkong.pending."+s.made["enterprise"].Recipient, []byte("{}"), patience)
	if err != nil || !strings.Contains(string(msg.Data), `"orders"`) {
		t.Errorf("a request over TLS: %v %v", msg, err)
	}
	// Ours are in process and stay as they are.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if silence := s.bus.Silent(ctx); silence != nil {
		t.Errorf("a connection of ours gives no answer: %v", silence)
	}
	_, js := s.bus.Journal()
	if state, err := js.Conn().TLSConnectionState(); err == nil {
		t.Errorf("a connection of ours speaks TLS: %v", state.Version)
	}
}

// Who does not speak TLS, or trusts another authority, gets in nowhere, and at HTTP is told why. The log has one line
// of it.
func TestNobodyGetsInWithoutTLS(t *testing.T) {
	s := startSecured(t, nil)
	resp, err := http.Get("http://" + s.Addr().HTTP + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "HTTPS") {
		t.Errorf("plain HTTP is answered %s %s (%v)", resp.Status, text, err)
	}
	other, begun := certstest.NewCA(t), time.Now()
	for range 20 {
		stranger := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: other.Pool()},
			DisableKeepAlives: true}, Timeout: patience}
		var untrusted *tls.CertificateVerificationError
		if _, err := stranger.Get("https://" + s.Addr().HTTP + "/healthz"); !errors.As(err, &untrusted) {
			t.Fatalf("a client of another authority: %v", err)
		}
		nc, err := s.connect(func(o *nats.Options) error { o.RootCAsCB = nil; return nats.RootCAs(other.File)(o) })
		if !errors.As(err, &untrusted) {
			t.Fatalf("a client of NATS of another authority: %v", err)
		}
		nc.Close()
	}
	most := 2 * (2 + int(time.Since(begun)/(10*time.Second))) // of each listener at once, then one in ten seconds
	if lines := len(s.log.with("TLS handshake error")); lines < 1 || lines > most {
		t.Errorf("%d lines of handshakes that failed:\n%s", lines, s.log)
	}
}

// A renewed certificate is served without a restart; files that cannot be used leave the old one in place, which a WARN
// line and the check tls say until they can.
func TestARenewedCertificateIsServed(t *testing.T) {
	t.Parallel()
	s := startSecured(t, nil)
	if state, detail := s.check("tls"); state != "ok" {
		t.Fatalf("check tls is %s: %s", state, detail)
	}
	second := s.ca.Issue(certstest.Leaf{})
	second.Write(t, s.dir)
	eventually(t, "the new certificate at both", func() bool {
		web, bus := s.shown()
		return web == second.Serial && bus == second.Serial
	})
	if err := os.WriteFile(filepath.Join(s.dir, "cert.pem"), []byte("half a cert"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the check to tell of the broken file", func() bool {
		state, detail := s.check("tls")
		return state == "degraded" && strings.Contains(detail, "cert.pem") && strings.Contains(detail, "http.tls.cert")
	})
	if web, bus := s.shown(); web != second.Serial || bus != second.Serial {
		t.Errorf("with a broken file %s and %s are shown, want %s", web, bus, second.Serial)
	}
	if len(s.log.with("level=WARN", "check=tls", "cert.pem")) == 0 {
		t.Errorf("no WARN line tells of the broken file:\n%s", s.log)
	}
	third := s.ca.Issue(certstest.Leaf{Until: time.Now().Add(13 * 24 * time.Hour)})
	third.Write(t, s.dir)
	eventually(t, "the check to tell of the end of the new one", func() bool {
		state, detail := s.check("tls")
		return state == "degraded" && strings.Contains(detail, "还有 12 天")
	})
	eventually(t, "the third certificate", func() bool {
		web, bus := s.shown()
		return web == third.Serial && bus == third.Serial
	})
}

// Where clients need certificates, both listeners ask for them.
func TestClientsShowTheirCertificates(t *testing.T) {
	clients := certstest.NewCA(t)
	s := startSecured(t, func(c *config.Config) {
		c.HTTP.TLS.ClientCA, c.NATS.TLS.ClientCA, c.NATS.HandshakeFirst = clients.File, clients.File, true
	})
	pair := clients.Issue(certstest.Leaf{})
	cert, key := pair.Write(t, t.TempDir())
	own, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := s.client().Get("https://" + s.Addr().HTTP + "/healthz"); err == nil {
		t.Errorf("HTTP without a certificate: %s", resp.Status)
	}
	resp, err := s.client(own).Get("https://" + s.Addr().HTTP + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if nc, err := s.connect(nats.TLSHandshakeFirst()); err == nil {
		nc.Close()
		t.Error("NATS without a certificate")
	}
	nc, err := s.connect(nats.TLSHandshakeFirst(), nats.ClientCert(cert, key))
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
}
