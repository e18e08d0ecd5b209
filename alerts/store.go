package alerts

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// The buckets; the package comment has their keys.
var (
	bForecast     = []byte("alerts.forecast")
	bForecastHash = []byte("alerts.forecast_hash")
	bForecastDay  = []byte("alerts.forecast_day")
	bObservedDay  = []byte("alerts.observed_day")
	bForecastHour = []byte("alerts.forecast_hour")
	bObservedHour = []byte("alerts.observed_hour")
	bSaid         = []byte("alerts.forecast_said")
	bFeed         = []byte("alerts.feed")
	bProposal     = []byte("alerts.proposal")
	bProposalTime = []byte("alerts.proposal_time")
	bWarning      = []byte("alerts.warning")
	bWarningTime  = []byte("alerts.warning_time")
	bScope        = []byte("alerts.scope")
	bMessage      = []byte("alerts.message")
	bNumber       = []byte("alerts.number")
	bRestored     = []byte("alerts.restored")
)

// Buckets lists the buckets of this package; all are journaled.
func Buckets() []string {
	var names []string
	for _, b := range [][]byte{bForecast, bForecastHash, bForecastDay, bObservedDay, bForecastHour, bObservedHour, bSaid,
		bFeed, bProposal, bProposalTime,
		bWarning, bWarningTime, bScope, bMessage, bNumber, bRestored} {
		names = append(names, string(b))
	}
	return names
}

