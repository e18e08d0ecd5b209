package stations

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/certs/certstest"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// A frame is confirmed once it can be read back, and what is kept of it is what came.
func TestFramesAreConfirmed(t *testing.T) {
	w := open(t, nil)
	w.book.add("A", nil)
	d := w.dial()
	begin := time.Now().Truncate(time.Millisecond)
	for i := range 20 {
		d.send(sample("A", i))
	}
	d.confirmed("A", 0, 20)
	for i, r := range w.log() {
		want := strings.TrimSpace(sample("A", i))
		if r.Sort != telemetry.Frame || r.MN != "A" || string(r.Raw) != want || r.From != d.LocalAddr().String() ||
			r.At.Before(begin) || r.At.After(time.Now()) || r.Why != "" {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if got := len(w.log()); got != 20 {
		t.Errorf("%d are kept", got)
	}
	d.send(strings.Replace(sample("A", 20), "Flag=5", "Flag=4", 1)) // its CRC is another now
	d.send(packet("QN=" + qnOf(21) + ";ST=31;CN=2011;PW=pw-A;MN=A;Flag=4;CP=&&DataTime=20260801120000&&"))
	d.send(sample("A", 22))
	d.confirmed("A", 22, 23) // who asks for nothing gets nothing
}

// Several stations share a line, each read and confirmed by its own register entry.
func TestALineOfSeveralStations(t *testing.T) {
	w := open(t, nil)
	key := bytes.Repeat([]byte{'0'}, 16)
	c, err := hj212.NewCipher(hj212.Hex, key)
	if err != nil {
		t.Fatal(err)
	}
	w.book.add("A", nil)
	w.book.add("B", func(k *Known) { k.Station.Tolerate = []hj212.Tolerance{hj212.Modbus} })
	w.book.add("C", func(k *Known) { k.Station.Version, k.Cipher = hj212.V2025, c })
	d := w.dial()
	modbus := func(text string) string {
		data := text[6 : len(text)-6]
		return fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, hj212.ModbusCRC([]byte(data)))
	}
	f := hj212.NewFrame(hj212.Head{QN: qnOf(2), ST: "31", CN: "2011", PW: "pw-C", MN: "C", Flag: 9, HasFlag: true},
		hj212.NewItem("DataTime", "20260801120000"), hj212.NewItem("a21026-Rtd", "12.5"))
	sealed, err := f.Append(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	d.send(sample("A", 0) + modbus(sample("B", 1)) + string(sealed) + modbus(sample("A", 9)) + sample("A", 3))
	d.confirmed("A", 0, 1)
	d.confirmed("B", 1, 2)
	d.confirmed("C", 2, 3)
	d.confirmed("A", 3, 4)
	if got, want := w.kept(telemetry.Frame, telemetry.Refused), "frame A; frame B; frame C; refused C crc; frame A"; got != want {
		t.Errorf("%s\nnot %s", got, want)
	}
}

// Nothing is confirmed that is not durable, and the station's next try is.
func TestNothingIsConfirmedThatIsNotDurable(t *testing.T) {
	var mu sync.Mutex
	broken := errors.New("the disk is full")
	var keep Keep
	w := open(t, func(o *Options) {
		keep = o.Taker.keep
		o.Taker.keep = func(ctx context.Context, batch []telemetry.Received) error {
			mu.Lock()
			err := broken
			mu.Unlock()
			if err != nil {
				return err
			}
			return keep(ctx, batch)
		}
	})
	w.book.add("A", nil)
	d := w.dial()
	d.send(sample("A", 0))
	w.wait("the trouble is told", func() bool { since, err := w.node.Taker.Trouble(); return err != nil && !since.IsZero() })
	mu.Lock()
	broken = nil
	mu.Unlock()
	d.send(sample("A", 1) + sample("A", 0))
	d.confirmed("A", 1, 2)
	d.confirmed("A", 0, 1)
	if _, err := w.node.Taker.Trouble(); err != nil || len(w.log()) != 2 {
		t.Errorf("%v; %d are kept", err, len(w.log()))
	}
}

// Of two lines on which a station reports the newer one stands; the older one is closed once a good frame has come on
// the newer one, unless it has another station.
func TestTheNewerLineStands(t *testing.T) {
	w := open(t, nil)
	w.book.add("A", nil)
	w.book.add("B", nil)
	first, second := w.dial(), w.dial()
	first.send(sample("A", 0))
	first.confirmed("A", 0, 1)
	second.send(packet("QN=1;ST=31;CN=2011;PW=wrong;MN=A;Flag=5;CP=&&&&"))
	w.wait("the wrong password is kept", func() bool { return strings.Contains(w.kept(telemetry.Unknown), "A password") })
	first.send(sample("A", 1))
	first.confirmed("A", 1, 2)
	second.send(sample("A", 2))
	second.confirmed("A", 2, 3)
	first.closed()
	if l := w.srv.Line("A"); !l.Connected || l.From != second.LocalAddr().String() || l.Flapping {
		t.Errorf("%+v", l)
	}
	shared, third := w.dial(), w.dial()
	shared.send(sample("A", 3) + sample("B", 4))
	shared.confirmed("A", 3, 4)
	shared.confirmed("B", 4, 5)
	third.send(sample("A", 5))
	third.confirmed("A", 5, 6)
	shared.send(sample("B", 6) + sample("A", 7)) // what still comes on the older line is taken
	shared.confirmed("B", 6, 7)
	shared.confirmed("A", 7, 8)
	if l := w.srv.Line("A"); l.From != third.LocalAddr().String() {
		t.Errorf("the older line took the station back: %+v", l)
	}
	_ = third.Close()
	w.wait("it is gone", func() bool { return !w.srv.Line("A").Connected })
	for range flapMoves {
		d := w.dial()
		d.send(sample("A", 8))
		d.confirmed("A", 8, 9)
	}
	w.wait("flapping is noted", func() bool { return w.srv.Line("A").Flapping })
}

// A line without a good frame is closed, whatever else comes on it; that of a station lasts three of its intervals.
func TestHalfOpenLinesEnd(t *testing.T) {
	w := open(t, func(o *Options) { o.Idle = 100 * time.Millisecond })
	w.book.add("A", func(k *Known) { k.Station.SampleS, k.Station.MinuteMin = 0, 0 })
	d := w.dial()
	d.send(sample("A", 0))
	d.confirmed("A", 0, 1)
	d.closed()
	d = w.dial()
	d.send("GET / HTTP/1.1\r\n\r\n")
	d.closed()
	w.dial().closed()
	for st, want := range map[*telemetry.Station]time.Duration{
		{SampleS: 60}:               180 * time.Second,
		{SampleS: 3600}:             3 * time.Hour,
		{MinuteMin: 10}:             30 * time.Minute,
		{SampleS: 30, MinuteMin: 1}: 90 * time.Second,
		{}:                          100 * time.Millisecond,
	} {
		if got := w.srv.idleOf(st); got != want {
			t.Errorf("%+v: %v, not %v", st, got, want)
		}
	}
}

// A station that does not take its confirmations is closed, and holds nobody up.
func TestSlowReaders(t *testing.T) {
	w := open(t, nil)
	w.book.add("A", nil)
	w.book.add("B", nil)
	slow, other := w.dial(), w.dial()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		var text strings.Builder
		for i := range 1000 {
			text.WriteString(sample("A", i))
		}
		for { // and reads nothing
			if _, err := slow.Write([]byte(text.String())); err != nil {
				return
			}
		}
	}()
	for i := range 50 {
		other.send(sample("B", i))
		other.confirmed("B", i, i+1)
	}
	select {
	case <-stop:
	case <-time.After(patience):
		t.Fatal("it stays open")
	}
}

// Who sends more than its share is read more slowly, and loses nothing.
func TestFramesBeyondTheShareWait(t *testing.T) {
	w := open(t, func(o *Options) { o.FramesPerSecond = 100 })
	w.book.add("A", nil)
	d := w.dial()
	begin := time.Now()
	var text strings.Builder
	for i := range 260 {
		text.WriteString(sample("A", i))
	}
	d.send(text.String())
	d.confirmed("A", 0, 260)
	if took := time.Since(begin); took < 500*time.Millisecond { // 200 at once, then 100 a second
		t.Errorf("within %v", took)
	}
}

// What was read before the end is confirmed before the connection is closed.
func TestStopConfirmsWhatWasRead(t *testing.T) {
	w := open(t, nil)
	w.book.add("A", nil)
	d := w.dial()
	var text strings.Builder
	for i := range 500 {
		text.WriteString(sample("A", i))
	}
	d.send(text.String())
	d.confirmed("A", 0, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.srv.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	n := len(w.log())
	d.confirmed("A", 1, n)
	d.closed()
}

// A station is asked what is due, and its answer is noted.
func TestStationsAreAsked(t *testing.T) {
	from := time.Now().Add(-5 * time.Hour).Truncate(time.Hour)
	w := open(t, func(o *Options) {
		o.Dialog = dialog.DefaultSettings
		o.Dialog.Settle = 0
		o.Gaps = func(st *telemetry.Station, _ time.Time) ([]dialog.Gap, bool) {
			return []dialog.Gap{{Step: telemetry.Hour, From: from, To: from.Add(2 * time.Hour)}}, true
		}
	})
	w.book.add("A", nil)
	d := w.dial()
	d.send(sample("A", 0))
	d.confirmed("A", 0, 1)
	f, err := d.next()
	if err != nil || f.CN != "2061" || f.PW != "pw-A" || f.MN != "A" || !f.Flag.NeedsAck() {
		t.Fatalf("%v %+v", err, f)
	}
	qn := f.QN
	d.send(packet("QN="+qn+";ST=91;CN=9011;PW=pw-A;MN=A;Flag=4;CP=&&QnRtn=1&&") +
		packet("QN="+qn+";ST=31;CN=2061;PW=pw-A;MN=A;Flag=5;CP=&&DataTime="+from.In(hj212.Beijing).Format("20060102150405")+";a21026-Avg=1&&") +
		packet("QN="+qn+";ST=91;CN=9012;PW=pw-A;MN=A;Flag=4;CP=&&ExeRtn=1&&"))
	if f, err := d.next(); err != nil || f.CN != "9014" || f.QN != qn {
		t.Fatalf("%v %+v", err, f)
	}
	w.wait("its answer is noted", func() bool { return len(w.srv.Line("A").Past) == 1 })
	if o := w.srv.Line("A").Past[0]; o.Result != dialog.Done || o.Data != 1 || o.Kind != dialog.Hours {
		t.Errorf("%+v", o)
	}
	w.node.Serves(w.srv)
	flushed := time.Now()
	if _, err := w.node.step(t.Context(), &flushed); err != nil {
		t.Fatal(err)
	}
	h, err := w.node.Heard(t.Context(), "A")
	if err != nil || h == nil || !h.Connected {
		t.Fatalf("%+v %v", h, err)
	}
	asked := h.Link.Asked[len(h.Link.Asked)-1] // another may be waiting: what it sent is not all of it
	if h.Link.From != d.LocalAddr().String() || h.Link.Since.IsZero() || h.Link.Flapping || asked.CN != "2061" || asked.Result != "done" ||
		asked.Data != 1 || !asked.From.Equal(from) || asked.At.IsZero() {
		t.Errorf("%+v", h.Link)
	}
}

// Stations that have TLS are served with it; who does not speak it is closed.
func TestStationsWithTLS(t *testing.T) {
	ca := certstest.NewCA(t)
	cert, key := ca.Issue(certstest.Leaf{}).Write(t, t.TempDir())
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, func(o *Options) {
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	})
	w.book.add("A", nil)
	plain := w.dial()
	plain.send(sample("A", 0))
	_ = plain.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, plain.Conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("who speaks no TLS stays")
	}
	d := w.dial()
	secured := tls.Client(d.Conn, &tls.Config{RootCAs: ca.Pool(), ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	d.Conn, d.d = secured, hj212.NewDecoder(secured, hj212.Options{Live: true})
	d.send(sample("A", 1))
	d.confirmed("A", 1, 2)
}

// An address that connects again and again is slowed down, and whoever is there already notices nothing.
func TestAStormOfConnectionsPasses(t *testing.T) {
	clock := &still{now: time.Now()}
	w := open(t, func(o *Options) { o.PerAddress, o.Clock = 8, clock.Now })
	w.book.add("A", nil)
	good := w.dial()
	good.send(sample("A", 0))
	good.confirmed("A", 0, 1)
	const storm = 300
	for range storm {
		d := w.dial()
		_ = d.SetReadDeadline(time.Now().Add(patience))
		_ = d.CloseWrite() // the server may have closed it
		if _, err := io.Copy(io.Discard, d.Conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	if n := w.counted("qingkong_hj212_connections_slowed_total", ""); n != storm+1-connectsPerSecond {
		t.Errorf("%v of %d are closed", n, storm)
	}
	for i := range 20 {
		good.send(sample("A", i+1))
		good.confirmed("A", i+1, i+2)
	}
	clock.elapse(time.Second)
	late := w.dial()
	late.send(sample("A", 21))
	late.confirmed("A", 21, 22)
}

// from is a connection from an address.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", f.addr)
	return a
}

// The limits of an address are those of a whole network where one customer has that.
func TestTheNetworkOfAConnection(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7:1":              "192.0.2.7/32",
		"[::ffff:192.0.2.7]:2":     "192.0.2.7/32",
		"[2001:db8:1:2:3:4:5:6]:3": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::6]:4": "2001:db8:1:2::/64",
		"[2001:db8:1:3:3:4:5:6]:5": "2001:db8:1:3::/64",
		"[fe80::1%lo]:6":           "fe80::/64",
	} {
		if got := networkOf(from{addr: addr}); got != want {
			t.Errorf("%s: %s, not %s", addr, got, want)
		}
	}
}
