// Package door lets connections in to a server of many: so many from one address, so many in all, and none on which
// nothing moves.
//
// It stands directly on the sockets, of HTTP/1 alone: over HTTP/2 a reader can stop one answer and take the others.
// Encryption stands on top of it: a write that is continued after a pause is not seen there.
package door

import (
	"cmp"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/cmd/internal/fair"
)

// Options are how many a door lets in; a zero is no limit.
type Options struct {
	PerAddress int
	InAll      int
	// Exempt says that an address speaks for many: no limit of one address holds for it. Nil is none.
	Exempt  func(netip.Addr) bool
	Pace    Pace                  // of what is written
	Metrics prometheus.Registerer // nil counts for nobody
	Name    Name                  // of what comes in, in figures and lines of the log; HTTP by default
	Log     *slog.Logger          // nil is none
}

// Name is what connections are for.
type Name string

// The names.
const (
	HTTP  Name = "HTTP"
	HJ212 Name = "HJ 212"
)

// metric is a name as those of figures are written.
func (n Name) metric() string { return strings.ToLower(strings.ReplaceAll(string(n), " ", "")) }

// Listener accepts the connections that the door lets in; the others are closed at once. When all places are taken, one
// of the address that has the most makes room for an address that has fewer, so that few addresses keep nobody out.
type Listener struct {
	net.Listener
	opt    Options
	spoken *fair.Meter // lines of the log
	count  *prometheus.CounterVec

	mu  sync.Mutex
	of  map[netip.Prefix]*holder
	all int
}

// holder is the connections of one address.
type holder struct {
	open   map[*Conn]struct{}
	exempt bool
}

// Listen puts a door before ln.
func Listen(ln net.Listener, opt Options) *Listener {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Exempt == nil {
		opt.Exempt = func(netip.Addr) bool { return false }
	}
	opt.Name = cmp.Or(opt.Name, HTTP)
	metric := "qingkong_" + opt.Name.metric() + "_connections"
	l := &Listener{Listener: ln, opt: opt, of: map[netip.Prefix]*holder{},
		spoken: fair.NewMeter(fair.Share{PerSecond: 0.1, Burst: 3}, nil),
		count: prometheus.NewCounterVec(prometheus.CounterOpts{Name: metric + "_refused_total",
			Help: string(opt.Name) + " connections closed because there were too many, by which bound: address, all."}, []string{"bound"})}
	for _, bound := range []string{"address", "all"} {
		l.count.WithLabelValues(bound) // shown as 0: an alert on an increase misses what begins at 1
	}
	if opt.Metrics != nil {
		opt.Metrics.MustRegister(l.count, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: metric,
			Help: string(opt.Name) + " connections that are open."}, func() float64 { return float64(l.Open()) }))
	}
	return l
}

// Open is how many connections there are.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if in := l.enter(c); in != nil {
			return in, nil
		}
		_ = c.Close() // nothing was written
	}
}

// enter gives a connection its place; nil where there is none.
func (l *Listener) enter(c net.Conn) *Conn {
	addr := addressOf(c)
	from := Network(addr)
	in := newConn(c, l.opt.Pace, l.leave)
	l.mu.Lock()
	h := l.of[from]
	if h == nil {
		h = &holder{open: map[*Conn]struct{}{}, exempt: l.opt.Exempt(addr)}
	}
	bound, gives := "", (*Conn)(nil)
	switch {
	case l.opt.PerAddress > 0 && !h.exempt && len(h.open) >= l.opt.PerAddress:
		bound = "address"
	case l.opt.InAll > 0 && l.all >= l.opt.InAll:
		if bound, gives = "all", l.most(len(h.open)+1); gives != nil {
			l.remove(gives)
		}
	}
	if bound == "" || gives != nil {
		h.open[in] = struct{}{}
		l.of[from] = h
		in.place = from
		l.all++
	}
	l.mu.Unlock()
	if bound == "" {
		return in
	}
	l.count.WithLabelValues(bound).Inc()
	if l.spoken.Take(bound).OK {
		l.opt.Log.Warn("too many connections; one is closed", "of", l.opt.Name, "bound", bound, "from", from, "per_address",
			l.opt.PerAddress, "in_all", l.opt.InAll)
	}
	if gives == nil {
		return nil
	}
	_ = gives.Conn.Close() // its user hears of it by its next read or write
	return in
}

// most is a connection of the address that has the most, where that is more than n; nil for none.
func (l *Listener) most(n int) *Conn {
	var largest *holder
	for _, h := range l.of {
		if !h.exempt && len(h.open) > n && (largest == nil || len(h.open) > len(largest.open)) {
			largest = h
		}
	}
	if largest != nil {
		for c := range largest.open {
			return c
		}
	}
	return nil
}

func (l *Listener) leave(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(c)
}

// remove gives a connection's place back; a second time it does nothing. It is called with mu held.
func (l *Listener) remove(c *Conn) {
	h := l.of[c.place]
	if h == nil {
		return
	}
	if _, there := h.open[c]; !there {
		return
	}
	delete(h.open, c)
	l.all--
	if len(h.open) == 0 {
		delete(l.of, c.place)
	}
}

func addressOf(c net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap().WithZone("")
}

// Network is the network that one customer has: an address of IPv4, 64 bits of IPv6; the zero prefix for no address.
func Network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// Pace is how slowly a peer may read or write: Stall without any byte ends it, and so does less than PerSecond bytes on
// average after Grace. A zero Stall is no limit.
type Pace struct {
	Stall     time.Duration
	Grace     time.Duration
	PerSecond int
}

// Usual is the pace of HTTP: a 64 MiB file may take four and a half hours, and a form that never ends one minute.
var Usual = Pace{Stall: 10 * time.Second, Grace: time.Minute, PerSecond: 4096}

// Until is when the next byte must have moved, of a transfer that has spent time waiting for its peer and moved n
// bytes.
func (p Pace) Until(now time.Time, spent time.Duration, n int) time.Time {
	left := p.Grace - spent
	if p.PerSecond > 0 {
		left += time.Duration(float64(n) / float64(p.PerSecond) * float64(time.Second))
	}
	return now.Add(max(min(p.Stall, left), 0))
}
