package service

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// heardMost is how many of the last frames, and of the refused ones, are told of a station.
const heardMost = 50

var _ = bind(calls.StationsHeard, (*Service).StationsHeard)

// StationsHeard pages through how the stations report that the caller may see: those of the register that are in use, and
// the instruments that the list in force names and nobody registered. Those that need somebody stand first: silent, late,
// registered and never heard of, fresh; of these the one that was silent longest. What is not connected at all stands last:
// that is the list's work, not tonight's.
func (s *Service) StationsHeard(ctx context.Context, a Ask, in calls.StatesQuery) (out calls.StationStates, err error) {
	of, err := s.instruments()
	if err != nil {
		return out, err
	}
	after, err := readWallCursor(in.Cursor)
	if err != nil {
		return out, err
	}
	all, err := s.wall(ctx, a.Who, of, in)
	if err != nil {
		return out, err
	}
	out.Items = []calls.StationState{}
	for i := range all {
		out.Counts.Add(all[i].Freshness)
	}
	if in.Freshness != "" {
		all = slices.DeleteFunc(all, func(st calls.StationState) bool { return string(st.Freshness) != in.Freshness })
	}
	out.Total = len(all)
	slices.SortFunc(all, func(x, y calls.StationState) int { return onWallOf(&x).compare(onWallOf(&y)) })
	for i := range all {
		if in.Cursor != "" && onWallOf(&all[i]).compare(after) <= 0 {
			continue
		}
		if len(out.Items) == in.Most() {
			out.Next = onWallOf(&out.Items[len(out.Items)-1]).cursor()
			break
		}
		out.Items = append(out.Items, all[i])
	}
	return out, nil
}

// wall is how everything reports that who may see and that is asked for, in no order. How one reports is read of those alone.
func (s *Service) wall(ctx context.Context, who *access.Principal, of Instruments, in calls.StatesQuery) (
	all []calls.StationState, err error) {
	want := wanted{recipient: in.Recipient, match: func(r *Reporter) bool {
		st := r.Station
		return r.seenBy(who) && (in.Recipient == "" || r.Belongs(in.Recipient)) && (in.Town == "" || r.Town == in.Town) &&
			(in.Q == "" || strings.Contains(strings.ToLower(st.MN), strings.ToLower(in.Q)) ||
				strings.Contains(st.Name, in.Q) || strings.Contains(st.Recipient, in.Q))
	}}
	if who.Role == calls.Enterprise {
		if want.recipient = who.Recipient; want.recipient == "" {
			return nil, nil
		}
	}
	now := s.J.Wall()
	err = s.eachReporter(want, func(r *Reporter) error {
		b, err := of.Brief(ctx, r.Station)
		all = append(all, s.stateOf(who, r, &b, now))
		return err
	})
	return all, err
}

// stateOf is how an instrument reports, as who may see it.
func (s *Service) stateOf(who *access.Principal, r *Reporter, b *telemetry.Brief, now time.Time) calls.StationState {
	st := r.Station
	out := calls.StationState{MN: st.MN, Name: st.Name, RecipientID: st.Recipient, RecipientName: r.Name, Town: r.Town,
		Registered: r.Registered, Frames: st.SendsFrames(), Freshness: s.patience.Of(st, b.Last, now), LastAt: moment(b.Last),
		LastDataAt: moment(b.LastData), Connected: b.Connected, Deviations: b.Deviations, Refused: b.Refused,
		Missing: b.Missing}
	if b.HasOffset {
		seconds := b.Offset.Seconds()
		out.ClockOffsetS = &seconds
	}
	if !Scoped(who) {
		out.From = b.From
	}
	asked := map[telemetry.Point]bool{}
	for _, e := range r.Expected {
		asked[telemetry.PointOf(e.Ref, e.Factor)] = true
	}
	out.Expected = len(asked)
	return out
}

// onWall is where a station stands on the wall.
type onWall struct {
	rank int   // of its freshness
	last int64 // reception of its last, in seconds
	mn   string
}

