package bus

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// quieter writes what clients can cause a line of: one a cause at once, then how often it came, at most every quietFor.
type quieter struct {
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	causes map[string]*cause
	window time.Time // when the lines of this second began
	lines  int       // in it
}

type cause struct {
	said time.Time
	more int
}

const (
	quietFor = 10 * time.Second
	// maxCauses bounds what is remembered; beyond it nothing is told apart any more until the old ones are forgotten.
	maxCauses = 4096
	// maxLines is how many lines may be written in a second, whatever their causes.
	maxLines = 20
)

func newQuieter(log *slog.Logger) *quieter {
	return &quieter{log: log, now: time.Now, causes: map[string]*cause{}}
}

// may says whether a line about a cause may be written now, and how many were left out since the last.
func (q *quieter) may(key string) (ok bool, more int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	c := q.causes[key]
	if c == nil {
		if len(q.causes) >= maxCauses {
			maps.DeleteFunc(q.causes, func(_ string, c *cause) bool { return now.Sub(c.said) > quietFor })
		}
		if len(q.causes) >= maxCauses {
			key = ""
		}
		if c = q.causes[key]; c == nil {
			c = &cause{}
			q.causes[key] = c
		}
	}
	if now.Sub(q.window) >= time.Second {
		q.window, q.lines = now, 0
	}
	if !c.said.IsZero() && now.Sub(c.said) < quietFor || q.lines >= maxLines {
		c.more++
		return false, 0
	}
	q.lines++
	more, c.said, c.more = c.more, now, 0
	return true, more
}

// Warn writes a line about somebody.
func (q *quieter) Warn(who, text string, args ...any) {
	q.say(slog.LevelWarn, text+" "+who, text, args...)
}

// say writes a line unless one of the same cause was written just now.
func (q *quieter) say(level slog.Level, cause, text string, args ...any) {
	ok, more := q.may(cause)
	if !ok {
		return
	}
	if more > 0 {
		args = append(args, "left_out", more)
	}
	q.log.Log(context.Background(), level, text, args...)
}
