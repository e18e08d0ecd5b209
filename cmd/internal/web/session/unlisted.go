package session

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	unlistedEvery = time.Hour
	// maxUnlisted bounds the peers that are remembered. Those beyond it are not told of until the others' hours are over.
	maxUnlisted = 1024
)

// unlisted tells of peers that send X-Forwarded-For and are no proxies of ours. Anybody may write that, and it does not
// count; but where it is a proxy that the settings forget, all who come through it have one address.
type unlisted struct {
	proxies Proxies
	log     *slog.Logger

	mu   sync.Mutex
	told map[netip.Prefix]time.Time
}

func newUnlisted(proxies Proxies, log *slog.Logger) *unlisted {
	return &unlisted{proxies: proxies, log: log, told: map[netip.Prefix]time.Time{}}
}

func (u *unlisted) see(r *http.Request, now time.Time) {
	if r.Header.Get("X-Forwarded-For") == "" {
		return
	}
	from := peer(r)
	if !from.IsValid() || u.proxies.Has(from) || !u.news(network(from), now) {
		return
	}
	u.log.Warn("X-Forwarded-For comes from a peer that is not named in proxies, and does not count: if it is a reverse proxy, all who come through it "+
		"share one address and one wait for wrong passwords; name it in proxies then", "peer", from)
}

// news says whether a peer is to be told of.
func (u *unlisted) news(peer netip.Prefix, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.told[peer]; ok && now.Sub(last) < unlistedEvery {
		return false
	}
	if len(u.told) >= maxUnlisted {
		for p, last := range u.told {
			if now.Sub(last) >= unlistedEvery {
				delete(u.told, p)
			}
		}
	}
	if len(u.told) >= maxUnlisted {
		return false
	}
	u.told[peer] = now
	return true
}

// See looks at who a request comes from, and tells of a proxy that the settings do not name, once an hour.
func (s *Sessions) See(r *http.Request) { s.unlisted.see(r, s.now()) }
