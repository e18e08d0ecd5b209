package warnings

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
)

// kinds are those of the fields of all acts but for choices.
var kinds = map[string]string{
	"starts_at": frame.KindMoment, "ends_at": frame.KindMoment, "received_at": frame.KindMoment,
	"called_at": frame.KindMoment, confirmField: frame.KindDay, "no_end": frame.KindCheck,
	"document_no": frame.KindText, "issued_by": frame.KindText, "authority": frame.KindText,
	"reason": frame.KindArea, "notice_text": frame.KindArea,
}

func fieldsOf(q *frame.Request, required bool, names ...string) (fields []frame.Field) {
	for _, name := range names {
		fields = append(fields, q.Field(name, kinds[name], required))
	}
	return fields
}

// confirmField repeats the date of a start far from now, where the engine asks for that.
const confirmField = "confirm"

// inputs are the fields of an act's form, with that of the repeated date once the engine asked for it.
func (a act) inputs(q *frame.Request, s *subject, v url.Values) []frame.Field {
	if a.fields == nil {
		return nil
	}
	fields := a.fields(q, s)
	if i := slices.IndexFunc(fields, func(f frame.Field) bool { return f.Name == "starts_at" }); i >= 0 &&
		v.Has(confirmField) {
		fields = slices.Insert(fields, i+1, fieldsOf(q, false, confirmField)...)
	}
	return fields
}

// confirmWanted reports whether an act was refused for want of the repeated date.
func confirmWanted(err error) bool {
	var e *refusal.Error
	return errors.As(err, &e) && slices.ContainsFunc(e.Fields,
		func(f refusal.Field) bool { return f.Path == confirmField })
}

// The functions below give the fields of each act, and what fills them in before anybody has typed.

func declareFields(q *frame.Request, _ *subject) []frame.Field {
	return append([]frame.Field{levels(q, alerts.None), triggers(q, true)},
		fieldsOf(q, false, "starts_at", "ends_at", "document_no", "issued_by", "received_at", "reason", "notice_text")...)
}

func fillDeclare(q *frame.Request, s *subject) url.Values {
	v := url.Values{}
	if w := s.w; w != nil { // the city orders what was reported to it
		v = url.Values{"activates": {w.ID}, "level": {string(w.Level)}, "trigger": {string(alerts.CityOrder)},
			"reason": {w.Reason}, "notice_text": {w.NoticeText}, "ends_at": {frame.Until(w.EndsAt)}}
		setStart(v, w.StartsAt, q.Now)
		return v
	}
	p := s.p
	if p == nil {
		return v
	}
	v.Set("level", string(p.Level))
	v.Set("trigger", string(alerts.OwnForecast))
	v.Set("ends_at", frame.Until(p.EndsAt))
	setStart(v, p.StartsAt, q.Now)
	setReason(v, p)
	v.Set("notice_text", noticeOf(p, q.Now, q.District()))
	return v
}

// redraft drafts reason and notice anew where another level was chosen than the one that they were filled in for. What
// somebody wrote stays, but for the level's name in a notice that speaks of another one alone; why the level is another
// one, only a person can say.
func redraft(a act, s *subject, v url.Values) {
	var drafted alerts.Level
	switch {
	case s.p != nil && (a.name == "declare" || a.name == "adjust"):
		drafted = s.p.Level
	case s.w != nil && a.name == "declare":
		drafted = s.w.Level
	}
	chosen := level(v.Get("level"))
	if drafted == "" || chosen == alerts.None {
		return
	}
	if s.p != nil && chosen != drafted {
		as := url.Values{}
		if setReason(as, s.p); v.Get("reason") == as.Get("reason") {
			v.Set("reason", "")
		}
	}
	text := v.Get("notice_text")
	if was := otherLevelIn(text, chosen); was != alerts.None {
		v.Set("notice_text", strings.ReplaceAll(text, alerts.LevelName(was, frame.ZH), alerts.LevelName(chosen, frame.ZH)))
	}
}

// setStart fills in a start that is still to come; without one an act takes effect at once.
func setStart(v url.Values, start, now time.Time) {
	if start.After(now) {
		v.Set("starts_at", frame.MomentValue(start))
	}
}

// setReason fills in the first words of a proposal's trace. What is recorded is Chinese, whatever the desk's language.
func setReason(v url.Values, p *alerts.Proposal) {
	if words := p.Trace.Words.ZH; len(words) > 0 {
		v.Set("reason", words[0])
	}
}

