package frame

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"

	bolterrors "go.etcd.io/bbolt/errors"

	"qingkong/cmd/internal/access"
)

const (
	fragmentPause = 250 * time.Millisecond // between two renderings of the same fragment
	fragmentAge   = 20 * time.Second       // after which it is rendered anew though nothing was recorded, for time passes
	fragmentsMost = 2000                   // kept at a time
	beat          = 15 * time.Second       // between two signs of life of a stream
	writeWithin   = 10 * time.Second       // for one message; a slower viewer is cut off and comes back by itself
)

// fragments are rendered parts of pages, by what they show, to whom and in which language. All who see the same share
// one rendering: when the record moves, the first request renders and the others get what it made. However often the
// record changes, a fragment is rendered at most every [fragmentPause].
type fragments struct {
	mu  sync.Mutex
	all map[string]*fragment
}

type fragment struct {
	mu    sync.Mutex
	of    standing
	at    time.Time
	text  template.HTML
	made  int                      // how often it was rendered
	shows atomic.Pointer[[]string] // recipients whose contacts stand in it
}

// standing is what a fragment shows, as far as it is made anew when that changes: the height of the record, or what it is
// said to rest on alone.
type standing struct {
	height uint64
	rests  string
}

// get is the fragment as things stand at the call, or later. A patient caller waits out the pause between two renderings; a
// page that somebody asked for does not wait.
func (fs *fragments) get(ctx context.Context, key string, stands func() (standing, error), patient bool,
	make func() (template.HTML, error)) (template.HTML, error) {
	f := fs.of(key)
	want, err := stands()
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made > 0 && f.of.height >= want.height && f.of.rests == want.rests && time.Since(f.at) < fragmentAge {
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
	now := time.Now()
	if want, err = stands(); err != nil {
		return "", err
	}
	text, err := make()
	if err != nil {
		return "", err
	}
	f.of, f.at, f.text, f.made = want, now, text, f.made+1
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

// Part is one live part of a page. Its name is that of its event and the id of the element that it stands in.
type Part struct {
	name string
	make func(patient bool) (template.HTML, error)
}

// SharedPart is a part that shows a fragment about something; all readers of the same scope share the fragment.
func (q *Request) SharedPart(name, about, scope string, make func() (template.HTML, error)) Part {
	return q.sharedPart(name, about, scope, func() (standing, error) {
		return standing{height: q.frame.Svc.J.Height()}, nil
	}, make)
}

// SteadyPart is a SharedPart that costs more than the record moves: it is made anew when what it rests on changes, and
// every [fragmentAge] for what is not in the record.
func (q *Request) SteadyPart(name, about, scope string, rests func() (string, error), make func() (template.HTML, error)) Part {
	return q.sharedPart(name, about, scope, func() (s standing, err error) {
		s.rests, err = rests()
		return s, err
	}, make)
}

func (q *Request) sharedPart(name, about, scope string, stands func() (standing, error),
	make func() (template.HTML, error)) Part {
	key := strings.Join([]string{name, about, q.Lang, scope}, "|")
	return Part{name, func(patient bool) (template.HTML, error) {
		f := q.frame.fragments.of(key)
		text, err := q.frame.fragments.get(q.Context(), key, stands, patient,
			func() (text template.HTML, err error) {
				shows, err := q.shows(func() (err error) { text, err = make(); return err })
				f.shows.Store(&shows)
				return text, err
			})
		if shows := f.shows.Load(); err == nil && shows != nil {
			q.frame.saw(service.Ask{Who: q.Who, Call: "GET " + q.URL.Path}, access.SeenContact, slices.Clone(*shows), patient)
		}
		return text, err
	}}
}

// Shaped is a part that each viewer sees in an own way: shape makes it, anew each time, of what the part p says.
func (p Part) Shaped(shape func(said template.HTML) (template.HTML, error)) Part {
	return Part{p.name, func(patient bool) (template.HTML, error) {
		said, err := p.make(patient)
		if err != nil {
			return "", err
		}
		return shape(said)
	}}
}

// OwnPart is a part that is made for this viewer alone.
func (q *Request) OwnPart(name string, make func() (template.HTML, error)) Part {
	return Part{name, func(bool) (template.HTML, error) { return make() }}
}

// Shown renders the parts for a page that somebody asked for, by their names.
func Shown(parts []Part) (map[string]template.HTML, error) {
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

// Stream is what a page shows live: the act that access must allow, and its parts by the query of the stream, with the
// warning that they are about; empty for all.
type Stream struct {
	Act   string
	Parts func(*Request) (parts []Part, warning string)
}

// Stream adds the live parts of a page.
func (f *Frame) Stream(page string, s Stream) { f.streams[page] = s }

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream"

// watchedMost is how many pages one stream shows at most: the open tabs of a browser.
const watchedMost = 12

// watched is one page that a stream shows. Its mark stands in front of what the stream sends for it; empty where the
// stream is of that page alone.
type watched struct {
	mark  string
	q     *Request
	parts []Part
}

// watch streams the live parts of pages as server-sent events, each part whenever it differs from what the viewer has. A
// query that names pages by of, each of it the query of a stream, has one stream serve all tabs of a browser.
func (f *Frame) watch(q *Request) (any, error) {
	of := q.URL.Query()["of"]
	if len(of) > watchedMost {
		return nil, refusal.New(refusal.TooLarge, "desk.live.too_many", refusal.Args{"most": watchedMost})
	}
	s := &viewer{q: q, out: http.NewResponseController(q.W), last: map[string]template.HTML{}}
	about, err := s.watch(of)
	if err != nil {
		return nil, err
	}
	h := q.W.Header()
	h.Set("Content-Type", eventStream)
	h.Set("X-Accel-Buffering", "no")
	_ = s.out.SetReadDeadline(time.Time{}) // of the server's connections; a test's recorder has none
	q.W.WriteHeader(http.StatusOK)
	ticks := f.live.Watch(q.Context(), q.Who, about)
	heart := time.NewTicker(f.Beat)
	defer heart.Stop()
	for {
		news := f.Watch.Changed()
		if err := s.send(); err != nil {
			return nil, nil // the viewer has gone, or reads too slowly; it comes back by itself
		}
		select {
		case <-news:
		case _, open := <-ticks:
			if !open {
				if f.Sessions.Still(q.Request) == nil {
					_ = s.event("over", "")
				}
				return nil, nil
			}
		case <-heart.C:
			if who := f.Sessions.Who(q.Request); who == nil || who.User != q.Who.User || who.Role != q.Who.Role {
				_ = s.event("over", "")
				return nil, nil
			}
			if err := s.event("beat", ""); err != nil {
				return nil, nil
			}
		case <-q.Context().Done():
			return nil, nil
		}
		for _, p := range s.pages {
			p.q.Now = f.Svc.J.Now()
		}
		q.Now = f.Svc.J.Now()
	}
}

// viewer is one reader of a stream, with what was last sent to it.
type viewer struct {
	q     *Request
	out   *http.ResponseController
	pages []watched
	last  map[string]template.HTML
}

// watch adds the pages that a stream shows; about is the warning that all of them are about, empty for any.
func (s *viewer) watch(of []string) (about string, err error) {
	f, single := s.q.frame, len(of) == 0
	if single {
		of = []string{s.q.URL.RawQuery}
	}
	for i, query := range of {
		w := watched{q: s.q}
		if !single {
			at := *s.q.URL
			at.RawQuery = query
			again := *s.q
			again.Request = s.q.Clone(s.q.Context())
			again.URL = &at
			w.q, w.mark = &again, strconv.Itoa(i)+" "
		}
		page, found := f.streams[w.q.URL.Query().Get("page")]
		if !found {
			page = f.streams["home"]
		}
		if page.Act != SignedIn {
			if err := access.Require(s.q.Who, page.Act); err != nil {
				return "", err
			}
		}
		warning := ""
		if w.parts, warning = page.Parts(w.q); i == 0 {
			about = warning
		} else if about != warning {
			about = ""
		}
		s.pages = append(s.pages, w)
	}
	all := watched{q: s.q, parts: []Part{s.q.healthPart()}}
	if !single {
		all.mark = "* "
	}
	if f.Queue != nil {
		all.parts, about = append(all.parts, s.q.queuePart()), ""
	}
	s.pages = append(s.pages, all)
	return about, nil
}

func (s *viewer) send() error {
	for _, page := range s.pages {
		for _, p := range page.parts {
			text, err := p.make(true)
			if err != nil {
				// an error of its own, and not because the viewer or the program ends
				if s.q.Context().Err() == nil && !errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
					s.q.frame.Log.Warn("a live part cannot be shown", "part", p.name, "err", err)
				}
				return err
			}
			name := page.mark + p.name
			if was, sent := s.last[name]; sent && was == text {
				continue
			}
			s.last[name] = text
			if page.mark == "" {
				err = s.event(p.name, string(text))
			} else {
				err = s.event("part", name+"\n"+string(text))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *viewer) event(name, text string) error {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\n")
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("data: " + strings.TrimRight(line, "\r") + "\n")
	}
	b.WriteByte('\n')
	return s.write(b.Bytes())
}

func (s *viewer) write(b []byte) error {
	_ = s.out.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := s.q.W.Write(b); err != nil {
		return err
	}
	return s.out.Flush()
}

// ScopeKey is the same for all who see the same on a page.
func ScopeKey(who *access.Principal) string {
	return string(who.Role) + "/" + who.Recipient + "/" + who.Town
}
