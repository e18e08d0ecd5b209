package notify

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return fromMilli(rapid.Int64Range(1, 4e12).Draw(t, "ms"))
	})
}

func genRaw(empty string) *rapid.Generator[json.RawMessage] {
	return rapid.Custom(func(t *rapid.T) json.RawMessage {
		if rapid.Bool().Draw(t, "empty") {
			return json.RawMessage(empty)
		}
		b, _ := json.Marshal([]string{rapid.String().Draw(t, "raw")})
		return b
	})
}

func genIssued() *rapid.Generator[*Issued] {
	return rapid.Custom(func(t *rapid.T) *Issued {
		s := func(label string) string { return rapid.String().Draw(t, label) }
		ev := &Issued{Measures: genRaw("[]").Draw(t, "measures"), ContactRef: s("contact"), OrderHead: OrderHead{ID: s("id"), WarningID: s("warning"), Revision: rapid.IntRange(1, 1e6).Draw(t, "revision"),
			RecipientID:   s("recipient"),
			RecipientName: s("name"), Town: s("town"), Sector: s("sector"), Grade: s("grade"), Level: alerts.Level(s("level")),
			Title: s("title"), Text: s("text"), LegalBasis: s("basis"), DocumentNo: s("document"),
			IssuedAt:      genTime().Draw(t, "issued"),
			EffectiveFrom: genTime().Draw(t, "from"), AcknowledgeBy: genTime().Draw(t, "by"), ListVersion: s("version"),
			ListHash: s("hash"),
			Drill:    rapid.Bool().Draw(t, "drill"), Cause: Cause(rapid.SampledFrom([]string{"", "amended"}).Draw(t, "cause")),
			Plan: genRaw("null").Draw(t, "plan")}}
		if rapid.Bool().Draw(t, "revised") {
			old := s("old")
			ends := genTime().Draw(t, "ends")
			ev.Supersedes, ev.EndsAt = &old, &ends
		}
		return ev
	})
}

func genAnswered() *rapid.Generator[*Answered] {
	return rapid.Custom(func(t *rapid.T) *Answered {
		ev := &Answered{OrderID: rapid.String().Draw(t, "order"), Action: rapid.String().Draw(t, "action"),
			NoteRef: rapid.String().Draw(t, "note"),
			Digest:  rapid.String().Draw(t, "digest"), Late: rapid.Bool().Draw(t, "late")}
		for range rapid.IntRange(0, 3).Draw(t, "measures") {
			m := MeasureReport{ID: rapid.String().Draw(t, "id"), Unit: rapid.String().Draw(t, "unit"),
				NoteRef: rapid.String().Draw(t, "ref")}
			if rapid.Bool().Draw(t, "has value") {
				v := rapid.Float64().Draw(t, "value")
				m.Value = &v
			}
			ev.Measures = append(ev.Measures, m)
		}
		for range rapid.IntRange(0, 3).Draw(t, "evidence") {
			ev.Evidence = append(ev.Evidence, rapid.String().Draw(t, "hash"))
		}
		return ev
	})
}

// What an appender writes is read back as the value it wrote.
func TestAppendedJSONReadsBack(t *testing.T) {
	gens := map[string]*rapid.Generator[Event]{
		"issued":   rapid.Map(genIssued(), func(ev *Issued) Event { return ev }),
		"answered": rapid.Map(genAnswered(), func(ev *Answered) Event { return ev }),
		"released": rapid.Custom(func(t *rapid.T) Event {
			return &Released{OrderID: rapid.String().Draw(t, "order"), Reason: ReleaseKind(rapid.String().Draw(t, "reason")),
				Words: rapid.IntRange(0, 1e6).Draw(t, "words")}
		}),
		"sent": rapid.Custom(func(t *rapid.T) Event {
			return &Sent{Orders: rapid.SliceOf(rapid.String()).Draw(t, "orders")}
		}),
	}
	for name, gen := range gens {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			ev := gen.Draw(t, "event")
			b, err := encode(ev)
			if err != nil {
				t.Fatal(err)
			}
			std, err := json.Marshal(ev)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(ev.Kind(), b)
			if err != nil {
				t.Fatalf("%v in %s", err, b)
			}
			want, err := Decode(ev.Kind(), std)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("appended %s reads as %+v, want %+v", b, got, want)
			}
			again, err := encode(got)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("appended again: %s, want %s (%v)", again, b, err)
			}
		}))
	}
}

// A command's own appender too: reconcile submits what it reads back.
func TestAppendedAnswersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ev := genAnswered().Draw(t, "answer")
		in := Answer{RecipientID: ev.OrderID, OrderID: ev.OrderID, Action: Action(ev.Action), NoteRef: ev.NoteRef,
			NoteHash: ev.Digest, Evidence: ev.Evidence}
		for _, m := range ev.Measures {
			in.Measures = append(in.Measures, MeasureAnswer{MeasureReport: m, NoteHash: m.ID})
		}
		std, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var got, want Answer
		if err := json.Unmarshal(in.AppendJSON(nil), &got); err != nil {
			t.Fatalf("%v in %s", err, in.AppendJSON(nil))
		}
		if err := json.Unmarshal(std, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("appended %s reads as %+v, want %+v", in.AppendJSON(nil), got, want)
		}
	})
}

