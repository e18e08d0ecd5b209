package web

import (
	"cmp"
	"slices"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/cmd/internal/journal"
)

// Sources are listed that ever fell silent, with whether they are now, and those that brought what was refused.
var _ = bind(calls.Feeds, func(s *Server, q *request, _ calls.None) (any, error) {
	states, err := journal.Read(s.svc.J, alerts.Feeds)
	if err != nil {
		return nil, err
	}
	items := make([]calls.FeedView, len(states))
	for i, state := range states {
		items[i].FeedState = state
	}
	if s.opt.Feeds == nil {
		return alerts.Page[calls.FeedView]{Items: items, Total: len(items)}, nil
	}
	for _, f := range s.opt.Feeds() {
		if f.Refused.Total == 0 {
			continue
		}
		at := slices.IndexFunc(items, func(v calls.FeedView) bool { return v.Feed == f.Feed })
		if at < 0 {
			last := f.Refused.Last.At
			since := f.TakenAt
			if since.IsZero() {
				since = last // it has been heard of, though nothing was taken
			}
			at, items = len(items), append(items, calls.FeedView{FeedState: alerts.FeedState{Feed: f.Feed, Source: f.Source,
				Silent: f.Silent, Since: since, At: last}})
		}
		items[at].Refused = refusedOf(f.Refused, languageOf(q.Request))
	}
	return alerts.Page[calls.FeedView]{Items: items, Total: len(items)}, nil
})

func refusedOf(r feed.Refused, lang string) *calls.RefusedView {
	return &calls.RefusedView{Total: r.Total, Kept: r.Kept, Folder: r.Folder, At: r.Last.At, Document: r.Last.Document,
		File: r.Last.File,
		Why:  cmp.Or(r.Last.Why[lang], r.Last.Why["zh-CN"])}
}