func onWallOf(st *calls.StationState) onWall {
	p := onWall{rank: slices.Index(telemetry.Freshnesses(), st.Freshness), mn: st.MN}
	if st.Freshness == telemetry.Never && !st.Registered {
		p.rank = len(telemetry.Freshnesses())
	}
	if st.LastAt != nil {
		p.last = st.LastAt.Unix()
	}
	return p
}

func (p onWall) compare(q onWall) int {
	return cmp.Or(cmp.Compare(p.rank, q.rank), cmp.Compare(p.last, q.last), strings.Compare(p.mn, q.mn))
}

func (p onWall) cursor() string { return fmt.Sprintf("%d.%d.%s", p.rank, p.last, p.mn) }

func readWallCursor(cursor string) (p onWall, err error) {
	if cursor == "" {
		return p, nil
	}
	parts := strings.SplitN(cursor, ".", 3) // the last is an MN, or whatever a list calls an instrument
	if len(parts) < 3 {
		return p, wrongCursor(cursor)
	}
	p.mn = parts[2]
	if p.rank, err = strconv.Atoi(parts[0]); err == nil {
		p.last, err = strconv.ParseInt(parts[1], 10, 64)
	}
	if err != nil || p.cursor() != cursor {
		return onWall{}, wrongCursor(cursor)
	}
	return p, nil
}

var _ = bind(calls.StationHeardOf, (*Service).StationHeard)

// StationHeard is all that is known of how a station reports. Passwords and plates are shown to nobody here.
func (s *Service) StationHeard(ctx context.Context, a Ask, in calls.ByMN) (out calls.StationHeard, err error) {
	of, err := s.instruments()
	if err != nil {
		return out, err
	}
	r, err := s.Reporter(in.MN)
	if err != nil {
		return out, err
	}
	if r == nil || !r.seenBy(a.Who) {
		return out, refusal.New(refusal.NotFound, "telemetry.no_station", refusal.Args{"mn": refusal.Shown(in.MN)})
	}
	h, err := of.Heard(ctx, in.MN)
	if err != nil {
		return out, err
	}
	if h == nil {
		h = &telemetry.Heard{Brief: telemetry.Brief{MN: in.MN}}
	}
	out = calls.StationHeard{StationState: s.stateOf(a.Who, r, &h.Brief, s.J.Wall()), FirstAt: moment(h.First),
		Good: h.Frames, Tolerate: append([]hj212.Tolerance{}, r.Station.Tolerate...), Data: []calls.HeardData{}, Noticed: []calls.Noticed{},
		Gaps: []calls.HeardGap{}, ConnectedAt: moment(h.Link.Since), Flapping: h.Link.Flapping,
		Requests: requestsOf(h.Link.Asked, a.Lang)}
	if !Scoped(a.Who) {
		out.ConnectedFrom = h.Link.From
	}
	for _, d := range h.Data {
		out.Data = append(out.Data, calls.HeardData{CN: d.CN, At: d.At})
	}
	for _, n := range h.Counts {
		out.Noticed = append(out.Noticed, calls.Noticed{Name: n.Name, Note: n.Note, Count: n.N, LastAt: n.At,
			Bytes: ShownRaw(n.Bytes), Message: noticed(n.Name, in.MN, ShownRaw(n.Bytes), a.Lang)})
	}
	for _, g := range h.Gaps {
		out.Gaps = append(out.Gaps, calls.HeardGap(g))
	}
	if out.LastFrames, err = lastOf(ctx, a.Who, of, in.MN, false); err != nil {
		return out, err
	}
	if out.LastRefused, err = lastOf(ctx, a.Who, of, in.MN, true); err != nil {
		return out, err
	}
	out.Points, err = s.pointsOf(ctx, a, of, r)
	return out, err
}

// requestsOf is what a station was asked, in words.
func requestsOf(all []telemetry.Asked, lang string) []calls.HeardRequest {
	out := []calls.HeardRequest{}
	for _, r := range all {
		o := dialog.Outcome{Request: dialog.Request{Kind: dialog.Kind(r.CN), From: r.From, To: r.To, Value: r.Value, Sent: r.Sent},
			Result: dialog.Result(r.Result), Code: r.Code}
		out = append(out, calls.HeardRequest{CN: r.CN, What: o.Request.Words(lang), At: r.At.In(alerts.Shanghai()), Result: r.Result,
			Message: o.Words(lang), Frames: r.Data})
	}
	return out
}