// noticeOf is the text of a notice of what a proposal asks for. A notice goes out in Chinese, whatever the language of
// the desk.
func noticeOf(p *alerts.Proposal, now time.Time, district string) string {
	from, notice := p.StartsAt, "notice"
	if !from.After(now) {
		from = now
	}
	if p.EndsAt == nil {
		notice = "notice_open"
	}
	return frame.Word(frame.ZH, notice, "district", district, "from", noticeTime(from), "polluted",
		noticeTime(polluted(p, from)), "to", noticeEnd(p.EndsAt),
		"level", alerts.LevelName(p.Level, frame.ZH))
}

// polluted is when the air first asks for the proposed response, or the response's start where that is later: a
// response may start on the evening before.
func polluted(p *alerts.Proposal, start time.Time) time.Time {
	var first time.Time
	for _, c := range p.Trace.Clauses {
		for _, w := range c.Windows {
			if w.To.After(start) && (first.IsZero() || w.From.Before(first)) {
				first = w.From
			}
		}
	}
	if first.After(start) {
		return first
	}
	return start
}

// noticeTime is a time as a Chinese notice writes it.
func noticeTime(t time.Time) string { return frame.Moment(frame.ZH, t) }

// noticeEnd is noticeTime of an end: the end of a day is its 24时. It is empty without one.
func noticeEnd(end *time.Time) string {
	if end == nil {
		return ""
	}
	t := end.In(alerts.Shanghai())
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.AddDate(0, 0, -1).Format("1月2日") + "24时"
	}
	return noticeTime(t)
}

func levelTyped(_ *subject, v url.Values) alerts.Level { return level(v.Get("level")) }

func reasonField(required bool) func(*frame.Request, *subject) []frame.Field {
	return func(q *frame.Request, _ *subject) []frame.Field {
		return fieldsOf(q, required, "reason")
	}
}

func reviseFields(q *frame.Request, s *subject) []frame.Field {
	end := fieldsOf(q, false, "ends_at")
	switch {
	case s.w.State == alerts.Rejected:
	case s.w.EndsAt == nil:
		end[0].Hint = q.T("f.ends_at.none.hint")
	default:
		end[0].Hint = q.T("f.ends_at.set.hint")
		end = append(end, fieldsOf(q, false, "no_end")...)
	}
	start := fieldsOf(q, false, "starts_at")
	switch {
	case s.w.State == alerts.Scheduled && s.w.Pending == nil:
		start[0].Hint = q.T("f.starts_at.set.hint", "at", frame.Clock(s.w.StartsAt))
	case s.w.State == alerts.Rejected: // it is entered again, in other terms
		start = slices.Insert(start, 0, levels(q, alerts.None))
	default:
		start = nil
	}
	return slices.Concat(start, end,
		fieldsOf(q, false, "document_no", "issued_by", "received_at", "reason", "notice_text"))
}

func fillRevise(_ *frame.Request, s *subject) url.Values {
	w := s.w
	v := url.Values{"ends_at": {frame.Until(w.EndsAt)}, "document_no": {w.DocumentNo}, "issued_by": {w.IssuedBy},
		"received_at": {frame.MomentValue(w.ReceivedAt)}, "notice_text": {w.NoticeText}}
	if w.State == alerts.Rejected {
		v.Set("level", string(w.Level))
		v.Set("starts_at", frame.MomentValue(w.StartsAt))
		v.Set("reason", w.Reason)
	}
	if p := s.p; p != nil && p.Kind == alerts.KindRevise {
		if w.State == alerts.Scheduled && !p.StartsAt.Equal(w.StartsAt) {
			v.Set("starts_at", frame.MomentValue(p.StartsAt))
		}
		if p.EndsAt != nil {
			v.Set("ends_at", frame.Until(p.EndsAt))
		}
		if p.NoEnd {
			v.Set("no_end", "true")
		}
		setReason(v, p)
	}
	return v
}

// levelRevised is typed when a rejected declaration is entered again.
func levelRevised(s *subject, v url.Values) alerts.Level {
	if s.w.State != alerts.Rejected {
		return alerts.None
	}
	return level(v.Get("level"))
}

func adjustFields(q *frame.Request, s *subject) []frame.Field {
	without := s.w.Level
	if s.w.LevelSince.After(q.Now) && len(s.w.Stages) > 1 { // it is announced, and may come sooner
		without = alerts.None
	}
	return append([]frame.Field{levels(q, without), fieldsOf(q, false, "starts_at")[0], triggers(q, false)},
		fieldsOf(q, false, "document_no", "issued_by", "received_at", "ends_at", "reason")...)
}

