package web

import (
	"cmp"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/feed"
)

// feedView is a source that ever fell silent, or brought what was refused.
type feedView struct {
	alerts.FeedState
	Refused *refusedView `json:"refused,omitempty"` // on the node that answers; absent where nothing was
}

// refusedView is what a source brought and was refused: how many documents since the node's count began, how many lie in Folder on
// the server's disk, and the last of them. File is its name there, empty for one that is not kept.
type refusedView struct {
	Total    int       `json:"total"`
	Kept     int       `json:"kept"`
	Folder   string    `json:"folder"`
	At       time.Time `json:"at"`
	Document string    `json:"document"`
	File     string    `json:"file"`
	Why      string    `json:"why"`
}

// feeds lists the sources that ever fell silent, and whether they are now, and those that brought what was refused.
func (s *Server) feeds(q *request) (any, error) {
	var states []alerts.FeedState
	err := s.svc.J.View(func(tx *bbolt.Tx) (err error) { states, err = alerts.Feeds(tx); return err })
	if err != nil {
		return nil, err
	}
	items := make([]feedView, len(states))
	for i, state := range states {
		items[i].FeedState = state
	}
	if s.opt.Feeds == nil {
		return alerts.Page[feedView]{Items: items, Total: len(items)}, nil
	}
	for _, f := range s.opt.Feeds() {
		if f.Refused.Total == 0 {
			continue
		}
		at := slices.IndexFunc(items, func(v feedView) bool { return v.Feed == f.Feed })
		if at < 0 {
			last := f.Refused.Last.At
			since := f.TakenAt
			if since.IsZero() {
				since = last // it has been heard of, though nothing was taken
			}
			at, items = len(items), append(items, feedView{FeedState: alerts.FeedState{Feed: f.Feed, Source: f.Source, Silent: f.Silent, Since: since, At: last}})
		}
		items[at].Refused = refusedOf(f.Refused, languageOf(q.Request))
	}
	return alerts.Page[feedView]{Items: items, Total: len(items)}, nil
}

func refusedOf(r feed.Refused, lang string) *refusedView {
	return &refusedView{Total: r.Total, Kept: r.Kept, Folder: r.Folder, At: r.Last.At, Document: r.Last.Document, File: r.Last.File,
		Why: cmp.Or(r.Last.Why[lang], r.Last.Why["zh-CN"])}
}
