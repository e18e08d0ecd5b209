package alerts

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// The buckets; the package comment has their keys.
var (
	bucketNames []string

	bForecast     = bucket("forecast")
	bForecastHash = bucket("forecast_hash")
	bForecastDay  = bucket("forecast_day")
	bObservedDay  = bucket("observed_day")
	bForecastHour = bucket("forecast_hour")
	bObservedHour = bucket("observed_hour")
	bSaid         = bucket("forecast_said")
	bFeed         = bucket("feed")
	bProposal     = bucket("proposal")
	bProposalTime = bucket("proposal_time")
	bWarning      = bucket("warning")
	bWarningTime  = bucket("warning_time")
	bScope        = bucket("scope")
	bMessage      = bucket("message")
	bNumber       = bucket("number")
	bRestored     = bucket("restored")
)

func bucket(name string) []byte {
	bucketNames = append(bucketNames, "alerts."+name)
	return []byte("alerts." + name)
}

// Buckets lists the buckets of this package; all are journaled.
func Buckets() []string { return slices.Clone(bucketNames) }

type storedForecast struct {
	ID         string    `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Forecast   Forecast  `json:"forecast"`
}

// issue is which forecast a day or an hour is from.
type issue struct {
	ForecastID string    `json:"forecast_id"`
	IssuedAt   time.Time `json:"issued_at"`
}

func (i issue) issued() time.Time { return i.IssuedAt }

type forecastDay struct {
	ForecastDay
	issue
}

type forecastHour struct {
	Hour
	issue
}

// supersedes reports whether a forecast holds beside a known one: the one that was issued later does, and of two that
// were issued at once the one that was received later.
func supersedes(f, known interface{ issued() time.Time }) bool {
	return !f.issued().Before(known.issued())
}

// observedDay is what the stations of a region measured on one day.
type observedDay = map[string]Day

// observedHour is what the stations of a region measured in one hour.
type observedHour = map[string]Hour

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

// scopeRow is the state of a region: at most one open proposal and one live warning, and what was dismissed last of
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

// rows reads all JSON rows of a bucket, in the order of their keys.
func rows[T any](tx *bbolt.Tx, bucket []byte) ([]T, error) {
	all := []T{}
	err := tx.Bucket(bucket).ForEach(func(k, _ []byte) error {
		row, _, err := get[T](tx, bucket, string(k))
		all = append(all, row)
		return err
	})
	return all, err
}

// eachBetween visits the JSON rows from a key up to before another, in order.
func eachBetween[T any](tx *bbolt.Tx, bucket []byte, from, before string, visit func(key string, row T) error) error {
	c := tx.Bucket(bucket).Cursor()
	for k, raw := c.Seek([]byte(from)); k != nil && string(k) < before; k, raw = c.Next() {
		var row T
		if err := json.Unmarshal(raw, &row); err != nil {
			return fmt.Errorf("alerts: row %s/%q: %w", bucket, k, err)
		}
		if err := visit(string(k), row); err != nil {
			return err
		}
	}
	return nil
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
	if i := strings.LastIndexByte(id, '-'); i >= 0 {
		return id[:i]
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

// record is a kind of rows that have ids and are listed by time.
type record[T any] struct {
	name          string // as in rules and counts
	bucket, index []byte
	at            func(*T) time.Time
}

var (
	warnings  = record[Warning]{"warning", bWarning, bWarningTime, func(w *Warning) time.Time { return w.DeclaredAt }}
	proposals = record[Proposal]{"proposal", bProposal, bProposalTime, func(p *Proposal) time.Time { return p.RaisedAt }}
	forecasts = record[storedForecast]{name: "forecast", bucket: bForecast}
)

func (r record[T]) get(tx *bbolt.Tx, id string) (*T, error) {
	v, ok, err := get[T](tx, r.bucket, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notFound(r.name, id)
	}
	return &v, nil
}

// page reads the part of the index with a prefix backwards from the entry after that of the id cursor, or from its end
// when cursor is empty. count is the name of the total.
func (r record[T]) page(tx *bbolt.Tx, prefix, count, cursor string, limit int) (Page[*T], error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	from := append([]byte(prefix), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	if cursor != "" {
		v, ok, err := get[T](tx, r.bucket, cursor)
		if err != nil {
			return Page[*T]{}, err
		}
		if !ok {
			return Page[*T]{}, refusal.Wrong("cursor", "cursor.unknown", refusal.Args{"value": cursor})
		}
		from = timeKey(prefix, r.at(&v), cursor)
	}
	out := Page[*T]{Items: []*T{}, Total: int(number(tx, "count/"+count))}
	c := tx.Bucket(r.index).Cursor()
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
		item, err := r.get(tx, last)
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

// GetWarning returns a warning, drills included, or a not_found refusal.
func GetWarning(tx *bbolt.Tx, id string) (*Warning, error) { return warnings.get(tx, id) }

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
func Live(tx *bbolt.Tx) (all []*Warning, err error) {
	err = tx.Bucket(bScope).ForEach(func(k, _ []byte) error {
		w, err := liveIn(tx, scopeOf(k))
		if w != nil {
			all = append(all, w)
		}
		return err
	})
	return all, err
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
	return warnings.page(tx, "", "warning", cursor, limit)
}

// GetProposal returns a proposal or a not_found refusal.
func GetProposal(tx *bbolt.Tx, id string) (*Proposal, error) { return proposals.get(tx, id) }

// anyState lists proposals in whatever state.
const anyState = "any"

// ListProposals pages through the proposals in a state, or all when it is empty, the latest raised first; see
// ListWarnings.
func ListProposals(tx *bbolt.Tx, state, cursor string, limit int) (Page[*Proposal], error) {
	if state == "" {
		state = anyState
	}
	return proposals.page(tx, state+"/", "proposal/"+state, cursor, limit)
}

// GetForecast returns a forecast as it was received, or a not_found refusal.
func GetForecast(tx *bbolt.Tx, id string) (*Forecast, error) {
	row, err := forecasts.get(tx, id)
	if err != nil {
		return nil, err
	}
	return &row.Forecast, nil
}
