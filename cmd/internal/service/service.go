// Package service is the acts of the coordinator (contract.md §3, §4) apart from how they are asked for: it reads
// an act's JSON strictly, puts what must be erasable into the vault, submits the command, and renders the result.
// HTTP and NATS call the same functions, so that both know the same rules.
package service

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/notary"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// Settings are what a district chooses about its acts.
type Settings struct {
	Region      string // six digits, GB/T 2260; the default of a declaration
	Alerts      alerts.Settings
	List        rules.Settings // what lists are checked by; the zero value stands for the usual ones
	RepeatFirst time.Duration  // until an order's first repeat
	RepeatMax   time.Duration  // the pauses double up to this
	Publishing  Publishing

	FiguresMaxAge time.Duration // of a plant, before they are asked for anew; zero stands for [FiguresMaxAge]

	FactorRequired bool // who approves has a second factor, or does not approve

	Follow judging.Follow // within which findings are followed up; zero is the usual

	Ranking compliance.RankWeights // what makes a task press; zero is the usual
	Inspect inspect.Rules          // by which inspections are taken in; zero is the usual
	Maps    []calls.MapLink        // in which places can be opened
	Office  compliance.Place       // of the district, from which inspectors set out; zero is not known

	Evidence     compliance.EvidenceLimits // of an account and a day; zero is the usual
	Photos       compliance.PhotoLimits    // beyond which a photo is remarked upon; zero is the usual
	KeepEvidence time.Duration             // before a file that was handed in is erased; zero is for ever

	Patience telemetry.Patience // after how long without a word a station is late, and silent; zero is the usual one
}

// Service does the acts. Its methods may be called from any goroutine.
type Service struct {
	J         *journal.Journal
	Region    string
	Passwords *access.Passwords
	Codes     *access.Codes

	FactorRequired bool // of who approves

	Air alerts.Settings // by which what is forecast and measured is judged

	List rules.Settings // what lists are checked by

	Reader alerts.Reader // of forecasts and measurements

	Publishing Publishing // what papers say of the district

	FiguresMaxAge time.Duration // of a plant

	log     *slog.Logger
	noteKey []byte
	lists   *listCaches
	reads   *readLog // who read personal data, and is not recorded yet
	plans   solver

	// Kick closes the live connections of a user whose secrets have ended; nil does nothing.
	Kick func(user string)

	// Large refuses what needs much space where little of it is left; nil refuses nothing.
	Large func() error

	// Keeping says which backups of the server's folder still hold entries of the vault; it ends in bounded time. nil
	// knows of none.
	Keeping func(ctx context.Context, refs []string) []calls.KeptIn

	// EvidenceHolds add the files that something names which goes on, beside [compliance.HoldEvidence].
	EvidenceHolds []func(tx *bbolt.Tx, held map[string]bool) error

	// Judging holds orders against what was measured; nil where this node keeps no readings.
	Judging *judging.Evaluator

	// Notary signs for the ledger; nil where nothing is signed, as in tests.
	Notary *notary.Notary

	// Hours are the results of an hour, of which the record has the root, as far as this node holds them; nil holds none.
	Hours func(hour time.Time) (leaves [][]byte, err error)

	// Instruments is what this node keeps of what stations say; nil where it keeps nothing.
	Instruments Instruments

	patience telemetry.Patience     // with stations
	follow   judging.Follow         // of findings
	ranking  compliance.RankWeights // of tasks
	inspect  inspect.Rules
	maps     []calls.MapLink
	office   compliance.Place

	limits    compliance.EvidenceLimits
	photos    compliance.PhotoLimits
	keepFiles time.Duration // files that were handed in; zero is for ever

	taken     *takenKeys    // idempotency keys of what instruments reported
	reporters reporterCache // who reports

	workbooks chan struct{} // holds one while a workbook is in work

	gatherings chan struct{} // holds one for each bundle that is being made
	contacts   sync.Map      // vault reference -> dutyContact; contacts are few and shared by all orders of a warning
}

