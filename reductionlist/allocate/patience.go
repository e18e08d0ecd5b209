package allocate

import (
	"context"
	"time"
)

// Options are what a caller decides. Without a TimeLimit the search goes on until it has proved its plan, or its
// context ends.
type Options struct{ TimeLimit time.Duration }

// patience says when a search has to come to an end: one that has a plan at the time limit, and one that has none soon
// after it. The end of the caller's context ends any.
type patience struct {
	soft, hard time.Time // zero for none
	gone       <-chan struct{}
}

func (o Options) patience(ctx context.Context) patience {
	p := patience{gone: ctx.Done()}
	if o.TimeLimit > 0 {
		now := time.Now()
		p.soft, p.hard = now.Add(o.TimeLimit), now.Add(2*o.TimeLimit+time.Second)
	}
	return p
}

// late tells whoever has something to show to stop.
func (p patience) late() bool { return p.over() || !p.soft.IsZero() && time.Now().After(p.soft) }

// over tells everybody to stop.
func (p patience) over() bool {
	select {
	case <-p.gone:
		return true
	default:
		return !p.hard.IsZero() && time.Now().After(p.hard)
	}
}

// ends is late for whoever has a plan, and over for whoever has none.
func (p patience) ends(plan bool) bool {
	if plan {
		return p.late()
	}
	return p.over()
}
