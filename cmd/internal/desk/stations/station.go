package stations

import (
	"net/url"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/telemetry/hj212"
)

// stationView is a station: what the register says of it, how it reports, and what rests on it.
type stationView struct {
	*frame.Chrome
	Station    calls.StationDetail
	Registered bool
	Add        string // address of the form for one that is not registered
	Kind       string
	Recipient  string // address of its recipient's page, empty where the reader has none
	Outlets    []outletRow
	Tolerate   []tolerance
	Heard      *calls.StationHeard // nil where this node keeps nothing
	Fresh      freshness
	Ago        string
	Clock      string
	ClockOff   bool
	Data       []dataRow
	Noticed    []noticedRow
	Gaps       []gapRow
	Frames     raws
	Refused    raws
	Points     []pointRow
	Uses       []useRow
	Change     string // address of the form; empty for who may not
	Key        string
	Error      string
}

// outletRow is an outlet with its factors in words.
type outletRow struct{ Name, Factors, Oxygen string }

type tolerance struct{ Name, Word string }

type dataRow struct {
	Name string
	At   time.Time
	Ago  string
}

// noticedRow is a thing that was noticed; Beside are its bytes where its words do not show them.
type noticedRow struct {
	calls.Noticed
	Beside string
}

type gapRow struct {
	calls.HeardGap
	Name string
}

// rawsShown is how many frames stand open on the page; the others unfold.
const rawsShown = 8

// Shown are the latest frames.
func (r raws) Shown() []rawRow { return r[:min(len(r), rawsShown)] }

// Folded are those before.
func (r raws) Folded() []rawRow { return r[min(len(r), rawsShown):] }

// raws are things that came, the latest first.
type raws []rawRow

// rawRow is one thing that came, with what it says in a line.
type rawRow struct {
	calls.HeardRaw
	Says string
	Why  string // it was refused, in words
}

func (d *desk) station(q *frame.Request) (any, error) {
	mn := q.PathValue("mn")
	found, err := d.Svc.OneStation(q.Context(), q.Ask(), calls.ByMN{MN: mn})
	if refusal.CodeOf(err) == refusal.NotFound && d.Svc.Instruments != nil {
		return d.listed(q, mn)
	}
	if err != nil {
		return nil, err
	}
	view := &stationView{Chrome: q.Chrome(), Station: found, Registered: true, Key: frame.NewKey(), Error: q.Why(),
		Kind: kindOf(q, &found)}
	view.Title = found.Name
	if q.May(calls.ActStations) {
		view.Change = stationPath(mn) + "/change"
	}
	if q.May(calls.ActRecipientsRead) && found.Listed {
		view.Recipient = "/desk/recipients/" + url.PathEscape(found.RecipientID)
	}
	for _, o := range found.Outlets {
		view.Outlets = append(view.Outlets, outletRowOf(q, &o))
	}
	for _, t := range found.Tolerate {
		view.Tolerate = append(view.Tolerate, tolerance{string(t), q.T("tolerate." + string(t))})
	}
	open, err := openOrders(q, found.RecipientID)
	if err != nil {
		return nil, err
	}
	view.Uses = uses(q, found.Expected, open)
	if d.Svc.Instruments == nil {
		return view, nil
	}
	return view, d.heard(q, view)
}

func outletRowOf(q *frame.Request, o *calls.StationOutlet) outletRow {
	names := make([]string, len(o.Factors))
	for i, f := range o.Factors {
		if names[i] = series.FactorName(q.Lang, f.Code); names[i] != f.Code {
			names[i] += " " + f.Code
		}
		if f.Unit != "" {
			names[i] += " (" + series.Sign(f.Unit) + ")"
		}
	}
	row := outletRow{Name: o.Name, Factors: strings.Join(names, "、")}
	if o.O2 != nil {
		row.Oxygen = q.T("station.o2", "o2", series.Number(*o.O2))
	}
	return row
}

// listed shows an instrument that the list names and nobody registered.
func (d *desk) listed(q *frame.Request, mn string) (any, error) {
	view := &stationView{Chrome: q.Chrome()}
	view.Station.MN = mn
	if err := d.heard(q, view); err != nil {
		return nil, err
	}
	h := view.Heard
	view.Title, view.Station.RecipientID, view.Station.RecipientName = mn, h.RecipientID, h.RecipientName
	if q.May(calls.ActStations) {
		view.Add = addPath(mn)
	}
	if q.May(calls.ActRecipientsRead) && h.RecipientID != "" {
		view.Recipient = "/desk/recipients/" + url.PathEscape(h.RecipientID)
	}
	open, err := openOrders(q, h.RecipientID)
	if err != nil {
		return nil, err
	}
	var expected []calls.ExpectedPoint
	for i := range h.Points {
		p := &h.Points[i]
		for _, e := range p.Expected {
			expected = append(expected, calls.ExpectedPoint{Point: p.Point, MeasureID: e.MeasureID, Levels: e.Levels,
				Source: e.Source, Criterion: e.Criterion, Known: true})
		}
	}
	view.Uses = uses(q, expected, open)
	return view, nil
}

// kindOf is what a station is, in words: the system code and the edition of its frames, or that it sends none.
func kindOf(q *frame.Request, s *calls.StationDetail) string {
	if s.ST == "" {
		return q.T("station.kind.message")
	}
	name := s.ST
	if key := "st." + s.ST; refusal.Known("desk." + key) {
		name = s.ST + " " + q.T(key)
	}
	return q.T("station.kind.frames", "st", name, "version", s.Version)
}

