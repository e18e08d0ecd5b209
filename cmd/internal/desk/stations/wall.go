package stations

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// wallView is all stations that the reader may see, those that need somebody first.
type wallView struct {
	*frame.Chrome
	frame.Pager
	Query     string
	Town      string
	Towns     []string // to choose from; none for who sees one alone
	Counters  []counter
	Kind      telemetry.Freshness // that was chosen; empty for all
	Rows      []wallRow
	Strangers []strangerRow
	Own       []pointRow // of an enterprise: all its points
	Mine      bool       // the reader is an enterprise
	Admin     bool
	None      string // why nothing can be shown
}

// counter is how many stations report in one way, and leads to them.
type counter struct {
	freshness
	N       int
	Href    string
	Current bool
}

// wallRow is a station on the wall.
type wallRow struct {
	calls.StationState
	Href      string
	Recipient string // address of its recipient's page, empty where the reader has none
	Fresh     freshness
	Ago       string
	Clock     string
	ClockOff  bool
	Values    []latest
}

func (d *desk) wall(q *frame.Request) (any, error) {
	v := q.URL.Query()
	view := &wallView{Chrome: q.Chrome(), Query: strings.TrimSpace(v.Get("q")), Town: v.Get("town"),
		Mine: q.Who.Role == calls.Enterprise, Admin: q.May(calls.ActStations)}
	if view.Mine {
		view.Title = q.T("stations.mine")
	}
	if d.Svc.Instruments == nil {
		view.None = q.T("stations.not_here")
		return view, nil
	}
	if kind := telemetry.Freshness(v.Get("freshness")); slices.Contains(telemetry.Freshnesses(), kind) {
		view.Kind = kind
	}
	found, err := d.Svc.StationsHeard(q.Context(), q.Ask(), calls.StatesQuery{Q: view.Query, Town: view.Town,
		Freshness: string(view.Kind), Paging: calls.Paging{Cursor: v.Get("cursor"), Limit: frame.PageSize(v)}})
	if err != nil {
		return nil, err
	}
	view.Pager = q.Pager(found.Next)
	view.Counters = counters(q, found.Counts, view.Kind)
	now := d.Svc.J.Wall()
	for _, s := range found.Items {
		row, err := d.wallRow(q, s, now)
		if err != nil {
			return nil, err
		}
		view.Rows = append(view.Rows, row)
	}
	if q.Who.Role != calls.Town && !view.Mine {
		err = q.View(func(tx *bbolt.Tx) (err error) { view.Towns, err = q.Towns(tx, "", view.Town); return err })
	}
	if err == nil && view.Mine {
		view.Own, err = d.pointRows(q, calls.PointsQuery{}, now)
	}
	if err == nil && view.Admin {
		view.Strangers, err = d.strangers(q, now)
	}
	return view, err
}

// counters lead to the stations of each kind, and back to all of them.
func counters(q *frame.Request, n calls.FreshnessCounts, chosen telemetry.Freshness) (all []counter) {
	of := map[telemetry.Freshness]int{telemetry.Fresh: n.Fresh, telemetry.Late: n.Late, telemetry.Silent: n.Silent,
		telemetry.Never: n.Never}
	at := func(kind telemetry.Freshness) string {
		v := url.Values{}
		for _, name := range []string{"q", "town"} {
			if s := q.URL.Query().Get(name); s != "" {
				v.Set(name, s)
			}
		}
		if kind != "" {
			v.Set("freshness", string(kind))
		}
		return "/desk/stations?" + v.Encode()
	}
	sum := 0
	for _, kind := range telemetry.Freshnesses() {
		all = append(all, counter{freshOf(q.Lang, kind), of[kind], at(kind), kind == chosen})
		sum += of[kind]
	}
	return append(all, counter{freshness{"", q.T("fresh.all")}, sum, at(""), chosen == ""})
}

func (d *desk) wallRow(q *frame.Request, s calls.StationState, now time.Time) (row wallRow, err error) {
	row = wallRow{StationState: s, Fresh: freshOf(q.Lang, s.Freshness), Href: stationPath(s.MN)}
	if q.May(calls.ActRecipientsRead) && s.RecipientID != "" {
		row.Recipient = "/desk/recipients/" + url.PathEscape(s.RecipientID)
	}
	if s.LastAt != nil {
		row.Ago = ago(q.Lang, *s.LastAt, now)
	}
	row.Clock, row.ClockOff = clockShift(q.Lang, s.ClockOffsetS)
	if s.LastAt != nil {
		row.Values, err = d.mainValues(q.Context(), q.Lang, s.MN)
	}
	return row, err
}

