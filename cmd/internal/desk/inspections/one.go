package inspections

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/valid"
	"qingkong/notify/compliance/place"
)

// oneView is the page of an inspection.
type oneView struct {
	*frame.Chrome
	frame.InspectionRow
	Items     []itemRow
	Files     []frame.EvidenceRow // that belong to no item
	Signed    []frame.EvidenceRow // the picture of the signature
	People    bool                // the reader may read what is said of people
	Maps      []frame.MapLink     // of where the telephone was
	Accuracy  string
	Clocks    string // how the telephone's clock differed; empty where it did not
	OrderHref string
	TaskHref  string // empty for who may see no tasks
	NextHref  string // the second visit
	Proofs    string
	Beside    *besideView // other inspections of the same; nil for none
	Said      []answerRow
	Answer    *answerForm // nil for whoever may not answer
	Error     string
	Again     bool
}

// itemRow is what was demanded beside what was found.
type itemRow struct {
	calls.ItemView
	Reading string // the value that was read off, with its unit
	Files   []frame.EvidenceRow
}

// answerRow is what the enterprise said.
type answerRow struct {
	calls.InspectionAnswer
	Files []frame.EvidenceRow
}

// answerForm is the form of an enterprise's answer.
type answerForm struct {
	Fields []frame.Field
	Files  frame.EvidenceForm
	Key    string
}

func (d *desk) one(q *frame.Request) (any, error) {
	is, err := d.Svc.Inspection(q.Context(), q.Ask(), calls.ByID{ID: q.ID()})
	if err != nil {
		return nil, err
	}
	v := &oneView{Chrome: q.Chrome(), InspectionRow: q.InspectionRow(&is), Again: q.Again(),
		People: q.Who.Role == calls.Enterprise || service.MayReadCallNotes(q.Who, is.Town)}
	v.Title = q.T("inspection.of", "name", cmp.Or(is.RecipientName, is.RecipientID))
	for i := range is.Items {
		item := itemRow{ItemView: is.Items[i], Reading: readingOf(&is.Items[i])}
		if item.Files, err = q.EvidenceRows(item.Evidence); err != nil {
			return nil, err
		}
		v.Items = append(v.Items, item)
	}
	if v.Files, err = q.EvidenceRows(is.Evidence); err != nil {
		return nil, err
	}
	if is.Signature.Image != "" {
		if v.Signed, err = q.EvidenceRows([]string{is.Signature.Image}); err != nil {
			return nil, err
		}
	}
	v.place(q, d)
	v.links(q)
	if v.Beside, err = d.beside(q, &is); err != nil {
		return nil, err
	}
	for _, a := range is.Answers {
		said := answerRow{InspectionAnswer: a}
		if said.Files, err = q.EvidenceRows(a.Evidence); err != nil {
			return nil, err
		}
		v.Said = append(v.Said, said)
	}
	if q.Answers(&is) {
		if v.Answer, err = answerFormOf(q, is.ID); err != nil {
			return nil, err
		}
	}
	if q.Refused != nil {
		var lists [][]frame.Field
		if v.Answer != nil {
			lists = append(lists, v.Answer.Fields, v.Answer.Files.File)
		}
		v.Error = q.Blame(nil, lists...)
	}
	return v, nil
}

// place is where the telephone was, and what its clock said.
func (v *oneView) place(q *frame.Request, d *desk) {
	if at := v.Position; at != nil {
		v.Maps = frame.MapLinks(d.Svc.MapsOf(place.Point{Lon: at.Lon, Lat: at.Lat}, cmp.Or(v.RecipientName, v.RecipientID)))
		if at.Accuracy > 0 {
			v.Accuracy = strconv.Itoa(int(at.Accuracy + 0.5))
		}
	}
	if v.ClockOffset != 0 {
		key, s := "inspection.clock.ahead", v.ClockOffset
		if s < 0 {
			key, s = "inspection.clock.behind", -s
		}
		v.Clocks = q.T(key, "device", frame.Clock(v.DeviceAt), "s", s)
	}
}

func (v *oneView) links(q *frame.Request) {
	if v.OrderID != "" {
		v.OrderHref = frame.OrderPath(v.OrderID)
		if q.May(calls.ActLedgerRead) {
			v.Proofs = "/desk/proofs?order=" + v.OrderID
		}
	}
	if q.May(calls.ActTasksRead) {
		if v.TaskID != "" {
			v.TaskHref = taskPath(v.TaskID)
		}
		if v.FollowUp != "" {
			v.NextHref = taskPath(v.FollowUp)
		}
	}
}

// readingOf is the value that was read off, with its unit.
func readingOf(it *calls.ItemView) string {
	if it.Value == nil {
		return ""
	}
	return strings.TrimSpace(strconv.FormatFloat(*it.Value, 'f', -1, 64) + " " + it.Unit)
}

// besideView puts inspections of the same side by side, the first first: those that correct each other, and those of one task.
type besideView struct {
	Heads []besideHead
	Rows  []besideRow
}

type besideHead struct {
	calls.InspectionView
	Href string
	Here bool
}

