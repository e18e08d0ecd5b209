package session

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func forwarded(from string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = from
	for _, h := range headers {
		r.Header.Add(h, "198.51.100.7")
	}
	return r
}

// Who sends X-Forwarded-For and is no proxy of ours is told of once an hour: it may be a proxy that the settings
// forget, whose users then all have one address.
func TestAnUnlistedProxyIsToldOfOnceAnHour(t *testing.T) {
	var log strings.Builder
	u := newUnlisted(Proxies{netip.MustParsePrefix("10.0.0.0/24")}, slog.New(slog.NewTextHandler(&log, nil)))
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	lines := func() int { return strings.Count(log.String(), "\n") }
	for range 100 {
		u.see(forwarded("192.0.2.1:1234", "X-Forwarded-For"), now)
		u.see(forwarded("192.0.2.1:4321", "X-Forwarded-For"), now.Add(59*time.Minute))
		u.see(forwarded("10.0.0.7:1234", "X-Forwarded-For"), now)
		u.see(forwarded("192.0.2.9:1234"), now)
	}
	if lines() != 1 || !strings.Contains(log.String(), "192.0.2.1") || !strings.Contains(log.String(), "level=WARN") ||
		!strings.Contains(log.String(), "proxies") {
		t.Fatalf("the log after the first hour:\n%s", log.String())
	}
	u.see(forwarded("127.0.0.1:1", "X-Forwarded-For"), now)
	u.see(forwarded("[2001:db8::1]:1", "X-Forwarded-For"), now)
	u.see(forwarded("[2001:db8::2]:1", "X-Forwarded-For"), now) // of the same network of 64 bits
	if lines() != 3 {
		t.Fatalf("the log of two more peers:\n%s", log.String())
	}
	u.see(forwarded("192.0.2.1:1234", "X-Forwarded-For"), now.Add(time.Hour))
	if lines() != 4 {
		t.Fatalf("the log after the next hour:\n%s", log.String())
	}
}

// However many peers there are, no more than some are remembered, and the log has no more lines than these.
func TestUnlistedProxiesAreRememberedWithinBounds(t *testing.T) {
	var log strings.Builder
	u := newUnlisted(nil, slog.New(slog.NewTextHandler(&log, nil)))
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for i := range 3 * maxUnlisted {
		u.see(forwarded(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), "X-Forwarded-For"), now)
	}
	if n := strings.Count(log.String(), "\n"); n != maxUnlisted || len(u.told) > maxUnlisted {
		t.Errorf("%d lines, %d remembered, want %d of both", n, len(u.told), maxUnlisted)
	}
	u.see(forwarded("192.0.2.1:1", "X-Forwarded-For"), now.Add(time.Hour))
	if n := strings.Count(log.String(), "\n"); n != maxUnlisted+1 || len(u.told) != 1 {
		t.Errorf("%d lines, %d remembered an hour later", n, len(u.told))
	}
}
