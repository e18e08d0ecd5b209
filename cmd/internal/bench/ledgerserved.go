package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/telemetry"
	"qingkong/seeds/example"
)

// servedSize is how much is measured of a ledger that is served.
type servedSize struct {
	recipients, hours int           // of a warning, each with two judged criteria
	rounds            int           // of the measurement of tiles
	slice             time.Duration // of each
}

// tileReaders is how many connections read tiles at a time.
const tileReaders = 32

// servedLedger is a program that has gone through a long warning.
type servedLedger struct {
	complianceBench
	size servedSize
}

// ledgerServed measures what a program gives of its ledger after a long warning: the bundle of one order, and tiles over HTTP,
// beside a handler that does nothing but write the same bytes.
func ledgerServed(ctx context.Context, size servedSize) ([]Result, error) {
	b := &servedLedger{size: size}
	b.n, b.list = size.recipients, complianceList(size.recipients)
	for _, r := range b.list.Recipients {
		r.Measures = r.Measures[:2]
	}
	b.alter = func(o *app.Options) {
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	}
	return b.run(ctx, b.declare, b.lasts, b.orderBundle, b.tiles)
}

// lasts has the warning go on hour by hour, each judged and summed.
func (b *servedLedger) lasts(ctx context.Context) error {
	for _, r := range b.list.Recipients {
		for _, f := range complianceFactors[:2] {
			b.points = append(b.points, telemetry.PointOf(example.MN(r.ID, 1), f))
		}
	}
	b.ahead.Store(int64(time.Until(b.due) + 5*time.Minute))
	for i := range b.size.hours {
		from := b.due.Add(time.Duration(i) * time.Hour)
		b.ahead.Add(int64(time.Hour))
		if err := b.hours(ctx, from, from.Add(time.Hour), false); err != nil {
			return err
		}
		if err := untilBuilt(ctx, b.app.Stations); err != nil {
			return err
		}
		if _, err := b.svc.Judging.Pass(ctx); err != nil {
			return err
		}
	}
	return nil
}

// orderBundle is how large the bundle of one order is.
func (b *servedLedger) orderBundle(ctx context.Context) error {
	var order string
	err := b.journal.View(func(tx *bbolt.Tx) error {
		all, _, err := notify.ListOrders(tx, notify.Filter{Recipient: b.list.Recipients[b.n/2].ID}, "", 1)
		if err == nil && len(all) != 1 {
			err = errors.New("the recipient has no order")
		}
		if err == nil {
			order = all[0].ID
		}
		return err
	})
	if err != nil {
		return err
	}
	who := service.Ask{Who: &access.Principal{User: "viewer", Role: calls.Viewer}, Call: calls.Bundle.Name()}
	begin := time.Now()
	draft, err := b.svc.Bundle(ctx, who, calls.BundleQuery{Order: order})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if _, err := draft.WriteTo(&out); err != nil {
		return err
	}
	took := time.Since(begin)
	open, err := bundle.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		return err
	}
	report, err := open.Verify(bundle.Keys{})
	if err != nil {
		return err
	}
	results, err := open.Read(bundle.MeasuredFile)
	if err != nil {
		return err
	}
	b.add("bundle_bytes", float64(out.Len()), "bytes", 0)
	b.add("bundle_bytes, results of hours", float64(len(results)), "bytes", 0)
	b.add("bundle_bytes, hours", float64(bytes.Count(results, []byte{'\n'})), "hours", 0)
	b.add("bundle_bytes, entries", float64(report.Entries), "entries", 0)
	b.add("bundle_bytes, of a tree", float64(report.Size), "entries", 0)
	b.add("bundle made in", took.Seconds()*1000, "ms", 0)
	return nil
}

// tiles reads a full tile again and again over connections that stay, in turns from the program and from a bare handler.
func (b *servedLedger) tiles(ctx context.Context) (err error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: tileReaders}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	get := func(url string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", url, res.Status)
		}
		return text, err
	}
	ours := "http://" + b.app.Addr().HTTP + "/api/v1/ledger/tile/0/000"
	tile, err := get(ours)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	bare := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(tile) // whoever has gone needs no answer
	})}
	served := make(chan error, 1)
	go func() { served <- bare.Serve(listener) }()
	defer func() {
		if err = errors.Join(err, bare.Close()); !errors.Is(<-served, http.ErrServerClosed) {
			err = errors.Join(err, errors.New("the bare server ended before"))
		}
	}()
	reads := func(url string) contender {
		return func(_ context.Context, within time.Duration) (lap, error) {
			return race(tileReaders, upTo(1_000_000), until(within), func(int) error {
				got, err := get(url)
				if err == nil && !bytes.Equal(got, tile) {
					err = errors.New("another tile came")
				}
				return err
			})
		}
	}
	laps, err := alternate(ctx, b.size.rounds, b.size.slice, reads(ours), reads("http://"+listener.Addr().String()))
	if err != nil {
		return err
	}
	var rates, raw []float64
	for _, pair := range laps {
		rates = append(rates, float64(pair[0].acts)/pair[0].took.Seconds())
		raw = append(raw, float64(pair[1].acts)/pair[1].took.Seconds())
	}
	b.add("ledger_tiles_per_s; raw: a handler of the same bytes", median(rates), "per s", median(raw))
	return nil
}
