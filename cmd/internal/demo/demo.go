// Package demo is what a newcomer can try: Xiqing's list, an account of every role, a forecast that waits as a
// proposal, and enterprises that answer.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/seeds"
	"qingkong/seeds/towns"
)

// Demo is how large a demo is and how it answers.
type Demo struct {
	Recipients int  // in all; 0: as many as the embedded list has
	NoSimulate bool // no enterprise answers by itself, and no instrument reports

	// How long the simulated enterprises take to answer: between Soonest and Latest; 0 for both: 2 to 60 seconds.
	Soonest, Latest time.Duration

	Instruments []string // recipients whose instruments report; nil: the two plants and ten enterprises
	filling     filling  // of the time before the demo was begun
}

// Program is the part of the program that a demo needs.
type Program struct {
	Service *service.Service
	Config  config.Config
	Log     *slog.Logger
}

// The episode of the demo's forecast, and its days that are used: Tianjin's red warning of December 2016.
const (
	episode  = "tianjin-2016-12"
	firstDay = alerts.Date("2016-12-16")
	mostDays = 8 // with the two clean ones behind the episode, which say when a lift is to be expected
	source   = "demo-tianjin-2016-12"
	region   = "120111"
)

// Credential is one account of a demo.
type Credential struct {
	calls.Issued
	Recipient string `json:"recipient,omitempty"`
}

// Configure gives the demo what a district would have set for itself: the bounds of Xiqing, by which lists that say
// none of their own are checked too, whom an order names for questions, and the port of HJ 212.
func (d *Demo) Configure(cfg config.Config) config.Config {
	if cfg.ListChecks.District == (config.Box{}) && cfg.District.Region == region {
		cfg.ListChecks.District = config.Box{West: towns.West, East: towns.East, South: towns.South, North: towns.North}
	}
	if cfg.Orders.Contact == "" && cfg.Orders.ContactPhone == "" {
		cfg.Orders.Contact, cfg.Orders.ContactPhone = "示例值班员", "10000000000"
	}
	if cfg.Listen.HJ212 == "" {
		cfg.Listen.HJ212 = "127.0.0.1:9212"
	}
	return cfg
}

// Load puts the list in force, makes the accounts and gives the figures and the forecast, where they are not there yet.
func (d *Demo) Load(ctx context.Context, p Program) error {
	if there, err := d.loaded(p); err != nil {
		return err
	} else if !there {
		l, workbook, err := d.list()
		if err != nil {
			return err
		}
		v, err := p.Service.ImportList(ctx, "demo", l, service.DemoSource, workbook)
		if err != nil {
			return err
		}
		if err := d.accounts(ctx, p, enterpriseOf(l)); err != nil {
			return err
		}
		p.Log.Info("demo list in force", "version", v.ID, "recipients", v.Count)
	}
	if err := d.figures(ctx, p); err != nil {
		return err
	}
	return d.forecast(ctx, p)
}

// loaded says whether an earlier start loaded this demo, accounts included. Only a large one is asked for: making its
// list anew takes longer than the rest of a start.
func (d *Demo) loaded(p Program) (there bool, err error) {
	if own, err := ownRecipient(p.Config.Data); d.Recipients == 0 || err != nil || own == "" {
		return false, nil // accounts tells of a bad file
	}
	err = p.Service.J.View(func(tx *bbolt.Tx) error {
		v, err := reductionlist.Current(tx, p.Service.J.Now())
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		there = err == nil && v.Source == service.DemoSource && v.Count == d.Recipients
		return err
	})
	return there, err
}

// list is the embedded list with its workbook, or one filled up with examples, which has none.
func (d *Demo) list() (l *reductionlist.List, workbook []byte, err error) {
	if d.Recipients == 0 {
		l, err = seeds.List()
		return l, seeds.Workbook(), err
	}
	l, err = seeds.Demo(d.Recipients)
	return l, nil, err
}

// enterpriseOf is the recipient that the demo's enterprise account speaks for: the first that is no named plant.
func enterpriseOf(l *reductionlist.List) string {
	for _, r := range l.Recipients {
		if r.Type == reductionlist.Enterprise && !isPlant(r.ID) {
			return r.ID
		}
	}
	return ""
}

// isPlant says whether a recipient is one of the two plants the policy names; they are never simulated.
func isPlant(id string) bool { return id == "E0001" || id == "E0002" }

// secondInspector goes along where two are asked for.
const secondInspector = "inspector2"

// accounts makes one account of every role, and a second inspector, the first time, and writes them where the person who started the demo finds
// them.
func (d *Demo) accounts(ctx context.Context, p Program, enterprise string) error {
	path := filepath.Join(p.Config.Data, folder.DemoCredentials)
	if _, err := os.Stat(path); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if n, err := p.Service.CountAccounts(); err != nil || n > 0 {
		if err == nil {
			err = fmt.Errorf("%s is gone but the accounts are there, and secrets are shown only once: begin with an empty data folder", path)
		}
		return err
	}
	all := map[string]Credential{}
	for _, user := range []string{string(calls.Duty), string(calls.Approver), string(calls.Inspector), secondInspector,
		string(calls.Town), string(calls.Admin), string(calls.Viewer), string(calls.Feeder)} {
		role := calls.Role(strings.TrimSuffix(user, "2"))
		in := calls.NewAccount{User: user, Role: string(role)}
		if role == calls.Town {
			in.Town = "杨柳青镇"
		}
		made, err := p.Service.AddAccount(ctx, service.By("demo"), in)
		if err != nil {
			return err
		}
		all[user] = Credential{Issued: made}
	}
	made, err := p.Service.IssueCredentials(ctx, service.By("demo"), calls.Nothing{ByID: calls.ByID{ID: enterprise}})
	if err != nil {
		return err
	}
	all["enterprise"] = Credential{made, enterprise}
	text, err := json.MarshalIndent(all, "", "  ") // #nosec G117 -- the file is where the demo gives its secrets
	if err != nil {
		return err
	}
	return folder.Write(path, append(text, '\n'), 0o600)
}

