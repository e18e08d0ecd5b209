package stations

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

// guess is a frame of A with a password of its own.
func guess(n int) string {
	return packet(fmt.Sprintf("QN=%s;ST=31;CN=2011;PW=%06d;MN=A;Flag=5;CP=&&&&", qnOf(n), n))
}

// A password cannot be found by trying: a line is closed, a network is told nothing after some tries, not even of the right
// one, until later. The station's own line goes on meanwhile, and so do others of the network, and it from elsewhere.
func TestPasswordsAreNotGuessed(t *testing.T) {
	clock := &still{now: time.Now()}
	w := open(t, func(o *Options) { o.Clock = clock.Now })
	w.book.add("A", nil)
	w.book.add("B", nil)
	good := w.dial()
	good.send(sample("A", 0))
	good.confirmed("A", 0, 1)
	for tried := 0; tried < 2*guessesAtOnce; tried += guessesOfALine + 1 {
		d := w.dial()
		for n := range guessesOfALine + 1 {
			d.send(guess(tried + n))
		}
		d.closed()
	}
	if n := w.counted("qingkong_hj212_unknown_total", whyPassword); n != guessesAtOnce {
		t.Errorf("%v passwords were compared", n)
	}
	d := w.dial()
	d.send(sample("A", 1) + sample("B", 2))
	d.confirmed("B", 2, 3) // and nothing before it
	good.send(sample("A", 3))
	good.confirmed("A", 3, 4)
	if n := len(w.log()); n > 10 {
		t.Errorf("%d are kept", n)
	}

	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	c, err := from.Dial("tcp", w.srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := &device{w, c, hj212.NewDecoder(c, hj212.Options{Live: true})}
	elsewhere.send(sample("A", 4))
	elsewhere.confirmed("A", 4, 5)
	clock.elapse(time.Minute)
	later := w.dial()
	later.send(sample("A", 5))
	later.confirmed("A", 5, 6)
}

// A gateway goes on whose stations are registered with another password, however many of these there are.
func TestAGatewayWithWrongPasswordsGoesOn(t *testing.T) {
	w := open(t, nil)
	d := w.dial()
	var all strings.Builder
	for i := range 3 * guessesOfALine {
		mn := fmt.Sprintf("M%02d", i)
		w.book.add(mn, func(k *Known) { k.Password = "another" })
		all.WriteString(sample(mn, i))
	}
	w.book.add("B", nil)
	d.send(all.String() + sample("B", 0))
	d.confirmed("B", 0, 1)
	for i := range 3 {
		d.send(strings.Repeat(sample("M00", 1), 3*guessesOfALine) + all.String() + sample("B", i+1))
		d.confirmed("B", i+1, i+2)
	}
}

// The same over NATS, by account.
func TestPasswordsAreNotGuessedOverNATS(t *testing.T) {
	w := open(t, nil)
	w.book.add("A", nil)
	frame := func(user, text string) refusal.Code {
		_, err := w.srv.TakeFrame(context.Background(), "A", user, []byte(text))
		if err == nil {
			return ""
		}
		return refusal.CodeOf(err)
	}
	for n := range guessesAtOnce {
		if code := frame("one", guess(n)); code != refusal.Forbidden {
			t.Fatalf("%d: %s", n, code)
		}
	}
	if wrong, right := frame("one", guess(100)), frame("one", sample("A", 0)); wrong != refusal.RateLimited || right != wrong {
		t.Errorf("afterwards a wrong one is %q and the right one %q", wrong, right)
	}
	if code := frame("another", sample("A", 1)); code != "" {
		t.Errorf("another account: %s", code)
	}
}
