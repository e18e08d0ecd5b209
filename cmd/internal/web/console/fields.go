package console

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// confirmField is the date of a start far from now, which is typed once more where the engine asks for it.
const confirmField = "confirm"

// inputs are the fields of an act's form, with that of the repeated date once it was asked for.
func (a act) inputs(q *request, s *subject, v url.Values) []field {
	if a.fields == nil {
		return nil
	}
	fields := a.fields(q, s)
	if i := slices.IndexFunc(fields, func(f field) bool { return f.Name == "starts_at" }); i >= 0 && v.Has(confirmField) {
		fields = slices.Insert(fields, i+1, q.field(confirmField, kindDate, false))
	}
	return fields
}

// confirmWanted reports whether an act was refused for want of the repeated date.
func confirmWanted(err error) bool {
	var e *refusal.Error
	return errors.As(err, &e) && slices.ContainsFunc(e.Fields, func(f refusal.Field) bool { return f.Path == confirmField })
}

// The fields of each act, and what they are filled in with before anybody has typed.

func declareFields(q *request, _ *subject) []field {
	return []field{
		q.levels(alerts.None), q.triggers(true),
		q.field("starts_at", kindMoment, false), q.field("ends_at", kindMoment, false),
		q.field("document_no", kindText, false), q.field("issued_by", kindText, false), q.field("received_at", kindMoment, false),
		q.field("reason", kindArea, false), q.field("notice_text", kindArea, false),
	}
}

func fillDeclare(q *request, s *subject) url.Values {
	v := url.Values{}
	if w := s.w; w != nil { // the city's order for what was reported to it
		v = url.Values{"activates": {w.ID}, "level": {string(w.Level)}, "trigger": {string(alerts.CityOrder)}, "reason": {w.Reason},
			"notice_text": {w.NoticeText}, "ends_at": {input(w.EndsAt)}}
		if w.StartsAt.After(q.now) {
			v.Set("starts_at", input(&w.StartsAt))
		}
		return v
	}
	p := s.p
	if p == nil {
		return v
	}
	v.Set("level", string(p.Level))
	v.Set("trigger", string(alerts.OwnForecast))
	v.Set("ends_at", input(p.EndsAt))
	from := p.StartsAt
	if from.After(q.now) {
		v.Set("starts_at", input(&from))
	} else {
		from = q.now
	}
	if words := p.Trace.Words.ZH; len(words) > 0 {
		v.Set("reason", words[0])
	}
	// A notice goes out in Chinese, whatever the language of the desk.
	notice := "notice"
	if p.EndsAt == nil {
		notice = "notice_open"
	}
	v.Set("notice_text", word(zh, notice, "district", q.d.opt.District, "from", noticeTime(from), "polluted", noticeTime(polluted(p, from)), "to", noticeEnd(p.EndsAt),
		"level", alerts.LevelName(p.Level, zh)))
	return v
}

// polluted is from when the air asks for the response that is proposed, where that is after its start: it may start on the evening
// before.
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

// noticeTime is a time as a notice in Chinese has it: 12月16日20时.
func noticeTime(t time.Time) string {
	t = t.In(alerts.Shanghai())
	day, at := t.Format("1月2日"), fmt.Sprintf("%d时", t.Hour())
	if m := t.Minute(); m != 0 {
		at += fmt.Sprintf("%d分", m)
	}
	return day + at
}

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

func reasonField(required bool) func(*request, *subject) []field {
	return func(q *request, _ *subject) []field { return []field{q.field("reason", kindArea, required)} }
}

func reviseFields(q *request, s *subject) []field {
	end := q.field("ends_at", kindMoment, false)
	var terms []field
	switch {
	case s.w.State == alerts.Rejected:
		terms = append(terms, end)
	case s.w.EndsAt == nil:
		end.Hint = q.t("f.ends_at.none.hint")
		terms = append(terms, end)
	default:
		end.Hint = q.t("f.ends_at.set.hint")
		terms = append(terms, end, q.field("no_end", kindCheck, false))
	}
	terms = append(terms, q.field("document_no", kindText, false), q.field("issued_by", kindText, false),
		q.field("received_at", kindMoment, false), q.field("reason", kindArea, false), q.field("notice_text", kindArea, false))
	if s.w.State == alerts.Scheduled && s.w.Pending == nil {
		start := q.field("starts_at", kindMoment, false)
		start.Hint = q.t("f.starts_at.set.hint", "at", clock(s.w.StartsAt))
		return append([]field{start}, terms...)
	}
	if s.w.State == alerts.Rejected { // it is entered again, in other terms
		return append([]field{q.levels(alerts.None), q.field("starts_at", kindMoment, false)}, terms...)
	}
	return terms
}

