package alerts

import (
	"time"

	"go.etcd.io/bbolt"
)

// FeedState is whether a feed brings what it should. Since is when it was last heard of, or heard of again.
type FeedState struct {
	Feed   string    `json:"feed"`
	Source string    `json:"source"`
	Silent bool      `json:"silent"`
	Since  time.Time `json:"since"`
	At     time.Time `json:"at"` // when that was found
}

// FeedSilence: a feed fell silent, or is heard again. A silent source is an alarm: no proposal rests on what is not
// there.
type FeedSilence struct {
	Feed   string    `json:"feed"`
	Source string    `json:"source"`
	Silent bool      `json:"silent"`
	Since  time.Time `json:"since"`
}

// Kind implements Event.
func (FeedSilence) Kind() string { return "alerts.feed.silence" }

// DecideSilence records that a feed fell silent or is heard again; what is known already records nothing.
func (e Engine) DecideSilence(tx *bbolt.Tx, _ string, in FeedSilence, _ time.Time) ([]Event, FeedState, error) {
	known, ok, err := get[FeedState](tx, bFeed, in.Feed)
	if err != nil || ok && known.Silent == in.Silent || !ok && !in.Silent {
		return nil, known, err
	}
	in.Since = moment(in.Since)
	return []Event{in}, FeedState{in.Feed, in.Source, in.Silent, in.Since, time.Time{}}, nil
}

func applySilence(tx *bbolt.Tx, at time.Time, ev FeedSilence) error {
	return put(tx, bFeed, ev.Feed, FeedState{ev.Feed, ev.Source, ev.Silent, ev.Since, at})
}

// Feeds lists the feeds that ever fell silent, by name.
func Feeds(tx *bbolt.Tx) ([]FeedState, error) { return rows[FeedState](tx, bFeed) }
