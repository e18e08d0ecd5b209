package console

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	bolterrors "go.etcd.io/bbolt/errors"

	"qingkong/cmd/internal/access"
)

const (
	fragmentPause = 250 * time.Millisecond // between two renderings of the same fragment
	fragmentAge   = 20 * time.Second       // after which it is rendered anew though nothing was recorded: time passes too
	fragmentsMost = 2000                   // kept at a time
	beat          = 15 * time.Second       // a stream says that it is alive, and looks whether its session is
	writeWithin   = 10 * time.Second       // for one message; a viewer that takes longer comes back by itself
)

// fragments are rendered parts of pages, by what they show, to whom and in which language. All who see the same share
// one rendering: when the record moves, the first to ask renders and the others get what it made. Under a stream of
// changes a fragment is rendered at most every [fragmentPause].
type fragments struct {
	mu  sync.Mutex
	all map[string]*fragment
}

type fragment struct {
	mu     sync.Mutex
	height uint64
	at     time.Time
	text   template.HTML
	made   int                      // how often it was rendered
	shows  atomic.Pointer[[]string] // recipients whose contacts stand in it
}

// get is the fragment as of the record's height at the call, or later. patient waits out the pause between two
// renderings; a page that is asked for does not wait.
func (fs *fragments) get(ctx context.Context, key string, height func() uint64, patient bool, make func() (template.HTML, error)) (template.HTML, error) {
	f := fs.of(key)
	want := height()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made > 0 && f.height >= want && time.Since(f.at) < fragmentAge {
		return f.text, nil
	}
	if rest := fragmentPause - time.Since(f.at); patient && rest > 0 {
		pause := time.NewTimer(rest)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	at, now := height(), time.Now()
	text, err := make()
	if err != nil {
		return "", err
	}
	f.height, f.at, f.text, f.made = at, now, text, f.made+1
	return text, nil
}

func (fs *fragments) of(key string) *fragment {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if len(fs.all) >= fragmentsMost || fs.all == nil {
		fs.all = map[string]*fragment{}
	}
	f := fs.all[key]
	if f == nil {
		f = &fragment{}
		fs.all[key] = f
	}
	return f
}

// shown is one live part of a page: its event's name is also the id of the element it stands in.
type shown struct {
	name string
	make func(patient bool) (template.HTML, error)
}

// piece is a fragment about something, as a scope sees it: whoever has the same scope shares it.
func (q *request) piece(name, about, scope string, make func() (template.HTML, error)) shown {
	key := strings.Join([]string{name, about, q.lang, scope}, "|")
	return shown{name, func(patient bool) (template.HTML, error) {
		f := q.d.fragments.of(key)
		text, err := q.d.fragments.get(q.Context(), key, q.d.svc.J.Height, patient, func() (text template.HTML, err error) {
			shows, err := q.shows(func() (err error) { text, err = make(); return err })
			f.shows.Store(&shows)
			return text, err
		})
		if shows := f.shows.Load(); err == nil && shows != nil {
			q.d.saw(service.Ask{Who: q.who, Call: "GET " + q.URL.Path}, access.SeenContact, slices.Clone(*shows), patient)
		}
		return text, err
	}}
}

// render gives the parts to a page that is asked for.
func render(parts []shown) (map[string]template.HTML, error) {
	out := map[string]template.HTML{}
	for _, p := range parts {
		text, err := p.make(false)
		if err != nil {
			return nil, err
		}
		out[p.name] = text
	}
	return out, nil
}

// watch streams the live parts of a page as server-sent events: each when it differs from what this viewer has.
func (d *desk) watch(q *request) error {
	parts, warning, err := d.livePage(q)
	if err != nil {
		return err
	}
	s := &stream{q: q, out: http.NewResponseController(q.w), last: map[string]template.HTML{}}
	h := q.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	_ = s.out.SetReadDeadline(time.Time{}) // of the server's connections; a test's recorder has none
	q.w.WriteHeader(http.StatusOK)
	ticks := d.live.Watch(q.Context(), q.who, warning)
	heart := time.NewTicker(beat)
	defer heart.Stop()
	for {
		news := d.opt.Watch.Changed()
		if err := s.send(parts); err != nil {
			return nil // the viewer has gone, or reads too slowly; it comes back by itself
		}
		select {
		case <-news:
			q.now = d.svc.J.Now()
		case _, open := <-ticks:
			if !open {
				return nil
			}
			q.now = d.svc.J.Now()
		case <-heart.C:
			q.now = d.svc.J.Now()
			if who := d.sessions.Still(q.Request); who == nil || who.User != q.who.User || who.Role != q.who.Role {
				_ = s.event("over", "")
				return nil
			}
			if err := s.write([]byte(": alive\n\n")); err != nil {
				return nil
			}
		case <-q.Context().Done():
			return nil
		}
	}
}

// livePage is what a page shows live, by the query of its stream, which is the page's own.
func (d *desk) livePage(q *request) (parts []shown, warning string, err error) {
	v := q.URL.Query()
	if v.Get("page") == "board" {
		if err := access.Require(q.who, calls.ActBoardRead); err != nil {
			return nil, "", err
		}
		return append(d.boardParts(q, v.Get("warning"), v), q.healthPart()), v.Get("warning"), nil
	}
	if err := access.Require(q.who, calls.ActWarningsRead); err != nil {
		return nil, "", err
	}
	return append(d.homeParts(q), q.healthPart()), "", nil
}

// stream is one viewer.
type stream struct {
	q    *request
	out  *http.ResponseController
	last map[string]template.HTML
}

func (s *stream) send(parts []shown) error {
	for _, p := range parts {
		text, err := p.make(true)
		if err != nil {
			if s.q.Context().Err() == nil && !errors.Is(err, bolterrors.ErrDatabaseNotOpen) { // neither the viewer nor the program ends
				s.q.d.log.Warn("a live part cannot be shown", "part", p.name, "err", err)
			}
			return err
		}
		if was, sent := s.last[p.name]; sent && was == text {
			continue
		}
		s.last[p.name] = text
		if err := s.event(p.name, string(text)); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) event(name, text string) error {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\n")
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("data: " + strings.TrimRight(line, "\r") + "\n")
	}
	b.WriteByte('\n')
	return s.write(b.Bytes())
}

func (s *stream) write(b []byte) error {
	_ = s.out.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := s.q.w.Write(b); err != nil {
		return err
	}
	return s.out.Flush()
}