// mostValues is how many factors of a station the wall shows.
const mostValues = 4

// mainValues are the last hours of the factors of a station that matter most, or else what came last of them.
func (d *desk) mainValues(ctx context.Context, lang, mn string) (all []latest, err error) {
	points, err := d.Svc.Instruments.Points(ctx, mn)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(points, func(a, b telemetry.PointState) int { return cmp.Compare(rank(&a), rank(&b)) })
	for i := range points {
		p := &points[i]
		if rank(p) == unranked && len(all) > 0 || len(all) == mostValues {
			break
		}
		kept := newest(p.Last)
		if kept == nil {
			continue
		}
		_, factor := p.Point.Split()
		one := latest{Name: series.FactorName(lang, factor), Href: series.PointPath(p.Point), Flag: flagWord(lang, flagText(kept.Flag)),
			Value: frame.Word(lang, "point.no_value"), When: frame.Word(lang, "step."+stepText(kept.Step))}
		if x, ok := readings.Value(p.Unit, &kept.Reading); ok {
			one.Value = with(x, p.Unit)
		}
		all = append(all, one)
	}
	return all, nil
}

// newest is the last hour, or where there is none the last minute or sample.
func newest(last []telemetry.Kept) *telemetry.Kept {
	for _, step := range []telemetry.Step{telemetry.Hour, telemetry.Minute, telemetry.Moment, telemetry.Day} {
		if i := slices.IndexFunc(last, func(k telemetry.Kept) bool { return k.Step == step }); i >= 0 {
			return &last[i]
		}
	}
	return nil
}

// unranked is the rank of what the wall shows only where a station has nothing else.
const unranked = 9

// rank orders points by what people look at first: what is emitted, what is used up, how hot it burns.
func rank(p *telemetry.PointState) int {
	_, factor := p.Point.Split()
	if i := slices.Index([]string{"a34013", "a21026", "a21002"}, factor); i >= 0 {
		return i
	}
	switch readings.SortOf(factor, p.Unit) {
	case readings.Concentration:
		return 3
	case readings.Power:
		return 4
	case readings.Weight, readings.Count:
		return 5
	case readings.Temperature:
		if strings.HasPrefix(factor, "a019") { // of a furnace
			return 6
		}
	case readings.Flow:
		return 7
	}
	return unranked
}

func flagText(f telemetry.Flag) string {
	if f == 0 {
		return ""
	}
	return string(rune(f))
}

func stepText(s telemetry.Step) string {
	switch s {
	case telemetry.Minute:
		return calls.StepMinute
	case telemetry.Hour:
		return calls.StepHour
	case telemetry.Day:
		return calls.StepDay
	}
	return calls.StepSample
}

// strangerRow is a sender that nobody registered, or that gave another password, and where it can be registered.
type strangerRow struct {
	calls.Stranger
	Why     string // in few words
	Ago     string
	Factors string
	Add     string // where it is registered; empty where it is
	Change  string // where what the register says of it is changed
	Look    string // what the register says
}

func (d *desk) strangers(q *frame.Request, now time.Time) (rows []strangerRow, err error) {
	found, err := d.Svc.Strangers(q.Context(), q.Ask(), calls.None{})
	if err != nil {
		return nil, err
	}
	for _, s := range found.Items {
		row := strangerRow{Stranger: s, Ago: ago(q.Lang, s.LastAt, now), Why: whyWord(q.Lang, s.Why)}
		var names []string
		for _, o := range s.Outlets {
			for _, f := range o.Factors {
				names = append(names, series.FactorName(q.Lang, f.Code))
			}
		}
		row.Factors = strings.Join(names, "、")
		switch {
		case s.MN == "":
		case s.Why == "password" || s.Why == "guesses" || s.Why == "no_frames":
			row.Change = stationPath(s.MN) + "/change"
		case s.Why == "retired" || s.Why == "other_mn":
			row.Look = stationPath(s.MN)
		default:
			row.Add = addPath(s.MN)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
