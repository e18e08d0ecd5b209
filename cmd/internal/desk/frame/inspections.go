package frame

import (
	"html/template"
	"net/url"

	"qingkong/cmd/internal/calls"
)

// InspectionRow is an inspection in a list.
type InspectionRow struct {
	calls.InspectionView
	Href  string
	Asked bool // the reader may answer it, has not, and it found something
}

// InspectionPath is the address of an inspection's page.
func InspectionPath(id string) string { return "/desk/inspections/" + url.PathEscape(id) }

// InspectionRow is an inspection as a list shows it to the reader.
func (q *Request) InspectionRow(v *calls.InspectionView) InspectionRow {
	return InspectionRow{InspectionView: *v, Href: InspectionPath(v.ID),
		Asked: q.Answers(v) && len(v.Answers) == 0 && v.Result != "passed"}
}

// Answers reports whether the reader may still answer an inspection.
func (q *Request) Answers(v *calls.InspectionView) bool {
	return q.May(calls.ActInspectionsAnswer) && v.RecipientID == q.Who.Recipient && v.CorrectedBy == "" &&
		!q.Now.After(v.AnswerBy)
}

// MapLink is an address of a position. That of a telephone's own map is of a scheme that templates do not know.
type MapLink struct {
	Name string
	Href template.URL
}

// MapLinks are the addresses of a position as a page shows them.
func MapLinks(all []calls.MapLink) (out []MapLink) {
	for _, m := range all {
		out = append(out, MapLink{m.Name, template.URL(m.Href)}) // #nosec G203 -- of ours: geo with numbers, or https as configured
	}
	return out
}

// Suggested are the inspectors, offered while one types the account of one of them.
func (q *Request) Suggested(fields ...*Field) error {
	all, err := q.frame.Svc.Colleagues()
	if err != nil {
		return err
	}
	for _, f := range fields {
		for _, c := range all {
			f.Suggest = append(f.Suggest, Option{Value: c.User, Label: c.Name})
		}
	}
	return nil
}
