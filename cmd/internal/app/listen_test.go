package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
)

// Who others than this machine can reach without TLS is refused before anything is written, with what to do; a demo
// too.
func TestAListenerBeyondThisMachineNeedsTLS(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   string // setting
	}{
		"every address":           {func(c *config.Config) { c.Listen.HTTP = "0.0.0.0:0" }, "listen.http"},
		"every address of IPv6":   {func(c *config.Config) { c.Listen.HTTP = "[::]:0" }, "listen.http"},
		"no host at all":          {func(c *config.Config) { c.Listen.NATS = ":0" }, "listen.nats"},
		"an address of a network": {func(c *config.Config) { c.Listen.NATS = "192.0.2.1:0" }, "listen.nats"},
		"a mapped address":        {func(c *config.Config) { c.Listen.HTTP = "[::ffff:0.0.0.0]:0" }, "listen.http"},
		"HTTP over TLS, NATS not": {func(c *config.Config) { c.Listen.HTTP, c.Listen.NATS = "127.0.0.1:0", "0.0.0.0:0" },
			"listen.nats"},
		"stations, which insecure_listen says nothing of": {func(c *config.Config) {
			c.Listen.HJ212, c.InsecureListen = "0.0.0.0:0", true
		}, "listen.hj212"},
		"a name that is not found": {func(c *config.Config) { c.Listen.HTTP = "no-such-host.invalid:0" }, "listen.http"},
	} {
		for _, demo := range []*demo.Demo{nil, {NoSimulate: true}} {
			t.Run(name, func(t *testing.T) {
				cfg := alone(t)
				c.change(&cfg)
				a, err := New(t.Context(), Options{Config: cfg, Demo: demo})
				if err == nil {
					stop(t, a)
				}
				var e *refusal.Error
				if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Path != c.want {
					t.Fatalf("refusal %v, want one of %s", err, c.want)
				}
				if text := e.Error(); !strings.Contains(text, "127.0.0.1") {
					t.Errorf("%q does not say what would do", text)
				}
				if _, err := os.Stat(cfg.Data); !os.IsNotExist(err) {
					t.Errorf("the data folder was made: %v", err)
				}
			})
		}
	}
}

func TestListenersThatNeedNoTLS(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"this machine":             func(*config.Config) {},
		"this machine by IPv6":     func(c *config.Config) { c.Listen.HTTP = "[::1]:0" },
		"this machine by its name": func(c *config.Config) { c.Listen.HTTP, c.Listen.NATS = "localhost:0", "localhost:0" },
		"behind a proxy elsewhere": func(c *config.Config) {
			c.Listen.HTTP, c.Listen.NATS, c.InsecureListen = "0.0.0.0:0", "0.0.0.0:0", true
		},
		"loggers without TLS": func(c *config.Config) { c.Listen.HJ212, c.HJ212.InsecureListen = "0.0.0.0:0", true },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := alone(t)
			change(&cfg)
			var log lines
			a, err := New(t.Context(), Options{Config: cfg, Log: logTo(&log)})
			if err != nil {
				t.Fatal(err)
			}
			defer stop(t, a)
			if said := strings.Contains(log.String(), "insecure_listen"); said != (cfg.InsecureListen || cfg.HJ212.InsecureListen) {
				t.Errorf("the log speaks of insecure_listen: %t", said)
			}
			if _, err := os.Stat(filepath.Join(cfg.Data, "qingkong.db")); err != nil {
				t.Error(err)
			}
		})
	}
}
