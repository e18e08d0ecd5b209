package compliance

import (
	"bytes"

	"go.etcd.io/bbolt"

	"qingkong/notify/compliance/judge"
)

// MaxPage is how many findings or tasks a page has at most.
const MaxPage = 1000

// maxScan is how many rows are looked at for a page.
const maxScan = 20_000

// Filter narrows a list of findings; an empty member does not.
type Filter struct {
	Warning   string
	Recipient string
	Verdict   string // suspected, violated, no_data
	Open      bool   // those alone that were not cleared
	Waiting   bool   // those alone whose explanation waits for an officer
	Wanted    func(f *Finding) bool
}

func (f *Filter) matches(one *Finding) bool {
	return (f.Warning == "" || f.Warning == one.Warning) && (f.Recipient == "" || f.Recipient == one.Recipient) &&
		(f.Verdict == "" || f.Verdict == one.Verdict.String()) && (!f.Open || !one.Cleared) &&
		(!f.Waiting || one.Waits()) && (f.Wanted == nil || f.Wanted(one))
}

// ListFindings is a page of at most limit findings behind the cursor, the latest warning first, and within a warning by
// recipient. An empty next is the end; a page may be short of limit where few match.
func ListFindings(tx *bbolt.Tx, f Filter, cursor string, limit int) (all []*Finding, next string, err error) {
	limit = max(1, min(limit, MaxPage))
	bucket, prefix := findingsBucket, []byte(nil)
	before := 0 // of a key, what stands before the finding's id
	switch {
	case f.Warning != "" && f.Recipient != "":
		prefix = []byte(findingPrefix(f.Warning, f.Recipient))
	case f.Warning != "":
		prefix = []byte(f.Warning + "-")
	case f.Recipient != "":
		bucket, prefix = ofBucket, ofKey(f.Recipient, "")
		if before = len(prefix); cursor != "" {
			cursor = string(prefix) + cursor
		}
	}
	c := tx.Bucket(bucket).Cursor()
	k, _ := lastBefore(c, prefix, cursor)
	for seen := 0; k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		if len(all) == limit || seen == maxScan {
			return all, next, nil
		}
		seen++
		next = string(k[before:])
		one, err := GetFinding(tx, next)
		if err != nil {
			return nil, "", err
		}
		if f.matches(one) {
			all = append(all, one)
		}
	}
	return all, "", nil
}

// lastBefore is the last row of a prefix before a cursor, or of all.
func lastBefore(c *bbolt.Cursor, prefix []byte, cursor string) (k, v []byte) {
	end := append(bytes.Clone(prefix), 0xff)
	if cursor != "" && cursor < string(end) {
		end = []byte(cursor)
	}
	if k, _ = c.Seek(end); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// Asked are the findings that ask something of a recipient, by their ids.
func Asked(tx *bbolt.Tx, recipient string) (all []*Finding, err error) {
	prefix, open := ofKey(recipient, ""), tx.Bucket(openBucket).Cursor()
	c := tx.Bucket(ofBucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		id := k[len(prefix):]
		if at, _ := open.Seek(id); !bytes.Equal(at, id) {
			continue
		}
		f, err := GetFinding(tx, string(id))
		if err != nil {
			return nil, err
		}
		if f.Asks() {
			all = append(all, f)
		}
	}
	return all, nil
}

// Standing counts the findings that are open, by recipient: whoever is suspected, or violated, of how many.
type Standing struct {
	Suspected, Violated, NoData, Waiting int // recipients; of Waiting findings
}

// CountOpen counts who has findings that are open; wanted, unless nil, leaves others out.
func CountOpen(tx *bbolt.Tx, wanted func(f *Finding) bool) (s Standing, err error) {
	worst := map[string]judge.Verdict{}
	c := tx.Bucket(openBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		f, err := GetFinding(tx, string(k))
		if err != nil {
			return s, err
		}
		if wanted != nil && !wanted(f) {
			continue
		}
		if !f.Ended {
			worst[f.Recipient] = max(worst[f.Recipient], f.Verdict)
		}
		if f.Waits() {
			s.Waiting++
		}
	}
	for _, v := range worst {
		switch v {
		case judge.Violated:
			s.Violated++
		case judge.Suspected:
			s.Suspected++
		case judge.Unknown:
			s.NoData++
		}
	}
	return s, nil
}

// TaskFilter narrows a list of tasks; an empty member does not.
type TaskFilter struct {
	State    TaskState
	Undone   bool
	Assignee string // either of two who go there
	Wanted   func(t *Task) bool
}

// ListTasks is a page of at most limit tasks behind the cursor, the latest first.
func ListTasks(tx *bbolt.Tx, f TaskFilter, cursor string, limit int) (all []*Task, next string, err error) {
	limit = max(1, min(limit, MaxPage))
	bucket := tasksBucket
	if f.Undone {
		bucket = undoneBucket
	}
	c := tx.Bucket(bucket).Cursor()
	k, _ := lastBefore(c, nil, cursor)
	for seen := 0; k != nil; k, _ = c.Prev() {
		if len(all) == limit || seen == maxScan {
			return all, next, nil
		}
		seen++
		t, err := GetTask(tx, string(k))
		if err != nil {
			return nil, "", err
		}
		next = t.ID
		if (f.State == "" || f.State == t.State) && (f.Assignee == "" || f.Assignee == t.Assignee || f.Assignee == t.With) &&
			(f.Wanted == nil || f.Wanted(t)) {
			all = append(all, t)
		}
	}
	return all, "", nil
}

// Visited are the recipients where somebody is to go: those of tasks that are not ended and not the duty desk's. A task that
// is about instruments, which the program opens by itself at each recipient that sends nothing, counts once somebody has it:
// else nobody could be drawn wherever most are not measured.
func Visited(tx *bbolt.Tx) (map[string]bool, error) {
	all := map[string]bool{}
	c := tx.Bucket(undoneBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		t, err := GetTask(tx, string(k))
		if err != nil {
			return nil, err
		}
		instruments := t.Origin == FromNoData || t.Origin == FromNeverHeard || t.Origin == FromTagged
		if !t.Desk && (!instruments || t.Assignee != "") {
			all[t.Recipient] = true
		}
	}
	return all, nil
}