// New returns the service over an open journal whose registry [Registry] made.
func New(ctx context.Context, j *journal.Journal, set Settings, log *slog.Logger) (*Service, error) {
	key, err := j.SharedKey(ctx, "notes")
	if err != nil {
		return nil, err
	}
	set.List = set.checks()
	set.List.Account = accounts(j, log)
	if set.Patience == (telemetry.Patience{}) {
		set.Patience = telemetry.UsualPatience
	}
	set.Follow = set.follow()
	if set.Ranking == (compliance.RankWeights{}) {
		set.Ranking = compliance.UsualWeights
	}
	passwords := access.NewPasswords(j)
	passwords.About = []string{set.Publishing.District, set.Region}
	return &Service{J: j, Region: set.Region, Air: set.Alerts, Reader: alerts.Reader{Plausible: &set.Alerts.Plausible},
		Passwords: passwords, Codes: access.NewCodes(j, log), FactorRequired: set.FactorRequired, List: set.List, log: log,
		noteKey: key, lists: newListCaches(),
		Publishing: set.Publishing, reads: newReadLog(), taken: newTakenKeys(), patience: set.Patience,
		follow: set.Follow, ranking: set.Ranking, office: set.Office,
		limits: set.Evidence, photos: set.photos(), keepFiles: set.KeepEvidence,
		inspect: set.inspection(), maps: set.Maps,
		workbooks: make(chan struct{}, 1), gatherings: make(chan struct{}, mostGatherings), FiguresMaxAge: cmp.Or(set.FiguresMaxAge, FiguresMaxAge)}, nil
}

// checks are what lists are held to.
func (set *Settings) checks() rules.Settings {
	if set.List.BottomLine == nil {
		return rules.DefaultSettings()
	}
	return set.List
}

// follow are the times within which findings are followed up.
func (set *Settings) follow() judging.Follow {
	if set.Follow == (judging.Follow{}) {
		return judging.Usual
	}
	return set.Follow
}

// inspection are the rules by which inspections are taken in.
func (set *Settings) inspection() inspect.Rules {
	if set.Inspect.AnswerWithin == 0 {
		return inspect.UsualRules()
	}
	return set.Inspect
}

// photos are the limits beyond which a photo is remarked upon.
func (set *Settings) photos() compliance.PhotoLimits {
	if set.Photos == (compliance.PhotoLimits{}) {
		return compliance.UsualPhotos
	}
	return set.Photos
}

// accounts knows which ids of a list are names of accounts. An id that cannot be looked up now passes: issuing
// credentials looks it up again.
func accounts(j *journal.Journal, log *slog.Logger) func(id string) string {
	return func(id string) string {
		user, err := journal.ReadBy(j, access.Namesake, id)
		if err != nil {
			log.Error("the accounts cannot be read", "err", err)
		}
		return user
	}
}

// seal puts a text about people on its way into the vault. The hash is keyed: it tells an equal text from another
// without giving a short text away. key is the request's idempotency key: the same text under it has the same
// reference; without one it gets a new reference each time.
func (s *Service) seal(text, key string, into *[]journal.VaultEntry) (ref, hash string) {
	e := journal.Seal([]byte(text))
	if key != "" {
		e = journal.SealWith([16]byte(s.keyed("salt", key, text)), []byte(text))
	}
	*into = append(*into, e)
	return e.Ref, hex.EncodeToString(s.keyed("text", text))
}

func (s *Service) keyed(parts ...string) []byte {
	m := hmac.New(sha256.New, s.noteKey)
	for _, p := range parts {
		_, _ = fmt.Fprintf(m, "%d:%s", len(p), p) // a hash never fails to write
	}
	return m.Sum(nil)[:16]
}