// forecast gives the measured days of December 2016 as a forecast that begins tomorrow, when nothing is going on.
func (d *Demo) forecast(ctx context.Context, p Program) error {
	if quiet, err := p.Service.Quiet(); err != nil || !quiet {
		return err
	}
	text, err := seeds.Episode(episode)
	if err != nil {
		return err
	}
	days, err := alerts.ReadDailyCSV(bytes.NewReader(text))
	if err != nil {
		return err
	}
	today := alerts.DateOf(p.Service.J.Now())
	f := alerts.Forecast{Source: source, Region: p.Config.District.Region, IssuedAt: today.Start()}
	for _, day := range days {
		if day.Date >= firstDay && len(f.Days) < mostDays && day.AQI != nil {
			f.Days = append(f.Days, alerts.ForecastDay{Date: today.AddDays(1 + len(f.Days)), AQILow: *day.AQI, AQIHigh: *day.AQI,
				Primary: day.Primary, Cause: day.Cause})
		}
	}
	body, err := json.Marshal(f)
	if err != nil {
		return err
	}
	got, err := p.Service.Forecast(ctx, service.By("demo"), calls.Document{Text: body})
	if err != nil {
		return err
	}
	p.Log.Info("demo forecast: measured days moved to begin tomorrow", "source", "Tianjin", "from", firstDay,
		"days", len(f.Days), "forecast", got.ID)
	return nil
}

// How the simulated enterprises answer: most soon, some late, some never.
const (
	simulateSoonest = 2 * time.Second
	simulateLatest  = 60 * time.Second
	simulateNever   = 4 // of a hundred
	simulateQueue   = 200_000
)

// Simulate lets the enterprises answer the orders that they hear on nc until stop, all but the demo's own account and
// the two plants. Each waits for a time that follows from its order's id, so that the board fills as it does in life.
func (d *Demo) Simulate(p Program, nc *nats.Conn) (stop func() error, err error) {
	if d.NoSimulate {
		return func() error { return nil }, nil
	}
	soonest, latest := d.Soonest, d.Latest
	if latest == 0 {
		soonest, latest = simulateSoonest, simulateLatest
	}
	own, err := ownRecipient(p.Config.Data)
	if err != nil {
		return nil, err
	}
	var waiting atomic.Int64
	sub, err := nc.Subscribe("qingkong.order.*", func(msg *nats.Msg) {
		id := msg.Subject[strings.LastIndexByte(msg.Subject, '.')+1:]
		if id == own || isPlant(id) || waiting.Load() > simulateQueue {
			return
		}
		late, action, order := simulated(msg.Data)
		if action == "" {
			return
		}
		waiting.Add(1)
		time.AfterFunc(soonest+time.Duration(late*float64(latest-soonest)), func() {
			defer waiting.Add(-1)
			p.answer(id, order, action)
		})
	})
	if err != nil {
		return nil, err
	}
	return sub.Unsubscribe, nil
}

// answer is that of a simulated enterprise.
func (p Program) answer(recipient, order string, action notify.Action) {
	text, err := json.Marshal(notify.AnswerText{OrderID: order, Action: action})
	if err != nil {
		return
	}
	p.Service.Answer(recipient, false, text, func(_ string, err error) {
		if err != nil {
			// a repeat it has answered already, or a release meanwhile
			p.Log.Debug("simulated enterprise", "order", order, "err", err)
		}
	})
}

// simulated is what an enterprise does with a message: how late, from 0 for the soonest to 1 for the latest, and what;
// nothing for one that never answers.
func simulated(data []byte) (late float64, action notify.Action, order string) {
	var in struct {
		Event string `json:"event"`
		Order struct {
			ID string `json:"id"`
		} `json:"order"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return 0, "", ""
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(in.Order.ID)) // a hash never fails to write
	n := h.Sum32()
	if n%100 < simulateNever {
		return 0, "", ""
	}
	late = float64(n/100%1000) / 1000
	if in.Event == "released" {
		return late, notify.Receive, in.Order.ID
	}
	return late, notify.Acknowledge, in.Order.ID
}

func ownRecipient(dir string) (string, error) {
	all, err := Credentials(dir)
	return all["enterprise"].Recipient, err
}

// Credentials are the accounts that a demo made, by role.
func Credentials(dir string) (all map[string]Credential, err error) {
	text, err := os.ReadFile(filepath.Join(dir, folder.DemoCredentials))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", folder.DemoCredentials, err)
	}
	return all, nil
}

// Account returns the login of a demo's account of a role, from the file that the person who runs the demo reads.
func (d *Demo) Account(dir string) func(role string) (user, password string, ok bool) {
	if d == nil {
		return nil
	}
	return func(role string) (user, password string, ok bool) {
		all, err := Credentials(dir)
		c, ok := all[role]
		return c.User, c.Password, ok && err == nil
	}
}
