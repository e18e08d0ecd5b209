package demo

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/semaphore"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Lines are where the simulated instruments report to.
type Lines struct {
	HJ212 string      // host:port
	TLS   *tls.Config // of the connections there; nil for TCP in clear

	HTTP  string      // host:port
	HTTPS *tls.Config // nil for HTTP in clear
}

// reporter is how meters report: by the word of the demo's feeder.
func (l Lines) reporter(token string, p Program) simulate.Reporter {
	r := simulate.Reporter{Server: "http://" + l.HTTP, Token: func(string) string { return token }, Log: p.Log}
	if l.HTTPS != nil {
		r.Server = "https://" + l.HTTP
		r.Client = &http.Client{Timeout: reportWithin, Transport: &http.Transport{TLSClientConfig: l.HTTPS}}
	}
	return r
}

// reportWithin bounds a report over TLS.
const reportWithin = 30 * time.Second

// filling is how far the time before a demo is filled in, in instruments.
type filling struct{ done, all atomic.Int64 }

// Filled is how many instruments are done, of how many; 0 of 0 before it begins, in a demo without any, and without a
// demo.
func (d *Demo) Filled() (done, all int) {
	if d == nil {
		return 0, 0
	}
	return int(d.filling.done.Load()), int(d.filling.all.Load())
}

// Report registers the instruments of the demo, fills in the time before, and has them report until ctx ends, while
// their plants follow the orders of their recipients. What cannot be done is told in the log: a demo goes on without it.
func (d *Demo) Report(ctx context.Context, p Program, to Lines) {
	if d.NoSimulate {
		<-ctx.Done()
		return
	}
	token, err := feederToken(p.Config.Data)
	if err != nil {
		p.Log.Warn("meters are not simulated: nobody is there whose word their reports are", "err", err)
	}
	all := d.sites(ctx, p, err == nil)
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { p.obey(ctx, all) })
	p.awaitReadings(ctx)
	turns := semaphore.NewWeighted(filledAtOnce)
	filled := func(what string, fill func() error) (ended bool) {
		if turns.Acquire(ctx, 1) != nil {
			return true
		}
		err := fill()
		turns.Release(1)
		d.filling.done.Add(1)
		if err != nil && ctx.Err() == nil {
			p.Log.Warn("what a simulated instrument would have sent before is not filled in", "instrument", what, "err", err)
		}
		return ctx.Err() != nil
	}
	by := to.reporter(token, p)
	for _, s := range all {
		for _, st := range s.stations {
			running.Go(func() {
				line := simulate.Line{Addr: to.HJ212, TLS: to.TLS, Log: p.Log, Since: time.Now()}
				if filled(st.MN(), func() (err error) { line.Since, err = p.fill(ctx, st, line.Since); return err }) {
					return
				}
				if _, err := line.Run(ctx, st); err != nil {
					p.Log.Warn("a simulated station has ended", "mn", st.MN(), "err", err)
				}
			})
		}
		for _, m := range s.meters {
			running.Go(func() {
				by := by
				by.Since = time.Now().Truncate(time.Hour)
				if filled(m.Ref, func() error { return p.fillMeter(ctx, m, by.Since) }) {
					return
				}
				if _, err := by.Run(ctx, m); err != nil {
					p.Log.Warn("a simulated meter has ended", "ref", m.Ref, "err", err)
				}
			})
		}
	}
	<-ctx.Done()
}

// readingsWithin bounds how long a demo waits for what is there of the time before.
const readingsWithin = 10 * time.Minute

// awaitReadings waits until it is known what is there, which what is filled in goes on from.
func (p Program) awaitReadings(ctx context.Context) {
	within, stop := context.WithTimeout(ctx, readingsWithin)
	defer stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := p.Service.Instruments.Ready(within)
		if err == nil || ctx.Err() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-within.Done():
			p.Log.Warn("simulated instruments begin though readings are not there", "waited", readingsWithin, "err", err)
			return
		}
	}
}

// feederToken is the word by which meters report.
func feederToken(data string) (string, error) {
	accounts, err := Credentials(data)
	if err != nil {
		return "", err
	}
	token := accounts[string(calls.Feeder)].Token
	if token == "" {
		return "", fmt.Errorf("%s has no token of %s", folder.DemoCredentials, calls.Feeder)
	}
	return token, nil
}

// sites are those of the demo, registered and counted among what is to be filled in, without their meters unless asked
// for. Each has read the orders that are open: what is filled in of the time before is what a plant under them did.
func (d *Demo) sites(ctx context.Context, p Program, meters bool) (all []*site) {
	ids := d.Instruments
	if ids == nil {
		ids = siteIDs()
	}
	for _, id := range ids {
		s, err := p.site(ctx, id)
		if err != nil {
			if ctx.Err() == nil {
				p.Log.Warn("the instruments of a recipient are not simulated", "recipient", id, "err", err)
			}
			continue
		}
		if !meters {
			s.meters = nil
		}
		all = append(all, s)
		d.filling.all.Add(int64(len(s.stations) + len(s.meters)))
	}
	p.hearAll(ctx, all)
	return all
}

// site is what is simulated of a recipient of the list in force, registered where it is not. A station that somebody
// retired or gave to another recipient stays silent.
func (p Program) site(ctx context.Context, id string) (*site, error) {
	var r *reductionlist.Recipient
	err := p.Service.J.View(func(tx *bbolt.Tx) (err error) {
		r, err = service.ListedRecipient(tx, id, p.Service.J.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	s, err := siteOf(r)
	if err != nil {
		return nil, err
	}
	var stations []*simulate.Station
	for _, st := range s.stations {
		is, err := p.registered(ctx, st.Registered(), st.Password())
		if err != nil {
			return nil, err
		}
		if !is.Retired && is.Recipient == id {
			stations = append(stations, st)
		}
	}
	s.stations = stations
	var meters []*simulate.Meter
	for _, m := range s.meters {
		is := new(m.Registered())
		if telemetry.ValidMN(m.Ref) { // the list alone knows of the others
			if is, err = p.registered(ctx, *is, ""); err != nil {
				return nil, err
			}
		}
		if !is.Retired && is.Recipient == id {
			meters = append(meters, m)
		}
	}
	s.meters = meters
	return s, nil
}

// registered is an instrument as the register has it, registered where it is not.
func (p Program) registered(ctx context.Context, in telemetry.Station, password string) (is *telemetry.Station, err error) {
	read := func() error {
		return p.Service.J.View(func(tx *bbolt.Tx) (err error) { is, err = telemetry.ByMN(tx, in.MN); return err })
	}
	if err := read(); err != nil || is != nil {
		return is, err
	}
	add := calls.NewStation{MN: in.MN, Name: in.Name, RecipientID: in.Recipient, ST: in.ST, MinuteMin: in.MinuteMin,
		SampleS: in.SampleS, Secrets: calls.Secrets{Password: password}}
	if in.Version != 0 {
		add.Version = strconv.Itoa(int(in.Version))
	}
	for _, o := range in.Outlets {
		out := calls.OutletText{Name: o.Name, O2: o.O2}
		for _, f := range o.Factors {
			out.Factors = append(out.Factors, calls.FactorText(f))
		}
		add.Outlets = append(add.Outlets, out)
	}
	if _, err := p.Service.AddStation(ctx, service.By("demo"), add); err != nil {
		return nil, fmt.Errorf("%s: %w", in.MN, err)
	}
	err = read()
	return is, err
}
