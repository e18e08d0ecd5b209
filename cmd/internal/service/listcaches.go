package service

import (
	"cmp"
	"sync"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// listCaches keep what takes a look at every row of a version to work out, by the version's hash: the rows of a
// complete version never change. Lists are few, so that a handful of values is enough.
type listCaches struct {
	totals cache[string, reductionlist.Totals]
	scores cache[string, *rules.Assessment]
	sums   cache[string, rules.Score]
	diffs  cache[[2]string, reductionlist.Comparison] // without changes
	due    cache[[3]string, []notify.DueChange]       // by two versions and a level

	digests cache[[2]string, notify.DueDigests] // by a version and a level

	owners cache[string, map[string]Owner]
	refs   cache[string, map[string]*listedRef]

	byOwner cache[string, map[string][]string]
}

func newListCaches() *listCaches {
	return &listCaches{totals: newCache[string, reductionlist.Totals](64), scores: newCache[string, *rules.Assessment](3),
		sums:  newCache[string, rules.Score](256),
		diffs: newCache[[2]string, reductionlist.Comparison](64), due: newCache[[3]string, []notify.DueChange](16),
		digests: newCache[[2]string, notify.DueDigests](4), owners: newCache[string, map[string]Owner](2),
		refs: newCache[string, map[string]*listedRef](2), byOwner: newCache[string, map[string][]string](2)}
}

// learn takes over what is at hand of a list anyway.
func (f *listCaches) learn(hash string, l *reductionlist.List) {
	_, _ = f.totals.get(hash, func() (reductionlist.Totals, error) { return reductionlist.TotalsOf(l), nil })
}

// cache holds the last values that were made. A caller waits for a value that is being made; one that failed is made
// again.
type cache[K comparable, V any] struct {
	most int
	mu   *sync.Mutex
	of   map[K]*cacheEntry[V]
	last []K // in the order in which they were made
}

type cacheEntry[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func newCache[K comparable, V any](most int) cache[K, V] {
	return cache[K, V]{most: most, mu: new(sync.Mutex), of: map[K]*cacheEntry[V]{}}
}

func (k *cache[K, V]) get(key K, work func() (V, error)) (V, error) {
	k.mu.Lock()
	m := k.of[key]
	if m != nil {
		k.mu.Unlock()
		<-m.done
		return m.value, m.err
	}
	m = &cacheEntry[V]{done: make(chan struct{})}
	k.of[key], k.last = m, append(k.last, key)
	if len(k.last) > k.most {
		delete(k.of, k.last[0])
		k.last = k.last[1:]
	}
	k.mu.Unlock()
	m.err = errNotMade
	defer func() {
		if m.err != nil {
			k.forget(key, m)
		}
		close(m.done)
	}()
	m.value, m.err = work()
	return m.value, m.err
}

// errNotMade is what those who wait get where making a value panics.
var errNotMade = refusal.New(refusal.NotReady, "internal", nil)

// has reports whether the value is made.
func (k *cache[K, V]) has(key K) bool {
	k.mu.Lock()
	m := k.of[key]
	k.mu.Unlock()
	if m == nil {
		return false
	}
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

func (k *cache[K, V]) forget(key K, m *cacheEntry[V]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of[key] == m {
		delete(k.of, key)
		for i, have := range k.last {
			if have == key {
				k.last = append(k.last[:i:i], k.last[i+1:]...)
				break
			}
		}
	}
}

// rowsPerRead is how many rows are read in one transaction.
const rowsPerRead = 1000

// eachListed calls f with the recipients of a version.
func (s *Service) eachListed(version string, f func(*reductionlist.Recipient)) error {
	for after := ""; ; {
		var next string
		err := s.J.View(func(tx *bbolt.Tx) error {
			page, more, err := reductionlist.ScanRecipients(tx, version, after, rowsPerRead)
			for _, r := range page {
				f(r)
			}
			next = more
			return err
		})
		if err != nil || next == "" {
			return err
		}
		after = next
	}
}

// wholeVersion is a version that can be looked at as a whole: complete, and of a workbook without errors.
func (s *Service) wholeVersion(id string) (v reductionlist.Version, err error) {
	if v, err = s.ListVersion(id); err != nil {
		return v, err
	}
	switch {
	case v.Errors > 0:
		return v, terms.Transition(terms.ListState, "list.damaged_rows", v.State,
			refusal.Args{"version": v.ID, "errors": v.Errors})
	case v.Added != v.Count:
		return v, refusal.New(refusal.Conflict, "list.export_partial",
			refusal.Args{"version": v.ID, "have": v.Added, "want": v.Count})
	}
	return v, nil
}

// ListTotals are the reductions of a version.
func (s *Service) ListTotals(v *reductionlist.Version) (reductionlist.Totals, error) {
	return s.lists.totals.get(v.Hash, func() (reductionlist.Totals, error) {
		t := reductionlist.NewTotals(v.List.Emission)
		err := s.eachListed(v.ID, t.Add)
		return t, err
	})
}

// ListScore scores a version, and says what is needed for all of it. The answer is shared: it is not to be written.
func (s *Service) ListScore(id string) (v reductionlist.Version, a *rules.Assessment, err error) {
	if v, err = s.wholeVersion(id); err != nil {
		return v, nil, err
	}
	a, err = s.lists.scores.get(v.Hash, func() (*rules.Assessment, error) {
		by := rules.NewAssessor(s.List)
		err := s.eachListed(v.ID, by.Add)
		done := by.Done()
		return &done, err
	})
	return v, a, err
}

// ListDiff compares two versions: what each change of at most limit recipients behind cursor is, and of the whole how
// many recipients changed and what that does to the reductions. next is the cursor of the following page, empty at the
// end.
func (s *Service) ListDiff(from, to, cursor string, limit int) (c reductionlist.Comparison, next string, err error) {
	a, err := s.wholeVersion(from)
	if err != nil {
		return c, "", err
	}
	b, err := s.wholeVersion(to)
	if err != nil {
		return c, "", err
	}
	c, err = s.lists.diffs.get([2]string{a.Hash, b.Hash}, func() (whole reductionlist.Comparison, err error) {
		was, err := s.ListTotals(&a)
		if err != nil {
			return whole, err
		}
		is, err := s.ListTotals(&b)
		if err != nil {
			return whole, err
		}
		for after, more := "", true; more; {
			var page []reductionlist.Change
			err := s.J.View(func(tx *bbolt.Tx) error {
				page, after, err = reductionlist.DiffVersions(tx, from, to, after, rowsPerRead)
				return err
			})
			if err != nil {
				return whole, err
			}
			one := reductionlist.ComparisonOf(page, was, is)
			one.Added, one.Removed, one.Changed = one.Added+whole.Added, one.Removed+whole.Removed, one.Changed+whole.Changed
			whole, more = one, after != ""
		}
		whole.Changes = nil
		return whole, nil
	})
	if err != nil {
		return c, "", err
	}
	c.Changes = []reductionlist.Change{}
	err = s.J.View(func(tx *bbolt.Tx) error {
		var page []reductionlist.Change
		page, next, err = reductionlist.DiffVersions(tx, from, to, cursor, limit)
		c.Changes = append(c.Changes, page...)
		return err
	})
	return c, next, err
}

// ListBase is what a version is compared with unless told: the version it amends, else the one in force, else itself.
func (s *Service) ListBase(id string) (string, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (string, error) {
		v, err := reductionlist.GetVersion(tx, id)
		if err != nil {
			return "", err
		}
		if v.Amends != nil {
			return v.Amends.Base, nil
		}
		stands, err := reductionlist.StandingsAt(tx, s.J.Wall())
		return cmp.Or(stands.Current.ID, id), err
	})
}

// ScoreRecipient marks every measure of one recipient of a version.
func (s *Service) ScoreRecipient(version, id, lang string) (scored rules.RecipientScore, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		r, err := reductionlist.GetRecipient(tx, version, id)
		if err == nil {
			scored = rules.ScoreRecipient(r, s.List)
			for i := range scored.Measures {
				scored.Measures[i].Marks = scored.Measures[i].In(lang)
			}
		}
		return err
	})
	return scored, err
}

// ScoreOf is the score of a complete version.
func (s *Service) ScoreOf(v *reductionlist.Version) (rules.Score, error) {
	return s.lists.sums.get(v.Hash, func() (rules.Score, error) {
		_, a, err := s.ListScore(v.ID)
		if err != nil {
			return rules.Score{}, err
		}
		return a.Score, nil
	})
}

// ScoreKnown reports whether ScoreOf has the answer at hand.
func (s *Service) ScoreKnown(v *reductionlist.Version) bool { return s.lists.sums.has(v.Hash) }
