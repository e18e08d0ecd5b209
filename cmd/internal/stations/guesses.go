package stations

import (
	"net"
	"net/netip"

	"qingkong/cmd/internal/door"
	"qingkong/notify/telemetry/hj212"
)

// How often a password may be wrong: it is six digits with most devices, and who finds it makes up a plant's readings. A
// network and MN may be wrong so often at once and so often later. On a line that has had no good frame an MN may be wrong
// so often before the line is closed.
const (
	guessesAtOnce    = 30
	guessesPerSecond = 1. / 60
	guessesOfALine   = 10
)

// judge says why a frame of a sender is not taken, as [refuses] does. It compares no password while too many were wrong,
// so that a right one among many guesses tells nothing. Nobody else's frames are touched by it.
func (s *Server) judge(k *Known, f *hj212.Frame, sender string) string {
	who := sender + " " + f.MN
	if s.guesses.Spent(who) {
		if why := refuses(k, f); why == "" || why == whyPassword {
			return whyGuesses
		}
	}
	why := refuses(k, f)
	if why == whyPassword && !s.guesses.Take(who).OK {
		why = whyGuesses // another line of the sender used the last
	}
	return why
}

// judge is that of a line's frame. A station whose line it is has shown its password there and is not held up by whoever
// shares its address.
func (l *line) judge(k *Known, f *hj212.Frame) string {
	l.mu.Lock()
	_, own := l.held[f.MN]
	l.mu.Unlock()
	if own {
		if why := refuses(k, f); why != whyPassword {
			return why
		}
	}
	return l.srv.judge(k, f, l.peer)
}

// guessed ends a line on which nothing good came and too many passwords for one MN were wrong. A gateway of which some
// stations are registered with another password goes on.
func (l *line) guessed(f *hj212.Frame, why string) error {
	if why != whyPassword && why != whyGuesses {
		return nil
	}
	l.srv.say("guesses "+l.peer, "frames come with a wrong password; so many an MN are compared and no more",
		"mn", f.MN, "from", l.from)
	if l.mn != "" {
		return nil
	}
	if l.wrong[f.MN]++; l.wrong[f.MN] > guessesOfALine {
		return errGuesses
	}
	return nil
}

// networkOf is the network of a connection's other end, as its limits go by; the address where that has none.
func networkOf(c net.Conn) string {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return door.Network(a.Addr().Unmap().WithZone("")).String()
}
