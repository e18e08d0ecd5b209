package watchman

import (
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/watch"
)

// How long nothing may be signed while the ledger grows, and how long a witness may be silent.
const (
	unsignedFor = 5 * time.Minute
	silentFor   = 24 * time.Hour
)

// ledgerFinding judges whether checkpoints are signed and cosigned. A node that does not lead has nothing to say.
func ledgerFinding(s notary.Status, now time.Time) watch.Finding {
	if !s.Leads {
		return watch.Finding{}
	}
	if s.Lost != nil {
		return watch.Fail("watch.ledger_lost", refusal.Args{"why": refusal.WordsOf(s.Lost)})
	}
	for _, w := range s.Witnesses {
		if w.Against {
			return watch.Fail("watch.ledger_witness", refusal.Args{"witness": w.Name, "why": w.Trouble})
		}
	}
	switch {
	case s.Trouble != nil && now.Sub(s.Since) > unsignedFor:
		return watch.Degrade("watch.ledger_unsigned", refusal.Args{"since": toSecond(s.Since), "why": refusal.WordsOf(s.Trouble)})
	case !s.Growing.IsZero() && now.Sub(s.Growing) > unsignedFor:
		return watch.Degrade("watch.ledger_behind", refusal.Args{"since": toSecond(s.Growing)})
	}
	for _, w := range s.Witnesses {
		if w.Trouble != nil && now.Sub(w.Since) > silentFor {
			return watch.Degrade("watch.ledger_silent", refusal.Args{"witness": w.Name, "since": toSecond(w.Since), "why": w.Trouble})
		}
	}
	return watch.Finding{}
}