// Registry is every module and command of the program.
func Registry(set Settings) *journal.Registry {
	r := journal.NewRegistry(
		journal.Module{Name: "alerts", Buckets: alerts.Buckets(), Decode: alerts.Decode, About: alerts.About,
			Quiet: alerts.Quiet(),
			Apply: func(tx *bbolt.Tx, fx journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return alerts.Apply(tx, fx, at, actor, ev)
			},
			Observe: func(tx *bbolt.Tx, _ journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return alerts.Observe(tx, at, actor, ev)
			}},
		journal.Module{Name: "list", Buckets: reductionlist.Buckets(), Decode: reductionlist.Decode,
			About: reductionlist.About, Quiet: reductionlist.Quiet(),
			Apply: func(tx *bbolt.Tx, fx journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return reductionlist.Apply(tx, fx, at, actor, ev)
			}},
		journal.Module{Name: "notify", Buckets: notify.Buckets(), Decode: notify.Decode, About: notify.About,
			Quiet: notify.Quiet(), Apply: notify.Apply,
			Observe: func(tx *bbolt.Tx, fx journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return notify.Observe(tx, fx, at, actor, ev)
			}},
		journal.Module{Name: "compliance", Buckets: compliance.Buckets(), Decode: compliance.Decode, About: compliance.About,
			Quiet: compliance.Quiet(),
			Apply: func(tx *bbolt.Tx, fx journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return compliance.Apply(tx, fx, at, actor, ev)
			}},
		journal.Module{Name: "inspection", Buckets: inspect.Buckets(), Decode: inspect.Decode, About: inspect.About,
			Quiet: inspect.Quiet(),
			Apply: func(tx *bbolt.Tx, _ journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return inspect.Apply(tx, at, actor, ev)
			}},
		journal.Module{Name: "access", Buckets: access.Buckets(), Decode: access.Decode, About: access.About,
			Quiet: access.Quiet(), Apply: access.Apply},
		journal.Module{Name: "telemetry", Buckets: telemetry.Buckets(), Decode: telemetry.Decode, About: telemetry.About,
			Quiet: telemetry.Quiet(),
			Apply: func(tx *bbolt.Tx, _ journal.Effects, at time.Time, actor string, _ journal.Pos, ev journal.Event) error {
				return telemetry.Apply(tx, at, actor, ev)
			}},
		notary.Module(),
	)
	two := gate{set.FactorRequired}
	registerAlerts(r, alerts.Engine{Settings: set.Alerts}, two)
	registerList(r)
	registerPersons(r, two)
	registerOrders(r, set)
	registerPlans(r)
	registerStations(r)
	r.NameBlocks(idsNamed)
	notary.Register(r)
	judging.Register(r, compliance.Rules{ExplainWithin: set.follow().ExplainWithin, Evidence: set.Evidence})
	registerInspections(r, set.inspection())
	access.Register(r)
	// the last at each start
	r.Vital(cmdLift, cmdCancel, cmdApprove, cmdEmergency, cmdAnswer, cmdObjection, CommandSent, cmdSettings, CommandRootHour,
		judging.CommandExplain, judging.CommandDecide, cmdInspect, cmdReply)
	return r
}

// dutyContact is the person an order names.
type dutyContact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// vault resolves what orders refer to within a transaction, for somebody who may read all of it.
func (s *Service) vault(tx *bbolt.Tx) notify.Vault {
	return notify.Vault{Contact: s.contact(tx),
		Note: func(ref string) string { return string(journal.ReadVault(tx, ref)) }}
}

// contact resolves the duty contact of orders within a transaction. A contact that was erased gives empty strings.
func (s *Service) contact(tx *bbolt.Tx) notify.Contact {
	return func(ref string) (name, phone string) {
		content := journal.ReadVault(tx, ref)
		if content == nil {
			s.contacts.Delete(ref)
			return "", ""
		}
		if c, ok := s.contacts.Load(ref); ok {
			return c.(dutyContact).Name, c.(dutyContact).Phone
		}
		var c dutyContact
		if err := json.Unmarshal(content, &c); err != nil {
			s.log.Error("duty contact in the vault cannot be read", "ref", ref, "err", err)
		}
		s.contacts.Store(ref, c)
		return c.Name, c.Phone
	}
}
