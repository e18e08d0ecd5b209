package front

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/certs"
	"qingkong/cmd/internal/config"
)

// resolveWithin bounds the look-up of a listener's host.
const resolveWithin = 10 * time.Second

// listener is one that the settings ask for.
type listener struct {
	setting string
	addr    *string // host:port
	tls     config.TLS
	files   string // the setting of tls
	open    bool   // others than this machine may connect without TLS
	allows  string // the setting of open
}

func listenersOf(cfg *config.Config) []listener {
	open, by := cfg.InsecureListen, "insecure_listen"
	all := []listener{{"listen.http", &cfg.Listen.HTTP, cfg.HTTP.TLS, "http.tls", open, by}}
	if cfg.NATS.URL == "" {
		all = append(all, listener{"listen.nats", &cfg.Listen.NATS, cfg.NATS.TLS, "nats.tls", open, by})
	}
	own := cfg.HJ212
	return append(all, listener{"listen.hj212", &cfg.Listen.HJ212, own.TLS, "hj212.tls", own.InsecureListen, "hj212.insecure_listen"})
}

// Guard refuses a listener that others than this machine reach without TLS, unless the settings allow it. A name that
// is this machine's is put in cfg as the address that it has now, so that what is bound later is what was judged. It
// writes nothing.
func Guard(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	var wrong []refusal.Field
	for _, l := range listenersOf(cfg) {
		if l.tls.On() || *l.addr == "" {
			continue
		}
		host, port, err := net.SplitHostPort(*l.addr)
		if err != nil {
			return err
		}
		all, err := resolve(ctx, host)
		args := refusal.Args{"value": *l.addr, "tls": l.files, "port": port}
		beyond := slices.IndexFunc(all, func(a netip.Addr) bool { return !a.IsLoopback() })
		switch {
		case l.open:
			if beyond >= 0 {
				log.Warn("others than this machine can connect without TLS, as "+l.allows+" allows: passwords and whatever is sent can be read on the way", "setting", l.setting, "addr", *l.addr)
			}
		case err != nil:
			args["why"] = err
			wrong = append(wrong, refusal.Field{Path: l.setting, Rule: "listen.unknown_host", Args: args})
		case beyond >= 0:
			args["bound"] = all[beyond]
			rule := "listen.beyond"
			if l.allows != "insecure_listen" {
				rule = "listen.beyond_stations"
			}
			wrong = append(wrong, refusal.Field{Path: l.setting, Rule: rule, Args: args})
		default:
			*l.addr = net.JoinHostPort(all[0].String(), port)
		}
	}
	return refusal.Input(wrong)
}

// resolve is every address that a listener on host may be bound to, those of IPv4 first, as net.Listen takes them.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if host == "" {
		return []netip.Addr{netip.IPv6Unspecified()}, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(all) == 0 {
		err = errors.New("no address")
	}
	for i := range all {
		all[i] = all[i].Unmap()
	}
	slices.SortStableFunc(all, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return all, err
}

// Certs are the certificates of the listeners that have TLS, by the setting of each.
type Certs map[string]*certs.Keeper

// OpenCerts opens those that the settings name.
func OpenCerts(cfg *config.Config, log *slog.Logger) (Certs, error) {
	all := Certs{}
	for _, l := range listenersOf(cfg) {
		if !l.tls.On() {
			continue
		}
		k, err := certs.Open(certs.Files{Setting: l.files, Cert: l.tls.Cert, Key: l.tls.Key, ClientCA: l.tls.ClientCA},
			certs.Options{Log: log})
		if err != nil {
			return nil, err
		}
		all[l.files] = k
	}
	return all, nil
}

// Keepers are all of them, HTTP's first.
func (all Certs) Keepers() []*certs.Keeper {
	var list []*certs.Keeper
	for _, setting := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[setting])
	}
	return list
}

// Config is what a listener serves TLS with, nil for none. Over HTTP it is HTTP/1.1 alone: what is said and asked of
// connections here holds for one request on each.
func (all Certs) Config(setting string, protocols ...string) *tls.Config {
	if k := all[setting]; k != nil {
		return k.Config(protocols...)
	}
	return nil
}

// Self is for connections of the program to that listener of its own, nil where it has no TLS.
func (all Certs) Self(setting string) *tls.Config {
	if k := all[setting]; k != nil {
		return k.Self()
	}
	return nil
}

// calm is where net/http writes its lines. Anybody causes those of failed handshakes: one is written at once, then at
// most one every calmFor, with how many were left out.
type calm struct {
	log *slog.Logger

	mu   sync.Mutex
	said time.Time
	more int
}

const calmFor = 10 * time.Second

func (c *calm) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if !strings.Contains(text, "TLS handshake error") {
		c.log.Warn(text)
		return len(line), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.said.IsZero() || now.Sub(c.said) >= calmFor {
		c.log.Warn(text, "left_out", c.more)
		c.said, c.more = now, 0
	} else {
		c.more++
	}
	return len(line), nil
}
