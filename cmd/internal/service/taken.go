package service

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// What is reported is no act of the record: it is kept by the instruments of the node, where the same value of the same
// period changes nothing. So a repeat does no harm, whatever is remembered of its idempotency key. The key is remembered
// by the node that took it, for as long and as many as below, so that a repeat is answered alike and another content
// under the same key is refused.
const (
	takenKeysMost = 10_000
	takenRowsMost = 200_000 // points, notes and what was set aside, in all answers together
	takenKeyLife  = 24 * time.Hour
)

// content is what a key stands for: what was sent, and as what.
type content [sha256.Size]byte

func contentOf(kind, ends string, body []byte) content {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%q %q\n", kind, ends) // a hash never fails to write
	_, _ = sum.Write(body)
	return content(sum.Sum(nil))
}

// takenKeys are the idempotency keys of what was reported.
type takenKeys struct {
	mu   sync.Mutex
	of   map[string]takenKey
	last []string // in the order in which they came
	rows int      // of the answers
}

type takenKey struct {
	content content
	at      time.Time
	answer  calls.TelemetryTaken
}

// rows are what of an answer is as long as what it answers.
func (k *takenKey) rows() int {
	return len(k.answer.Points) + len(k.answer.SetAside) + len(k.answer.Notes)
}

func newTakenKeys() *takenKeys { return &takenKeys{of: map[string]takenKey{}} }

// answered is the answer that was given under a key, and a refusal where that was for another content.
func (k *takenKeys) answered(key string, is content, now time.Time) (answer calls.TelemetryTaken, seen bool, err error) {
	if key == "" {
		return answer, false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	was, seen := k.of[key]
	switch {
	case !seen || now.Sub(was.at) > takenKeyLife:
		return answer, false, nil
	case was.content != is:
		return answer, true, refusal.New(refusal.Conflict, "journal.key_reused", refusal.Args{"key": key})
	}
	return was.answer, true, nil
}

// keep remembers an answer, and forgets the oldest that are too old or too much beside it.
func (k *takenKeys) keep(key string, is content, now time.Time, answer calls.TelemetryTaken) {
	if key == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, again := k.of[key]; again {
		k.rows -= was.rows()
	} else {
		k.last = append(k.last, key)
	}
	one := takenKey{is, now, answer}
	k.of[key] = one
	k.rows += one.rows()
	for len(k.last) > 0 {
		oldest := k.of[k.last[0]]
		if len(k.last) <= takenKeysMost && k.rows <= takenRowsMost && now.Sub(oldest.at) <= takenKeyLife {
			break
		}
		k.rows -= oldest.rows()
		delete(k.of, k.last[0])
		k.last[0] = "" // nothing holds it any more
		k.last = k.last[1:]
	}
}

// TakeTelemetry keeps what is reported of a point as JSON: its answer says that it is durable. A feeder reports for any
// point that is known, an enterprise for its own.
func (s *Service) TakeTelemetry(ctx context.Context, a Ask, in calls.Telemetry) (calls.TelemetryTaken, error) {
	return s.takeMessage(ctx, a, "", in.Text)
}

// TakeMessage is [Service.TakeTelemetry] over NATS: the subject names the ref of the point.
func (s *Service) TakeMessage(ctx context.Context, a Ask, ref string, body []byte) (calls.TelemetryTaken, error) {
	return s.takeMessage(ctx, a, ref, body)
}

func (s *Service) takeMessage(ctx context.Context, a Ask, subject string, body []byte) (out calls.TelemetryTaken,
	err error) {
	to, err := s.instruments()
	if err != nil {
		return out, err
	}
	now := s.J.Wall()
	content := contentOf("message", "", body)
	if out, seen, err := s.taken.answered(a.Key, content, now); seen {
		return out, err
	}
	m, err := readings.ParseMessage(body)
	if err != nil {
		return out, err
	}
	if ref, _ := m.Point.Split(); subject != "" && ref != subject {
		return out, mismatch("point", subject, refusal.Shown(ref))
	}
	t, err := s.told(a, &m, now)
	if err != nil {
		return out, err
	}
	what := telemetry.Received{At: now, Sort: telemetry.Message, MN: t.by.Station.MN, From: a.Who.User, Raw: body}
	if err := to.Take(ctx, what); err != nil {
		return out, err
	}
	out = t.answer(a.Lang)
	s.taken.keep(a.Key, content, now, out)
	return out, nil
}

// told is a message that may be taken.
type told struct {
	m     *readings.Message
	by    *Reporter
	rs    []telemetry.Reading
	notes []readings.Note
}

// told refuses a message of a point that is not known or not the caller's, in another unit, or of times that are not to
// be believed.
func (s *Service) told(a Ask, m *readings.Message, now time.Time) (t told, err error) {
	ref, factor := m.Point.Split()
	by, err := s.Reporter(ref)
	switch {
	case err != nil:
		return t, err
	case by == nil, by.Station.Retired, a.Who.Role == calls.Enterprise && !by.Belongs(a.Who.Recipient):
		return t, refusal.New(refusal.NotFound, "telemetry.no_reporter", refusal.Args{"ref": refusal.Shown(ref)})
	case !by.has(factor):
		return t, refusal.New(refusal.NotFound, "telemetry.no_point",
			refusal.Args{"point": refusal.Shown(string(m.Point)), "points": somePoints(by)})
	case len(m.Sent) > 0 && by.unit(factor) == "":
		return t, refusal.Wrong("point", "telemetry.unit_not_known", refusal.Args{"point": refusal.Shown(string(m.Point))})
	}
	t = told{m: m, by: by}
	t.rs, t.notes, err = m.Readings(by.Station, now, readings.Options{})
	return t, err
}

// somePoints are a few of the points that an instrument may report.
func somePoints(by *Reporter) refusal.Worded {
	const most = 5
	all := by.points()
	if len(all) == 0 {
		return refusal.Words("telemetry.points_none", nil)
	}
	text := ""
	for i, p := range all[:min(len(all), most)] {
		if i > 0 {
			text += ", "
		}
		text += string(p)
	}
	if len(all) > most {
		text += ", …"
	}
	return refusal.Worded{ZH: text, EN: text}
}

func (t *told) answer(lang string) calls.TelemetryTaken {
	_, factor := t.m.Point.Split()
	out := calls.TelemetryTaken{Point: t.m.Point, Unit: t.by.unit(factor), Taken: len(t.m.Sent) + len(t.m.Passes)}
	for i := range t.rs {
		at := t.rs[i].At
		if out.From == nil || at.Before(*out.From) {
			out.From = &at
		}
		if out.To == nil || at.After(*out.To) {
			out.To = &at
		}
	}
	for _, n := range t.notes {
		out.Notes = append(out.Notes, calls.TelemetryNote{Name: string(n.Name), Message: n.Message(lang), Count: n.Count})
	}
	return out
}