// Bytes that are not UTF-8 come out as encoding/json writes them.
func TestAppendStringReplacesWhatIsNotText(t *testing.T) {
	for _, s := range []string{"\xff", "a\xc3(", "\xe5\xa4", "\u2028", "\ufffd", "\x00\x1f\x7f", `"\`, "限产<30%>&"} {
		var got, want string
		std, _ := json.Marshal(s)
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if err := json.Unmarshal(std, &want); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%q reads as %q, encoding/json gives %q", s, got, want)
		}
	}
}

// The measures of an order read back as the list has them.
func TestMeasuresJSON(t *testing.T) {
	r := enterprise("E1", alerts.Yellow, alerts.Orange)
	r.Measures[1].Quantity, r.Measures[1].Evidence, r.Measures[1].Monitors = nil, nil, nil
	var got []reductionlist.Measure
	if err := json.Unmarshal(measuresJSON(r.Measures, nil), &got); err != nil {
		t.Fatal(err)
	}
	for i := range r.Measures {
		r.Measures[i].Levels = nil // an order is of one level
		if len(got[i].Evidence) == 0 {
			got[i].Evidence = nil
		}
		if len(got[i].Monitors) == 0 {
			got[i].Monitors = nil
		}
	}
	if !reflect.DeepEqual(got, r.Measures) {
		t.Errorf("read back %+v, want %+v", got, r.Measures)
	}
}

func genOrder() *rapid.Generator[*Order] {
	return rapid.Custom(func(t *rapid.T) *Order {
		axes := func(label string) status {
			draw := func(names []string) byte { return byte(rapid.IntRange(0, len(names)-1).Draw(t, label)) }
			return status{Delivery: Delivery(draw(deliveryNames)), Answer: AnswerState(draw(answerNames)),
				Execution: Execution(draw(executionNames)), Verdict: Verdict(draw(verdictNames)), State: State(draw(stateNames))}
		}
		ms := rapid.Int64Range(0, math.MaxInt32)
		text := rapid.StringN(0, 400, 40_000)
		o := &Order{WarningID: rapid.StringMatching(`[WD]\d{8}-\d{2}`).Draw(t, "warning"),
			RecipientID: rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(t, "recipient"),
			Revision:    rapid.IntRange(1, 1000).Draw(t, "revision"), Drill: rapid.Bool().Draw(t, "drill"),
			Late:   rapid.Bool().Draw(t, "late"),
			status: axes("now"), released: axes("released"),
			Body:     Pos{rapid.Uint64().Draw(t, "block"), rapid.Uint32().Draw(t, "off"), rapid.Uint32().Draw(t, "len")},
			IssuedAt: fromMilli(ms.Draw(t, "issued")), AcknowledgeBy: fromMilli(ms.Draw(t, "by")),
			AcknowledgedAt: fromMilli(ms.Draw(t, "at")),
			RecipientName:  text.Draw(t, "name"), Town: strings.Repeat("镇", rapid.SampledFrom([]int{0, 3, 60, 7000}).Draw(t,
				"town")), Sector: text.Draw(t, "sector"), Grade: text.Draw(t, "grade"),
			words: rapid.Uint32().Draw(t, "words")}
		o.ID = orderID(o.WarningID, o.RecipientID, o.Revision)
		o.Unreceived = rapid.Bool().Draw(t, "unreceived")
		for i := range o.acts {
			o.acts[i] = digestOf([]byte(text.Draw(t, "act")))
		}
		return o
	})
}

func TestRowReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := genOrder().Draw(t, "order")
		row := o.encode()
		var got Order
		if err := got.decode(o.ID, row); err != nil {
			t.Fatal(err)
		}
		if got != *o {
			t.Fatalf("read back %+v, want %+v", got, *o)
		}
		if cut := rapid.IntRange(0, len(row)-1).Draw(t, "cut"); got.decode(o.ID, row[:cut]) == nil {
			t.Fatalf("a row cut to %d of %d bytes was read", cut, len(row))
		}
	})
}

// A row from disk is read or refused, never more.
func FuzzRow(f *testing.F) {
	o := &Order{ID: "W20161216-01-E1-1", WarningID: "W20161216-01", RecipientID: "E1", Revision: 1, Town: "大寺镇"}
	f.Add(o.ID, o.encode())
	f.Fuzz(func(t *testing.T, id string, row []byte) {
		var o, again Order
		if o.decode(id, row) != nil {
			return
		}
		if err := again.decode(id, o.encode()); err != nil || again != o {
			t.Errorf("read %+v, and again %+v (%v)", o, again, err)
		}
	})
}

func firstPath(err error) string {
	if e, ok := err.(*refusal.Error); ok && len(e.Fields) > 0 {
		return e.Fields[0].Path
	}
	return ""
}