func fillAdjust(q *frame.Request, s *subject) url.Values {
	v := url.Values{"trigger": {string(s.w.Trigger)}, "issued_by": {s.w.IssuedBy}} // another order has its own number
	if p := s.p; p != nil {
		v.Set("level", string(p.Level))
		setStart(v, p.StartsAt, q.Now)
		v.Set("ends_at", frame.Until(p.EndsAt))
		setReason(v, p)
	}
	return v
}

func liftFields(q *frame.Request, _ *subject) []frame.Field {
	fields := fieldsOf(q, false, "ends_at", "reason")
	fields[0].Label, fields[0].Hint = q.T("f.lift_at"), q.T("f.lift_at.hint")
	return fields
}

func fillLift(q *frame.Request, s *subject) url.Values {
	v := url.Values{}
	if s.p != nil {
		if s.p.EndsAt != nil && s.p.EndsAt.After(q.Now) {
			v.Set("ends_at", frame.Until(s.p.EndsAt))
		}
		setReason(v, s.p)
	}
	return v
}

func emergencyFields(q *frame.Request, _ *subject) []frame.Field {
	return fieldsOf(q, true, "authority", "called_at", "reason")
}

// levelWaiting is the level that waits for a second person.
func levelWaiting(s *subject, _ url.Values) alerts.Level {
	if s.w.Pending != nil {
		return s.w.Pending.Level
	}
	return s.w.Level
}

// otherDayIn is the day of a start, as a notice writes it, where a text speaks of days but not of that one; empty for
// any other text.
func otherDayIn(text string, start time.Time) string {
	day := start.In(alerts.Shanghai()).Format("1月2日")
	if !dayOfNotice.MatchString(text) || strings.Contains(text, day) {
		return ""
	}
	return day
}

var dayOfNotice = regexp.MustCompile(`\d月\d{1,2}日`)

// otherLevelIn is a level that a text speaks of without the one that is meant; None for any other text.
func otherLevelIn(text string, meant alerts.Level) alerts.Level {
	for _, l := range alerts.Levels() {
		if l != meant && l != alerts.Advisory && strings.Contains(text, terms.ShortLevel(l, frame.ZH)) &&
			!strings.Contains(text, terms.ShortLevel(meant, frame.ZH)) {
			return l
		}
	}
	return alerts.None
}

// level reads a level that can be declared from a form; None for anything else.
func level(s string) alerts.Level {
	if l := alerts.Level(s); l.Declarable() {
		return l
	}
	return alerts.None
}

// levels is the choice of a level, without one of them.
func levels(q *frame.Request, without alerts.Level) frame.Field {
	f := q.Field("level", frame.KindChoice, true)
	for _, l := range alerts.Levels() {
		if l != without {
			f.Options = append(f.Options, frame.Option{Value: string(l), Label: q.Level(l),
				Class: "level-" + string(l)})
		}
	}
	return f
}

func triggers(q *frame.Request, required bool) frame.Field {
	f := q.Field("trigger", frame.KindChoice, required)
	for _, t := range []alerts.Trigger{alerts.OwnForecast, alerts.CityOrder, alerts.RegionalLinkage,
		alerts.WorkRequirement} {
		f.Options = append(f.Options, frame.Option{Value: string(t), Label: terms.Name(terms.Trigger, t, q.Lang)})
	}
	return f
}

// inputOf makes the input of a call of what was typed: a value goes to the member with its name in JSON or in the path.
// A value that belongs to no member is dropped; one that does not fit is a fault of the form's page.
func inputOf[T any](values map[string]any) (any, error) {
	var in T
	at := reflect.ValueOf(&in).Elem()
	for _, f := range reflect.VisibleFields(at.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("path") != "" {
			name = f.Tag.Get("path")
		}
		value, given := values[name]
		if !given || f.Anonymous {
			continue
		}
		to, from := at.FieldByIndex(f.Index), reflect.ValueOf(value)
		if to.Kind() == reflect.Pointer {
			to.Set(reflect.New(to.Type().Elem()))
			to = to.Elem()
		}
		if !from.CanConvert(to.Type()) {
			return nil, fmt.Errorf("desk: %s of %T is a %T", name, in, value)
		}
		to.Set(from.Convert(to.Type()))
	}
	return in, valid.Check(in)
}

// declaresAnew reports whether revising a warning declares it anew, or may move its start.
func declaresAnew(s *subject) bool {
	return s.w.State == alerts.Rejected || s.w.State == alerts.Scheduled && s.w.Pending == nil
}

func always(*subject) bool { return true }
