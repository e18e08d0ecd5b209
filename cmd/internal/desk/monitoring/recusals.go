package monitoring

import (
	"net/url"
	"slices"
	"strings"

	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
)

// recusalsView is who is recused from where, for officers.
type recusalsView struct {
	*frame.Chrome
	User  string // of whom alone; empty for all
	Rows  []recusalRow
	Often []often // accounts by how often they are recused
	Most  bool    // there are more than are shown
}

// recusalRow is a recusal.
type recusalRow struct {
	service.RecusalView
	Href string // the recipient
}

// often is how often somebody was recused.
type often struct {
	User, Href string
	N          int
}

func (d *desk) recusals(q *frame.Request) (any, error) {
	v := &recusalsView{Chrome: q.Chrome(), User: strings.TrimSpace(q.URL.Query().Get("user"))}
	all, more, err := d.Svc.Recusals(q.Ask(), "", v.User)
	if err != nil {
		return nil, err
	}
	v.Most, v.Rows = more, recusalRows(all)
	of := map[string]int{}
	for i := range all {
		of[all[i].User] += 1 + all[i].Times
	}
	for user, n := range of {
		v.Often = append(v.Often, often{user, "/desk/recusals?" + url.Values{"user": {user}}.Encode(), n})
	}
	slices.SortFunc(v.Often, func(a, b often) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.User, b.User)
	})
	return v, nil
}

func recusalRows(all []service.RecusalView) (rows []recusalRow) {
	for i := range all {
		rows = append(rows, recusalRow{all[i], "/desk/recipients/" + url.PathEscape(all[i].Recipient)})
	}
	return rows
}