// heard adds how the station reports.
func (d *desk) heard(q *frame.Request, view *stationView) error {
	h, err := d.Svc.StationHeard(q.Context(), q.Ask(), calls.ByMN{MN: view.Station.MN})
	if err != nil {
		return err
	}
	now := d.Svc.J.Wall()
	view.Heard, view.Fresh = &h, freshOf(q.Lang, h.Freshness)
	if h.LastAt != nil {
		view.Ago = ago(q.Lang, *h.LastAt, now)
	}
	view.Clock, view.ClockOff = clockShift(q.Lang, h.ClockOffsetS)
	for _, data := range h.Data {
		view.Data = append(view.Data, dataRow{dataWord(q.Lang, data.CN), data.At, ago(q.Lang, data.At, now)})
	}
	for _, n := range h.Noticed {
		row := noticedRow{Noticed: n}
		if n.Bytes != "" && !strings.Contains(n.Message, n.Bytes) {
			row.Beside = n.Bytes
		}
		view.Noticed = append(view.Noticed, row)
	}
	for _, g := range h.Gaps {
		view.Gaps = append(view.Gaps, gapRow{g, dataWord(q.Lang, g.CN)})
	}
	for _, raw := range h.LastFrames {
		view.Frames = append(view.Frames, rawRow{raw, says(q.Lang, raw.Raw), ""})
	}
	for _, raw := range h.LastRefused {
		view.Refused = append(view.Refused, rawRow{raw, says(q.Lang, raw.Raw), whyWord(q.Lang, raw.Why)})
	}
	for i := range h.Points {
		view.Points = append(view.Points, pointRowOf(q, &h.Points[i], now))
	}
	return nil
}

// whyWord is why something was refused, in few words; the name itself where it has none.
func whyWord(lang, why string) string {
	if key := "why." + why; refusal.Known("desk." + key) {
		return frame.Word(lang, key)
	}
	return why
}

// mostSaid is how many values of a frame a line tells.
const mostSaid = 4

// says is what a frame or a message tells, in a line: its data, their time and its first values. It reads the text as
// it stands there and judges nothing: whether it is good was decided when it came.
func says(lang, raw string) string {
	_, segment, ok := strings.Cut(raw, "##")
	if !ok {
		return frame.Word(lang, "says.message", "n", strings.Count(raw, `"at"`))
	}
	head, body, _ := strings.Cut(segment, "CP=&&")
	body, _, _ = strings.Cut(body, "&&")
	var parts []string
	for field := range strings.SplitSeq(head, ";") {
		key, value, _ := strings.Cut(field, "=")
		if strings.HasSuffix(key, "CN") { // the length stands before the first field
			parts = append(parts, cut(value)+" "+dataWord(lang, cut(value)))
		}
	}
	var values []string
	told, more := "", 0
	for group := range strings.FieldsFuncSeq(body, func(r rune) bool { return r == ';' || r == ',' }) {
		key, value, _ := strings.Cut(group, "=")
		code, kind, _ := strings.Cut(key, "-")
		switch {
		case key == "QnRtn" || key == "ExeRtn":
			parts = append(parts, resultWord(lang, key, cut(value)))
		case key == "DataTime":
			parts = append(parts, dataTime(value))
		case kind == "Flag" || kind == "" || kind == "SampleTime" || code == told: // the first of a factor is told
		case len(values) < mostSaid:
			told = code
			values = append(values, series.FactorName(lang, cut(code))+" "+cut(kind)+" "+cut(value))
		default:
			told = code
			more++
		}
	}
	if more > 0 {
		values = append(values, frame.Word(lang, "says.more", "n", more))
	}
	return strings.Join(append(parts, values...), " · ")
}

// resultWord is what a station says to a request: that it does what was asked, or how that went.
func resultWord(lang, key, code string) string {
	rule := map[string]string{"QnRtn": "dialog.qn.", "ExeRtn": "dialog.exe."}[key] + code
	if refusal.Known(rule) {
		return refusal.Text(rule, lang, nil)
	}
	return key + " " + code
}

// dataTime is a time of HJ 212 as people read it, or as it is written where it is none.
func dataTime(s string) string {
	t, err := time.ParseInLocation("20060102150405", s, hj212.Beijing)
	if err != nil {
		return cut(s)
	}
	return frame.Exact(t)
}

// cut is the beginning of a text that a device wrote, which may be of any length.
func cut(s string) string {
	if len(s) <= 24 {
		return s
	}
	return strings.ToValidUTF8(s[:24], "") + "…"
}

// retire takes a station out of use, and reinstate takes it back.
func (d *desk) retire(q *frame.Request) (to string, err error) {
	_, err = d.Svc.Do(q.Context(), calls.RetireStation.Call, q.Ask(), stationAt(q))
	return stationPath(q.PathValue("mn")) + "?done=station.retire", err
}

func (d *desk) reinstate(q *frame.Request) (to string, err error) {
	_, err = d.Svc.Do(q.Context(), calls.ReinstateStation.Call, q.Ask(), stationAt(q))
	return stationPath(q.PathValue("mn")) + "?done=station.reinstate", err
}

func stationAt(q *frame.Request) calls.StationAt {
	return calls.StationAt{ByMN: calls.ByMN{MN: q.PathValue("mn")}, Revision: frame.RevisionOf(q.PostForm)}
}
