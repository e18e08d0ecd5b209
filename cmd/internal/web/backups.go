package web

import (
	"context"
	"slices"
	"sync"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Backups writes backups on the server's own disk and lists them. Their bytes never go over HTTP: they hold secrets.
type Backups interface {
	// Take writes one.
	Take(ctx context.Context) (calls.Backup, error)
	// List is what there is, the newest first.
	List() ([]calls.Backup, error)
}

// backupRuns remembers what the last calls began, so that one that comes again under its key begins nothing and hears
// how that one ended. It is not in the record, and so forgotten with the end of the program.
type backupRuns struct {
	mu   sync.Mutex
	last []*backupRun
}

// backupRun is one call's backup; made and err hold once ended is closed.
type backupRun struct {
	key   string
	ended chan struct{}
	made  calls.Backup
	err   error
}

const runsMost = 32

// begin returns what was begun under the key, or begins it by take.
func (t *backupRuns) begin(key string, take func() (calls.Backup, error)) *backupRun {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.last {
		if key != "" && k.key == key {
			return k
		}
	}
	k := &backupRun{key: key, ended: make(chan struct{})}
	go func() {
		defer close(k.ended)
		k.made, k.err = take()
	}()
	if key != "" {
		t.last = append(t.last, k)
		t.last = t.last[max(0, len(t.last)-runsMost):]
	}
	return k
}

// forget lets the next call under the key begin anew: who waited has heard that this one failed.
func (t *backupRuns) forget(k *backupRun) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = slices.DeleteFunc(t.last, func(one *backupRun) bool { return one == k })
}

// A call begins a backup and waits for its end as long as a request may. A large record takes longer, and who gave up
// asks again under the same key: it is finished all the same. One at a time is written.
var _ = bind(calls.TakeBackup, func(s *Server, q *request, _ calls.Nothing) (any, error) {
	if s.opt.Backups == nil {
		return nil, refusal.New(refusal.Conflict, "backup.nowhere", nil)
	}
	ctx := context.WithoutCancel(q.Context())
	k := s.runs.begin(q.key, func() (calls.Backup, error) { return s.opt.Backups.Take(ctx) })
	select {
	case <-k.ended:
		if k.err != nil {
			s.runs.forget(k)
			return nil, k.err
		}
		return k.made, nil
	case <-q.Context().Done():
		return nil, &refusal.Error{Code: refusal.NotReady, Rule: "backup.goes_on", State: calls.BeingWritten}
	}
})

// All backups there are stand on one page: the configuration says how many are kept.
var _ = bind(calls.Backups, func(s *Server, _ *request, _ calls.None) (any, error) {
	page := alerts.Page[calls.Backup]{Items: []calls.Backup{}}
	if s.opt.Backups == nil {
		return page, nil
	}
	list, err := s.opt.Backups.List()
	if err != nil {
		return nil, err
	}
	page.Items, page.Total = append(page.Items, list...), len(list)
	return page, nil
})
