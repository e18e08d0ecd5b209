package inspections

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
	"qingkong/notify/compliance/inspect"
)

// drawForm is the page that draws visits.
type drawForm struct {
	*frame.Chrome
	Fields []frame.Field
	Towns  []frame.Option // Class "checked" of those that are chosen
	Key    string
	Error  string
	Again  bool
}

func drawFields(q *frame.Request) []frame.Field {
	return []frame.Field{q.Field("day", frame.KindDay, true), q.Field("ranked", frame.KindNumber, false),
		q.Field("random", frame.KindNumber, false), q.Field("due", frame.KindMoment, true),
		q.Field("assignee", frame.KindText, false), q.Field("with", frame.KindText, false),
		q.Field("warning_id", frame.KindText, false)}
}

func (d *desk) drawForm(q *frame.Request) (any, error) {
	v := &drawForm{Chrome: q.Chrome(), Fields: drawFields(q), Key: frame.NewKey(), Again: q.Again()}
	day := dayOf(q.Now.Add(24 * time.Hour))
	for i := range v.Fields {
		f := &v.Fields[i]
		switch f.Name {
		case "day":
			f.Value = day
		case "due":
			f.Value = day + " 18:00"
		case "ranked":
			f.Value = "5"
		case "random":
			f.Value = "3"
		case "assignee", "with":
			if err := q.Suggested(f); err != nil {
				return nil, err
			}
		case "warning_id":
			f.Value = q.URL.Query().Get("warning")
		}
	}
	if q.Method == http.MethodPost {
		frame.Set(v.Fields, q.PostForm)
		v.Key = cmp.Or(q.PostForm.Get("key"), v.Key)
	}
	err := q.View(func(tx *bbolt.Tx) error {
		towns, err := q.Towns(tx, "", "")
		for _, town := range towns {
			o := frame.Option{Value: town, Label: town}
			if slices.Contains(q.PostForm["towns"], town) {
				o.Class = "checked"
			}
			v.Towns = append(v.Towns, o)
		}
		return err
	})
	v.Error = q.Blame(nil, v.Fields)
	return v, err
}

// draw draws visits, and leads to what was drawn.
func (d *desk) draw(q *frame.Request) (to string, err error) {
	typed, err := frame.Typed(drawFields(q), q.PostForm)
	if err != nil {
		return "", err
	}
	text := func(name string) string { s, _ := typed[name].(string); return s }
	in := calls.NewDraw{Day: text("day"), Warning: text("warning_id"), Towns: q.PostForm["towns"], Due: typed["due"].(time.Time),
		Assignee: text("assignee"), With: text("with")}
	for name, to := range map[string]*int{"ranked": &in.Ranked, "random": &in.Random} {
		n, _ := typed[name].(float64)
		if n != float64(int(n)) {
			return "", refusal.Input([]refusal.Field{{Path: name, Rule: "inspection.draw_count", Args: refusal.Args{"value": n}}})
		}
		*to = int(n)
	}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	drawn, err := d.Svc.DrawVisits(q.Context(), q.Ask(), in)
	if err != nil {
		return "", err
	}
	return drawPath(drawn.ID) + "?done=draw", nil
}

// drawsView is a page of draws.
type drawsView struct {
	*frame.Chrome
	frame.Pager
	Rows []drawRow
}

// drawRow is a draw, worded.
type drawRow struct {
	*inspect.Draw
	Href   string
	Others int    // other draws of its day on the same page
	Says   string // the seed, and from how many
	All    string // the towns; empty for all
}

func drawRowOf(q *frame.Request, d *inspect.Draw) drawRow {
	return drawRow{Draw: d, Href: drawPath(d.ID), All: strings.Join(d.Towns, "、"),
		Says: q.T("draw.says", "seed", d.Seed, "pool", d.Pool-len(d.Ranked), "random", len(d.Random))}
}

func (d *desk) draws(q *frame.Request) (any, error) {
	query := q.URL.Query()
	page, err := d.Svc.Draws(q.Context(), q.Ask(), calls.Paging{Limit: frame.PageSize(query), Cursor: query.Get("cursor")})
	if err != nil {
		return nil, err
	}
	v := &drawsView{Chrome: q.Chrome(), Pager: q.Pager(page.Next)}
	ofDay := map[string]int{}
	for _, one := range page.Items {
		ofDay[one.Day]++
	}
	for _, one := range page.Items {
		row := drawRowOf(q, one)
		row.Others = ofDay[one.Day] - 1
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

// drawnView is the page of a draw.
type drawnView struct {
	*frame.Chrome
	drawRow
	Ranked, Random []drawnOne
}

// drawnOne is a recipient that was drawn, with its task.
type drawnOne struct {
	calls.TaskView
	Href string
}

func (d *desk) drawn(q *frame.Request) (any, error) {
	drawn, err := d.Svc.OneDraw(q.Ask(), q.ID())
	if err != nil {
		return nil, err
	}
	v := &drawnView{Chrome: q.Chrome(), drawRow: drawRowOf(q, drawn)}
	v.Title = q.T("draw.of", "day", drawn.Day)
	err = q.View(func(tx *bbolt.Tx) error {
		for i, id := range drawn.Tasks {
			t, err := d.Svc.TaskFor(tx, nil, id)
			if err != nil {
				return err
			}
			one := drawnOne{t, taskPath(id)}
			if i < len(drawn.Ranked) {
				v.Ranked = append(v.Ranked, one)
			} else {
				v.Random = append(v.Random, one)
			}
		}
		return nil
	})
	return v, err
}
