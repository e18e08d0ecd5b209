package session

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses of reverse proxies. What one of them says of a request in X-Forwarded-For and
// X-Forwarded-Proto is believed; anybody else can write there what it likes.
type Proxies []netip.Prefix

// Has reports whether an address is a proxy's.
func (p Proxies) Has(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(net netip.Prefix) bool { return net.Contains(a) })
}

// peer is who the connection is with; the zero address when that cannot be told.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(host)
	return a.Unmap().WithZone("")
}

// secure reports whether the request came by TLS, to us or to our proxy.
func (p Proxies) secure(r *http.Request) bool {
	return r.TLS != nil || p.Has(peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// address is where the request came from: the last address that no proxy of ours is. Of IPv6 it is the network of 64
// bits, which is what one customer has.
func (p Proxies) address(r *http.Request) string {
	from := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.Has(from); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		from = next.Unmap().WithZone("")
	}
	if from.Is6() {
		return network(from).String()
	}
	return from.String()
}

// network is what one customer has: an address of IPv4, or of IPv6 the network of 64 bits.
func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a.WithZone(""), bits).Masked()
}

// Address is where a request came from, as far as our proxies say: an address, or of IPv6 the network that one customer
// has.
func (s *Sessions) Address(r *http.Request) string { return s.proxies.address(r) }

// Secure reports whether a request came by TLS, to us or to our proxy.
func (s *Sessions) Secure(r *http.Request) bool { return s.proxies.secure(r) }