type besideRow struct {
	Label   string
	Cells   []string
	Differs bool
}

// mostBeside is how many inspections stand side by side.
const mostBeside = 4

func (d *desk) beside(q *frame.Request, is *calls.InspectionView) (*besideView, error) {
	all := []calls.InspectionView{*is}
	for _, id := range []string{is.Corrects, is.CorrectedBy} {
		if id == "" {
			continue
		}
		one, err := d.Svc.Inspection(q.Context(), q.Ask(), calls.ByID{ID: id})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if is.TaskID != "" {
		page, err := d.Svc.Inspections(q.Context(), q.Ask(), calls.InspectionsQuery{Task: is.TaskID,
			Paging: calls.Paging{Limit: mostBeside}})
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			one := page.Items[i]
			known := slices.ContainsFunc(all, func(v calls.InspectionView) bool { return v.ID == one.ID })
			if !known && len(all) < mostBeside {
				all = append(all, one)
			}
		}
	}
	if len(all) == 1 {
		return nil, nil
	}
	slices.SortFunc(all, func(a, b calls.InspectionView) int { return strings.Compare(a.ID, b.ID) })
	v := &besideView{}
	for i := range all {
		v.Heads = append(v.Heads, besideHead{all[i], frame.InspectionPath(all[i].ID), all[i].ID == is.ID})
	}
	v.fill(q, all)
	return v, nil
}

func (v *besideView) fill(q *frame.Request, all []calls.InspectionView) {
	add := func(label string, cell func(is *calls.InspectionView) string) {
		r := besideRow{Label: label}
		for i := range all {
			r.Cells = append(r.Cells, cell(&all[i]))
		}
		r.Differs = slices.ContainsFunc(r.Cells, func(c string) bool { return c != r.Cells[0] })
		v.Rows = append(v.Rows, r)
	}
	add(q.T("inspection.result"), func(is *calls.InspectionView) string {
		return terms.Name(terms.Inspected, string(is.Result), q.Lang)
	})
	add(q.T("inspection.disposition"), func(is *calls.InspectionView) string {
		return strings.TrimSpace(terms.Name(terms.Disposition, string(is.Disposition), q.Lang) + " " + frame.Clock(is.Due))
	})
	type key struct{ measure, monitor, expected string }
	of := func(it *calls.ItemView) key { return key{it.MeasureID, it.Monitor, it.Expected} }
	var keys []key
	for i := range all {
		for n := range all[i].Items {
			if k := of(&all[i].Items[n]); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	for _, k := range keys {
		add(strings.TrimSpace(k.measure+" "+k.expected), func(is *calls.InspectionView) string {
			var cells []string
			for n := range is.Items {
				if it := &is.Items[n]; of(it) == k {
					cells = append(cells, strings.TrimSpace(terms.Name(terms.Item, string(it.Result), q.Lang)+" "+readingOf(it)+
						" "+it.Found))
				}
			}
			return cmp.Or(strings.Join(cells, "；"), "—")
		})
	}
	add(q.T("inspection.note"), func(is *calls.InspectionView) string { return cmp.Or(is.Note, "—") })
}

// answerFormOf is the form of an answer to an inspection, with what was typed and handed in for it.
func answerFormOf(q *frame.Request, id string) (f *answerForm, err error) {
	note := q.Field("note", frame.KindArea, false)
	note.Label, note.Hint, note.Form = q.T("inspection.answer.note"), q.T("inspection.answer.hint"), "answer-"
	f = &answerForm{Fields: []frame.Field{note}, Key: frame.NewKey()}
	evidence := q.URL.Query()["evidence"]
	if q.Method == http.MethodPost {
		frame.Set(f.Fields, q.PostForm)
		f.Key, evidence = cmp.Or(q.PostForm.Get("key"), f.Key), q.PostForm["evidence"]
	} else {
		frame.Set(f.Fields, q.Kept())
	}
	f.Files, err = q.EvidenceForm(frame.InspectionPath(id), "answer-", evidence)
	return f, err
}

// answer carries out what an enterprise says of an inspection.
func (d *desk) answer(q *frame.Request) (to string, err error) {
	note, evidence, err := q.ReadNote("finding.note")
	if err != nil {
		return "", err
	}
	in := calls.NewAnswer{ByID: calls.ByID{ID: q.ID()}, Note: note, Evidence: evidence}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	_, err = d.Svc.AnswerInspection(q.Context(), q.Ask(), in)
	return frame.InspectionPath(in.ID) + "?done=inspection.answer", err
}

// handIn takes in the file of an answer that is not sent yet, and leads back to it.
func (d *desk) handIn(q *frame.Request) (to string, err error) {
	return q.HandIn(frame.InspectionPath(q.ID()), "inspection.handed_in", func() error {
		is, err := d.Svc.Inspection(q.Context(), q.Ask(), calls.ByID{ID: q.ID()})
		if err == nil && !q.Answers(&is) {
			err = refusal.New(refusal.NotFound, "inspection.not_found", refusal.Args{"id": refusal.Shown(q.ID())})
		}
		return err
	})
}
