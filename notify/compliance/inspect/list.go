package inspect

import (
	"bytes"
	"iter"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/compliance"
)

// MaxPage is how many inspections a page has at most.
const MaxPage = 1000

// maxScan is how many rows are looked at for a page; it may then be short, with a cursor to go on.
const maxScan = 50_000

// Filter narrows a list of inspections; an empty member does not. From and To are times of reception, To is not part of it.
type Filter struct {
	Warning, Order, Recipient, Town, Task string
	Inspector                             string // either of two
	Result                                Result
	Disposition                           Disposition
	From, To                              time.Time
	Standing                              bool // those alone that were not corrected
	Wanted                                func(r *Row) bool
}

func (f *Filter) matches(r *Row) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	return is(f.Warning, r.Warning) && is(f.Order, r.Order) && is(f.Recipient, r.Recipient) && is(f.Town, r.Town) &&
		is(f.Task, r.Task) && (is(f.Inspector, r.Inspector) || f.Inspector == r.With) &&
		is(string(f.Result), string(r.Result)) && is(string(f.Disposition), string(r.Disposition)) &&
		(f.From.IsZero() || !r.ReceivedAt.Before(f.From)) && (f.To.IsZero() || r.ReceivedAt.Before(f.To)) &&
		(!f.Standing || !r.Corrected) && (f.Wanted == nil || f.Wanted(r))
}

// index is the bucket that holds the ids a filter asks for, and what stands before them there.
func (f *Filter) index() (bucket, prefix []byte) {
	switch {
	case f.Task != "":
		return taskBucket, joined(f.Task, "")
	case f.Recipient != "":
		return recipientBucket, joined(f.Recipient, "")
	case f.Warning != "":
		return warningBucket, joined(f.Warning, "")
	}
	return rowsBucket, nil
}

// ListRows is a page of at most limit rows behind the cursor, the latest first. An empty next is the end; a page may be
// short of limit where few match.
func ListRows(tx *bbolt.Tx, f Filter, cursor string, limit int) (all []*Row, next string, err error) {
	limit = max(1, min(limit, MaxPage))
	bucket, prefix := f.index()
	if cursor != "" {
		cursor = string(prefix) + cursor
	}
	c, rows := tx.Bucket(bucket).Cursor(), tx.Bucket(rowsBucket)
	k, v := lastBefore(c, prefix, cursor)
	var r Row
	for seen := 0; k != nil && bytes.HasPrefix(k, prefix); k, v = c.Prev() {
		if len(all) == limit || seen == maxScan {
			return all, next, nil
		}
		seen++
		id := k[len(prefix):]
		next = string(id)
		if prefix != nil {
			v = rows.Get(id)
		}
		if err := r.decode(id, v); err != nil {
			return nil, "", err
		}
		if f.matches(&r) {
			one := r
			all = append(all, &one)
		}
	}
	return all, "", nil
}

// List is ListRows with the inspections themselves.
func List(tx *bbolt.Tx, f Filter, cursor string, limit int) (all []*Inspection, next string, err error) {
	rows, next, err := ListRows(tx, f, cursor, limit)
	for _, r := range rows {
		in, err := Get(tx, r.ID)
		if err != nil {
			return nil, "", err
		}
		all = append(all, in)
	}
	return all, next, err
}

// OfTask are the inspections that were made for a task, the latest first.
func OfTask(tx *bbolt.Tx, task string) ([]*Inspection, error) {
	all, _, err := List(tx, Filter{Task: task}, "", MaxPage)
	return all, err
}

// WithFile are the ids of the inspections that name a file, the latest first.
func WithFile(tx *bbolt.Tx, hash string) iter.Seq[string] {
	return func(yield func(string) bool) {
		prefix := joined(hash, "")
		c := tx.Bucket(fileBucket).Cursor()
		k, _ := lastBefore(c, prefix, "")
		for ; bytes.HasPrefix(k, prefix) && yield(string(k[len(prefix):])); k, _ = c.Prev() {
		}
	}
}

// mostCorrections is how far a chain of corrections is followed.
const mostCorrections = 50

// Chain are an inspection, those that it corrects one after another, and those that correct it.
func Chain(tx *bbolt.Tx, in *Inspection) ([]string, error) {
	ids := []string{in.ID}
	for _, next := range []func(*Inspection) string{
		func(of *Inspection) string { return of.Corrects }, func(of *Inspection) string { return of.CorrectedBy }} {
		for at, n := in, 0; next(at) != "" && n < mostCorrections; n++ {
			was, err := Get(tx, next(at))
			if err != nil {
				return nil, err
			}
			ids, at = append(ids, was.ID), was
		}
	}
	return ids, nil
}