func fillRevise(_ *request, s *subject) url.Values {
	w := s.w
	v := url.Values{"ends_at": {input(w.EndsAt)}, "document_no": {w.DocumentNo}, "issued_by": {w.IssuedBy},
		"received_at": {input(w.ReceivedAt)}, "notice_text": {w.NoticeText}}
	if w.State == alerts.Rejected {
		v.Set("level", string(w.Level))
		v.Set("starts_at", input(&w.StartsAt))
		v.Set("reason", w.Reason)
	}
	if p := s.p; p != nil && p.Kind == alerts.KindRevise {
		if w.State == alerts.Scheduled && !p.StartsAt.Equal(w.StartsAt) {
			v.Set("starts_at", input(&p.StartsAt))
		}
		if p.EndsAt != nil {
			v.Set("ends_at", input(p.EndsAt))
		}
		if p.NoEnd {
			v.Set("no_end", "true")
		}
		if words := p.Trace.Words.ZH; len(words) > 0 {
			v.Set("reason", words[0])
		}
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

func adjustFields(q *request, s *subject) []field {
	without := s.w.Level
	if s.w.LevelSince.After(q.now) && len(s.w.Stages) > 1 { // it is announced, and may come sooner
		without = alerts.None
	}
	return []field{q.levels(without), q.field("starts_at", kindMoment, false), q.triggers(false), q.field("document_no", kindText, false),
		q.field("issued_by", kindText, false), q.field("received_at", kindMoment, false), q.field("ends_at", kindMoment, false),
		q.field("reason", kindArea, false)}
}

func fillAdjust(q *request, s *subject) url.Values {
	v := url.Values{"trigger": {string(s.w.Trigger)}, "document_no": {s.w.DocumentNo}, "issued_by": {s.w.IssuedBy}}
	if p := s.p; p != nil {
		v.Set("level", string(p.Level))
		if p.StartsAt.After(q.now) {
			v.Set("starts_at", input(&p.StartsAt))
		}
		v.Set("ends_at", input(p.EndsAt))
		if words := p.Trace.Words.ZH; len(words) > 0 {
			v.Set("reason", words[0])
		}
	}
	return v
}

func liftFields(q *request, _ *subject) []field {
	end := q.field("ends_at", kindMoment, false)
	end.Label, end.Hint = q.t("f.lift_at"), q.t("f.lift_at.hint")
	return []field{end, q.field("reason", kindArea, false)}
}

func fillLift(q *request, s *subject) url.Values {
	v := url.Values{}
	if s.p != nil {
		if s.p.EndsAt != nil && s.p.EndsAt.After(q.now) {
			v.Set("ends_at", input(s.p.EndsAt))
		}
		if words := s.p.Trace.Words.ZH; len(words) > 0 {
			v.Set("reason", words[0])
		}
	}
	return v
}

func emergencyFields(q *request, _ *subject) []field {
	return []field{q.field("authority", kindText, true), q.field("called_at", kindMoment, true), q.field("reason", kindArea, true)}
}

// levelWaiting is the level that waits for a second person.
func levelWaiting(s *subject, _ url.Values) alerts.Level {
	if s.w.Pending != nil {
		return s.w.Pending.Level
	}
	return s.w.Level
}

// otherDayIn is the day of a start, as a notice has it, of a text that speaks of other days only; empty for any other text.
func otherDayIn(text string, start time.Time) string {
	day := start.In(alerts.Shanghai()).Format("1月2日")
	if !dayOfNotice.MatchString(text) || strings.Contains(text, day) {
		return ""
	}
	return day
}

var dayOfNotice = regexp.MustCompile(`\d月\d{1,2}日`)

// otherLevelIn names a level that a text speaks of although another one is meant; None for a text that does not.
func otherLevelIn(text string, meant alerts.Level) alerts.Level {
	for _, l := range alerts.Levels() {
		if l != meant && l != alerts.Advisory && strings.Contains(text, terms.ShortLevel(l, zh)) &&
			!strings.Contains(text, terms.ShortLevel(meant, zh)) {
			return l
		}
	}
	return alerts.None
}
