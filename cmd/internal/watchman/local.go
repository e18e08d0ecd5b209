package watchman

import (
	"path/filepath"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/watch"
)

// checkLocal judges all files.
func checkLocal(all []*local.Store) (f watch.Finding) {
	for _, s := range all {
		f = worse(f, localFinding(s.Status()))
	}
	return f
}

// localFinding judges whether what is of this node alone is kept.
func localFinding(s local.Status) watch.Finding {
	file := filepath.Base(s.File)
	switch {
	case s.Trouble != nil:
		return watch.Fail("watch.local_unwritten", refusal.Args{"file": file, "since": toSecond(s.Since), "why": s.Trouble})
	case s.Busy > writerStuck:
		return watch.Fail("watch.local_stuck", refusal.Args{"file": file, "for": s.Busy.Round(time.Second)})
	case len(s.Aside) > 0:
		var lost []refusal.Worded
		for _, rule := range s.Lost {
			lost = append(lost, refusal.Words(rule, nil))
		}
		last := s.Aside[len(s.Aside)-1]
		return watch.Degrade("watch.local_lost",
			refusal.Args{"file": file, "at": toSecond(last.At), "lost": joined(lost), "aside": filepath.Base(last.File)})
	}
	return watch.Finding{}
}