func lastOf(ctx context.Context, who *access.Principal, of Instruments, mn string, refused bool) ([]calls.HeardRaw, error) {
	out := []calls.HeardRaw{}
	last, err := of.Last(ctx, mn, refused, heardMost)
	for i := range last {
		r := &last[i]
		one := calls.HeardRaw{At: r.At.In(alerts.Shanghai()), Why: r.Why, Size: len(r.Raw), Raw: ShownRaw(r.Raw)}
		if !Scoped(who) {
			one.From = r.From
		}
		out = append(out, one)
	}
	return out, err
}

// noticed is a name of what is noticed of what came, in words; the name itself where no package has words for it. What
// the words want to know beside the bytes is left open.
func noticed(name, mn, bytes, lang string) string {
	for _, rule := range []string{name, "hj212." + name, "readings." + name, "rows." + name, "stations." + name} {
		if refusal.Known(rule) {
			text := refusal.Text(rule, lang, refusal.Args{"bytes": bytes, "text": bytes, "mn": mn})
			return openArgs.ReplaceAllString(text, "…")
		}
	}
	return name
}

var openArgs = regexp.MustCompile(`\{[a-z_0-9]+\}`)

// The secrets in what stations send: passwords and keys in frames, plates in messages.
var (
	frameSecrets  = regexp.MustCompile(`(?i)((?:PW|Key)\s*=\s*)[^;&,#\r\n]*`)
	messagePlates = regexp.MustCompile(`(?i)("plate"\s*:\s*")[^"]*"?`)
)

// rawMost is how many bytes are shown of one thing that came.
const rawMost = 4096

// ShownRaw are bytes that came, as text: what is no text in them as \xNN, passwords, keys and plates as ******, and no
// more than 4,096 of them.
func ShownRaw(raw []byte) string {
	text := messagePlates.ReplaceAllString(frameSecrets.ReplaceAllString(string(raw), "${1}******"), `${1}******"`)
	var b strings.Builder
	for i, c := range text {
		if b.Len() > rawMost {
			b.WriteString("…")
			break
		}
		switch {
		case c == '�' && text[i] != "�"[0]:
			fmt.Fprintf(&b, `\x%02X`, text[i])
		case c < ' ' && c != '\t' && c != '\n', c == 0x7f:
			fmt.Fprintf(&b, `\x%02X`, c)
		case refusal.IsBidi(c) || refusal.IsControl(c):
			fmt.Fprintf(&b, "⟦U+%04X⟧", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

var _ = bind(calls.Strangers, (*Service).Strangers)

// Strangers are the senders in quarantine, the last heard of first, for who may register them: with the password of their
// last frame, which is to be registered, and whose the list says they are.
func (s *Service) Strangers(ctx context.Context, a Ask, _ calls.None) (out alerts.Page[calls.Stranger], err error) {
	of, err := s.instruments()
	if err != nil {
		return out, err
	}
	refs, err := s.listedRefs()
	if err != nil {
		return out, err
	}
	all, err := of.Strangers(ctx)
	out.Items = []calls.Stranger{}
	for i := range all {
		u := &all[i]
		one := calls.Stranger{MN: u.MN, Why: u.Why, Message: noticed(u.Why, u.MN, "", a.Lang), FirstAt: u.First, LastAt: u.Last,
			Frames: u.Frames, From: u.From, ST: u.ST, Version: u.Version, Outlets: outletsShown(u.Outlets),
			Raw: ShownRaw(u.Raw), Listed: []string{}, Password: passwordOf(u.Raw)}
		if l := refs[u.MN]; l != nil {
			one.Listed = append(one.Listed, l.owners...)
		}
		out.Items = append(out.Items, one)
	}
	out.Total = len(out.Items)
	return out, err
}

// passwordOf is the PW of a frame's bytes.
func passwordOf(raw []byte) string {
	head, _, _ := strings.Cut(string(raw), "CP=")
	for _, field := range strings.Split(head, ";") {
		if value, ok := strings.CutPrefix(field, "PW="); ok && !strings.ContainsAny(value, "\r\n&#") {
			return value
		}
	}
	return ""
}
