package web

import (
	"context"
	"slices"
	"sync"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Backups writes backups on the server's own disk and lists them. Their bytes never go over HTTP: they hold secrets.
type Backups interface {
	// Take writes one.
	Take(ctx context.Context) (Backup, error)
	// List is what there is, the newest first.
	List() ([]Backup, error)
}

// Backup is a file of the server's folder of backups.
type Backup struct {
	File      string `json:"file"`   // its name in that folder
	Folder    string `json:"folder"` // on the server
	Bytes     int64  `json:"bytes"`
	LastBlock uint64 `json:"last_block"` // 0 where it cannot be read
	Root      string `json:"root"`       // of the ledger after that block, as its checkpoints have it; empty where it cannot be read
	Encrypted bool   `json:"encrypted"`
}

// taken remembers what the last calls began, so that one that comes again under its key begins nothing and hears how that one
// ended. It is not in the record, and so forgotten with the end of the program.
type taken struct {
	mu   sync.Mutex
	last []*keyedBackup
}

// keyedBackup is one call's backup; made and err hold once ended is closed.
type keyedBackup struct {
	key   string
	ended chan struct{}
	made  Backup
	err   error
}

const takenMost = 32

// begin returns what was begun under the key, or begins it by take.
func (t *taken) begin(key string, take func() (Backup, error)) *keyedBackup {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.last {
		if key != "" && k.key == key {
			return k
		}
	}
	k := &keyedBackup{key: key, ended: make(chan struct{})}
	go func() {
		defer close(k.ended)
		k.made, k.err = take()
	}()
	if key != "" {
		t.last = append(t.last, k)
		t.last = t.last[max(0, len(t.last)-takenMost):]
	}
	return k
}

// forget lets the next call under the key begin anew: who waited has heard that this one failed.
func (t *taken) forget(k *keyedBackup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = slices.DeleteFunc(t.last, func(one *keyedBackup) bool { return one == k })
}

// BeingWritten is the state of the problem that answers a call whose backup goes on after it.
const BeingWritten = "being_written"

// takeBackup begins a backup and waits for its end as long as a request may. A large record takes longer, and who gave up asks
// again under the same key: it is finished all the same. One at a time is written.
func (s *Server) takeBackup(q *request) (any, error) {
	if err := refusal.Unmarshal(q.orEmpty(), &struct{}{}); err != nil {
		return nil, err
	}
	if s.opt.Backups == nil {
		return nil, refusal.New(refusal.Conflict, "backup.nowhere", nil)
	}
	ctx := context.WithoutCancel(q.Context())
	k := s.taken.begin(q.key, func() (Backup, error) { return s.opt.Backups.Take(ctx) })
	select {
	case <-k.ended:
		if k.err != nil {
			s.taken.forget(k)
			return nil, k.err
		}
		return k.made, nil
	case <-q.Context().Done():
		return nil, &refusal.Error{Code: refusal.NotReady, Rule: "backup.goes_on", State: BeingWritten}
	}
}

func backupsPath(any) []string { return []string{"backups"} }

// backups lists all there are, on one page: the configuration says how many are kept.
func (s *Server) backups(*request) (any, error) {
	page := alerts.Page[Backup]{Items: []Backup{}}
	if s.opt.Backups == nil {
		return page, nil
	}
	list, err := s.opt.Backups.List()
	if err != nil {
		return nil, err
	}
	page.Items, page.Total = append(page.Items, list...), len(list)
	return page, nil
}
