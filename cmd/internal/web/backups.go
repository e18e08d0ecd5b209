package web

import (
	"context"
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
	File      string `json:"file"` // its name in that folder
	Bytes     int64  `json:"bytes"`
	LastBlock uint64 `json:"last_block"`
}

// taken remembers what the last calls made, so that one that comes again under its key makes nothing. It is not in the record,
// and so forgotten with the end of the program.
type taken struct {
	mu   sync.Mutex
	last []keyedBackup
}

type keyedBackup struct {
	key  string
	made Backup
}

const takenMost = 32

func (t *taken) find(key string) (Backup, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.last {
		if key != "" && k.key == key {
			return k.made, true
		}
	}
	return Backup{}, false
}

func (t *taken) keep(key string, made Backup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, keyedBackup{key, made})
	t.last = t.last[max(0, len(t.last)-takenMost):]
}

func (s *Server) takeBackup(q *request) (any, error) {
	if err := refusal.Unmarshal(q.orEmpty(), &struct{}{}); err != nil {
		return nil, err
	}
	if s.opt.Backups == nil {
		return nil, refusal.New(refusal.Conflict, "backup.nowhere", nil)
	}
	if made, ok := s.taken.find(q.key); ok {
		return made, nil
	}
	type outcome struct {
		made Backup
		err  error
	}
	ended := make(chan outcome, 1)
	// A large record takes longer than a request may, and who gave up asks again under the same key: it is finished all the
	// same. One at a time is written.
	go func(ctx context.Context, key string) {
		made, err := s.opt.Backups.Take(ctx)
		if err == nil {
			s.taken.keep(key, made)
		}
		ended <- outcome{made, err}
	}(context.WithoutCancel(q.Context()), q.key)
	select {
	case o := <-ended:
		if o.err != nil {
			return nil, o.err
		}
		return o.made, nil
	case <-q.Context().Done():
		return nil, refusal.New(refusal.NotReady, "backup.goes_on", nil)
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