type storedForecast struct {
	ID         string    `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Forecast   Forecast  `json:"forecast"`
}

type forecastDay struct {
	ForecastDay
	ForecastID string    `json:"forecast_id"`
	IssuedAt   time.Time `json:"issued_at"`
}

// observedDay is what the stations of a region measured on one day.
type observedDay map[string]Day

// scope is a region, live or drill: the two never see each other.
type scope struct {
	region string
	drill  bool
}

func (s scope) key() string {
	if s.drill {
		return "d" + s.region
	}
	return "l" + s.region
}

func scopeOf(key []byte) scope { return scope{region: string(key[1:]), drill: key[0] == 'd'} }

// scopeRow is what stands in a region: at most one open proposal and one live warning, and what was dismissed last of
// each kind of proposal, until one of that kind is raised.
type scopeRow struct {
	Proposal  string      `json:"proposal"`
	Warning   string      `json:"warning"`
	Dismissed []dismissal `json:"dismissed"`
}

// without is what was dismissed of other kinds.
func (r *scopeRow) without(kind ProposalKind) []dismissal {
	return slices.DeleteFunc(r.Dismissed, func(d dismissal) bool { return d.Kind == kind })
}

// dismissed reports whether the suggestion was decided against.
func (r *scopeRow) dismissed(p *Proposal) bool {
	return slices.ContainsFunc(r.Dismissed, func(d dismissal) bool { return d.covers(p) })
}

// get reads a JSON row; false when there is none.
func get[T any](tx *bbolt.Tx, bucket []byte, key string) (v T, found bool, err error) {
	raw := tx.Bucket(bucket).Get([]byte(key))
	if raw == nil {
		return v, false, nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, false, fmt.Errorf("alerts: row %s/%s: %w", bucket, key, err)
	}
	return v, true, nil
}

func put(tx *bbolt.Tx, bucket []byte, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("alerts: row %s/%s: %w", bucket, key, err)
	}
	return tx.Bucket(bucket).Put([]byte(key), raw)
}

func number(tx *bbolt.Tx, name string) uint64 {
	raw := tx.Bucket(bNumber).Get([]byte(name))
	if raw == nil {
		return 0
	}
	return binary.BigEndian.Uint64(raw)
}

func putNumber(tx *bbolt.Tx, name string, n uint64) error {
	return tx.Bucket(bNumber).Put([]byte(name), binary.BigEndian.AppendUint64(nil, n))
}

// count keeps a list's total; by is 1 or -1.
func count(tx *bbolt.Tx, name string, by int) error {
	return putNumber(tx, name, number(tx, name)+uint64(int64(by)))
}

// numbering gives out the ids of one decision: a prefix, the day, and the number of that day.
type numbering struct {
	tx   *bbolt.Tx
	day  string
	last map[string]uint64
}

func newNumbering(tx *bbolt.Tx, now time.Time) *numbering {
	return &numbering{tx: tx, day: now.In(Shanghai()).Format("20060102"), last: map[string]uint64{}}
}

func (n *numbering) next(prefix string) (id string, num uint64) {
	name := prefix + n.day
	if _, ok := n.last[name]; !ok {
		n.last[name] = number(n.tx, name)
	}
	n.last[name]++
	return fmt.Sprintf("%s-%02d", name, n.last[name]), n.last[name]
}

// numberName is the name under which the last number of an id's day is kept.
func numberName(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '-' {
			return id[:i]
		}
	}
	return id
}

// Page is one page of a list, newest first. Next is the cursor of the next page, empty on the last.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
	Total int    `json:"total"`
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// timeKey orders ids by time: prefix, milliseconds, id.
func timeKey(prefix string, at time.Time, id string) []byte {
	k := binary.BigEndian.AppendUint64([]byte(prefix), uint64(at.UnixMilli()))
	return append(k, id...)
}

// page reads the index backwards from the entry after key from, or from its end when from is nil.
func page[T any](tx *bbolt.Tx, index []byte, prefix string, from []byte, limit int,
	load func(id string) (T, error)) (Page[T], error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	out := Page[T]{Items: []T{}}
	c := tx.Bucket(index).Cursor()
	if from == nil {
		from = append([]byte(prefix), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	}
	k, _ := c.Seek(from)
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	last := ""
	for ; len(k) > len(prefix)+8 && string(k[:len(prefix)]) == prefix; k, _ = c.Prev() {
		if len(out.Items) == limit {
			out.Next = last
			break
		}
		last = string(k[len(prefix)+8:])
		item, err := load(last)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

func notFound(what, id string) error {
	return refusal.New(refusal.NotFound, what+".not_found", refusal.Args{"id": id})
}

func badCursor(cursor string) error {
	return refusal.Input([]refusal.Field{{Path: "cursor", Rule: "cursor.unknown", Args: refusal.Args{"value": cursor}}})
}

// GetWarning returns a warning, drills included, or a not_found refusal.
func GetWarning(tx *bbolt.Tx, id string) (*Warning, error) {
	w, ok, err := get[Warning](tx, bWarning, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notFound("warning", id)
	}
	return &w, nil
}

// LiveWarning returns the region's warning that is pending approval, reported, scheduled or active; nil when there
// is none. Drills do not count; see LiveDrill.
func LiveWarning(tx *bbolt.Tx, region string) (*Warning, error) {
	return liveIn(tx, scope{region: region})
}

// LiveDrill is LiveWarning for drills.
func LiveDrill(tx *bbolt.Tx, region string) (*Warning, error) {
	return liveIn(tx, scope{region: region, drill: true})
}

// Live are the warnings of all regions that [LiveWarning] or [LiveDrill] would find. It reads what stands in each
// region now, not the warnings of the past.
func Live(tx *bbolt.Tx) ([]*Warning, error) {
	var all []*Warning
	c := tx.Bucket(bScope).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		w, err := liveIn(tx, scopeOf(k))
		if err != nil {
			return nil, err
		}
		if w != nil {
			all = append(all, w)
		}
	}
	return all, nil
}

func liveIn(tx *bbolt.Tx, s scope) (*Warning, error) {
	row, _, err := get[scopeRow](tx, bScope, s.key())
	if err != nil || row.Warning == "" {
		return nil, err
	}
	return GetWarning(tx, row.Warning)
}

// ListWarnings pages through all warnings, the latest declared first. cursor is empty or the Next of the page before;
// limit is at most 1,000, and 100 when it is not positive.
func ListWarnings(tx *bbolt.Tx, cursor string, limit int) (Page[*Warning], error) {
	var from []byte
	if cursor != "" {
		w, ok, err := get[Warning](tx, bWarning, cursor)
		if err != nil {
			return Page[*Warning]{}, err
		}
		if !ok {
			return Page[*Warning]{}, badCursor(cursor)
		}
		from = timeKey("", w.DeclaredAt, w.ID)
	}
	p, err := page(tx, bWarningTime, "", from, limit, func(id string) (*Warning, error) { return GetWarning(tx, id) })
	p.Total = int(number(tx, "count/warning"))
	return p, err
}

// GetProposal returns a proposal or a not_found refusal.
func GetProposal(tx *bbolt.Tx, id string) (*Proposal, error) {
	p, ok, err := get[Proposal](tx, bProposal, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notFound("proposal", id)
	}
	return &p, nil
}

// anyState lists proposals in whatever state.
const anyState = "any"

// ListProposals pages through the proposals in a state, or all when it is empty, the latest raised first; see
// ListWarnings.
func ListProposals(tx *bbolt.Tx, state, cursor string, limit int) (Page[*Proposal], error) {
	if state == "" {
		state = anyState
	}
	var from []byte
	if cursor != "" {
		p, ok, err := get[Proposal](tx, bProposal, cursor)
		if err != nil {
			return Page[*Proposal]{}, err
		}
		if !ok {
			return Page[*Proposal]{}, badCursor(cursor)
		}
		from = timeKey(state+"/", p.RaisedAt, p.ID)
	}
	p, err := page(tx, bProposalTime, state+"/", from, limit,
		func(id string) (*Proposal, error) { return GetProposal(tx, id) })
	p.Total = int(number(tx, "count/proposal/"+state))
	return p, err
}

// GetForecast returns a forecast as it was received, or a not_found refusal.
func GetForecast(tx *bbolt.Tx, id string) (*Forecast, error) {
	row, ok, err := get[storedForecast](tx, bForecast, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notFound("forecast", id)
	}
	return &row.Forecast, nil
}