// NamedSince reports whether the last inspection that names a file came at or after a time.
func NamedSince(tx *bbolt.Tx, hash string, since time.Time) (bool, error) {
	for id := range WithFile(tx, hash) {
		var r Row
		if err := r.decode([]byte(id), tx.Bucket(rowsBucket).Get([]byte(id))); err != nil {
			return false, err
		}
		return !r.ReceivedAt.Before(since), nil
	}
	return false, nil
}

// HoldEvidence adds the files that are kept beyond their time: those of inspections after which somebody still goes there
// again, and of cases and lowered grades, of which the record does not know the end; with those of corrections and answers.
func HoldEvidence(tx *bbolt.Tx, held map[string]bool) error {
	hold := func(id string) error {
		for id != "" {
			in, err := Get(tx, id)
			if err != nil {
				return err
			}
			for _, hash := range in.Files() {
				held[hash] = true
			}
			for _, answer := range in.Answers {
				for _, hash := range answer.Evidence {
					held[hash] = true
				}
			}
			id = in.CorrectedBy // which goes on where the corrected one stopped
		}
		return nil
	}
	for cursor, more := "", true; more; more = cursor != "" {
		tasks, next, err := compliance.ListTasks(tx, compliance.TaskFilter{Undone: true}, cursor, MaxPage)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if t.Origin != compliance.FromInspection {
				continue
			}
			if err := hold(t.About); err != nil {
				return err
			}
		}
		cursor = next
	}
	for cursor, more := "", true; more; more = cursor != "" {
		rows, next, err := ListRows(tx, Filter{Wanted: func(r *Row) bool {
			return r.Disposition == OpenCase || r.Disposition == Downgrade
		}}, cursor, MaxPage)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := hold(r.ID); err != nil {
				return err
			}
		}
		cursor = next
	}
	return nil
}

// Sum counts inspections that stand: a corrected one counts no more.
type Sum struct {
	Of        string `json:"of"` // town, sector or account; empty of all
	Total     int    `json:"total"`
	Passed    int    `json:"passed"`
	Failed    int    `json:"failed"`
	Unclear   int    `json:"unclear"`
	Rectify   int    `json:"rectify"`
	Refer     int    `json:"refer"`
	Cases     int    `json:"case"`
	Downgrade int    `json:"downgrade"`
	Refused   int    `json:"refused"`  // nobody signed
	Answered  int    `json:"answered"` // by the enterprise
}

func (s *Sum) add(r *Row) {
	s.Total++
	switch r.Result {
	case Passed:
		s.Passed++
	case Failed:
		s.Failed++
	default:
		s.Unclear++
	}
	switch r.Disposition {
	case Rectify:
		s.Rectify++
	case Refer:
		s.Refer++
	case OpenCase:
		s.Cases++
	case Downgrade:
		s.Downgrade++
	}
	if r.Refused {
		s.Refused++
	}
	if r.Answered {
		s.Answered++
	}
}

// Statistics count what a filter finds.
type Statistics struct {
	All        Sum            `json:"all"`
	Recipients int            `json:"recipients"` // different ones
	ByTown     map[string]Sum `json:"-"`
	BySector   map[string]Sum `json:"-"`
	ByPerson   map[string]Sum `json:"-"` // each of two counts
}

// Count counts all inspections that stand and that a filter finds; its Standing is taken as set.
func Count(tx *bbolt.Tx, f Filter) (s Statistics, err error) {
	s.ByTown, s.BySector, s.ByPerson = map[string]Sum{}, map[string]Sum{}, map[string]Sum{}
	recipients := map[string]bool{}
	f.Standing = true
	add := func(to map[string]Sum, of string, r *Row) {
		sum := to[of]
		sum.Of = of
		sum.add(r)
		to[of] = sum
	}
	for cursor, more := "", true; more; more = cursor != "" {
		var rows []*Row
		if rows, cursor, err = ListRows(tx, f, cursor, MaxPage); err != nil {
			return s, err
		}
		for _, r := range rows {
			s.All.add(r)
			recipients[r.Recipient] = true
			add(s.ByTown, r.Town, r)
			add(s.BySector, r.Sector, r)
			add(s.ByPerson, r.Inspector, r)
			if r.With != "" {
				add(s.ByPerson, r.With, r)
			}
		}
	}
	s.Recipients = len(recipients)
	return s, nil
}

// mostLatest is how many of the latest inspections of a recipient say what it is like.
const mostLatest = 10

// Latest counts the latest inspections of a recipient that stand and came to a result: how many, and how many failed.
func Latest(tx *bbolt.Tx, recipient string) (visits, failed int, err error) {
	rows, _, err := ListRows(tx, Filter{Recipient: recipient, Standing: true,
		Wanted: func(r *Row) bool { return r.Result != Unclear }}, "", mostLatest)
	for _, r := range rows {
		visits++
		if r.Result == Failed {
			failed++
		}
	}
	return visits, failed, err
}
