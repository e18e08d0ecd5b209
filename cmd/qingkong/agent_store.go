package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify"
)

// The agent keeps its orders in files that a person can read:
//
//	lock                       held by the one agent that works on the folder
//	orders/EVENT.ID.event      a line of JSON (eventHead), then the bytes as they were received
//	orders/EVENT.ID.progress   JSON (progress): the answers to that event and the command that was run for it
//	orders/EVENT.ID.receipts   what the coordinator recorded of the order, with its proof, as it was received
//	ledger.key                 the ledger's key, known since the first receipts
//	drills/…                   the same for drills
//	aside/…                    what could not be read, moved away
//
// An event without a progress file has been kept but not yet shown: the agent ended in between.
const (
	eventFile    = ".event"
	progressFile = ".progress"
	partFile     = ".part-*"
	asideFolder  = "aside"
)

// folders hold the events of the prefix in the same place of prefixes: drills are kept apart.
var folders = []string{"orders", "drills"}

// eventHead is the first line of a kept event.
type eventHead struct {
	Event      string    `json:"event"`
	Pulled     bool      `json:"pulled"` // the bytes are an order alone, since it was asked for
	Recipient  string    `json:"recipient"`
	ReceivedAt time.Time `json:"received_at"`
	Seq        int       `json:"seq"` // place in the order of receipt
	SHA256     string    `json:"sha256"`
}

// Where an answer or a command stands.
const (
	stateWaiting = "waiting"
	stateSent    = "sent"
	stateRefused = "refused"
	stateDone    = "done"
)

// answerRow is one answer; the rows that wait are the outbox.
type answerRow struct {
	Seq       int           `json:"seq"` // place in the order of decision
	Action    notify.Action `json:"action"`
	State     string        `json:"state"`
	DecidedAt time.Time     `json:"decided_at"`
	SettledAt time.Time     `json:"settled_at,omitzero"`
	Error     *replyError   `json:"error,omitempty"`

	// The event came once more and is to be answered once more. It is not kept: the coordinator asks again.
	again bool
}

// runState is the command that is run for an event.
type runState struct {
	State     string    `json:"state"`
	Attempts  int       `json:"attempts"`
	StartedAt time.Time `json:"started_at,omitzero"` // of the last attempt
	EndedAt   time.Time `json:"ended_at,omitzero"`
	ExitCode  *int      `json:"exit_code,omitempty"` // none: it did not start, or was killed
	Error     string    `json:"error,omitempty"`
	NextAt    time.Time `json:"next_at,omitzero"`
}

// waits says whether there is a command that has not succeeded yet.
func (r *runState) waits() bool { return r != nil && r.State == stateWaiting }

// progress is what became of an event.
type progress struct {
	Answers []*answerRow `json:"answers"`
	Run     *runState    `json:"run,omitempty"`

	Receipts *receiptsState `json:"receipts,omitempty"`
}

// answer is the answer of that kind; nil for none.
func (p *progress) answer(action notify.Action) *answerRow {
	if i := slices.IndexFunc(p.Answers, func(row *answerRow) bool { return row.Action == action }); i >= 0 {
		return p.Answers[i]
	}
	return nil
}

// entry is one event. Only its progress changes.
type entry struct {
	place    string // its files below the folder, without their endings
	prefix   string
	head     eventHead
	order    order
	progress *progress // nil: not yet shown
	askAt    time.Time // receipts are not asked for before then
}

// store holds the events, on disk unless dir is "".
type store struct {
	dir, recipient string
	release        func() error

	mu      sync.Mutex // guards all below, and the progress of each entry
	closed  bool
	seq     int
	entries []*entry // as received
	byPlace map[string]*entry
	orphans map[string]*progress // progress of events that were set aside: they may come again
	unsaved map[*entry]bool

	receipts map[string]int64 // place -> size of the tree of those that were found there; of the start alone
}

func newStore(dir, recipient string) *store {
	return &store{dir: dir, recipient: recipient, byPlace: map[string]*entry{}, orphans: map[string]*progress{},
		unsaved: map[*entry]bool{}, receipts: map[string]int64{}}
}

// openStore takes the folder for this agent and reads what it holds; warn hears of each file that was set aside.
func openStore(dir, recipient string, warn func(file string, why error)) (*store, error) {
	s := newStore(dir, recipient)
	if dir == "" {
		return s, nil
	}
	for _, f := range append([]string{asideFolder}, folders...) {
		if err := os.MkdirAll(filepath.Join(dir, f), 0o700); err != nil {
			return nil, unusable(dir, err)
		}
	}
	var err error
	if s.release, err = lockAgentFolder(dir); err != nil {
		return nil, err
	}
	if err := errors.Join(syncFolder(dir),
		s.load(func(file string, why error) { warn(file, errors.Join(why, s.setAside(file))) })); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func unusable(dir string, err error) error {
	return refusal.New(refusal.Invalid, "agent.folder_unusable", refusal.Args{"dir": dir, "why": err.Error()})
}

// close gives the folder to the next agent; an event that is still on its way in is not kept.
func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.release != nil {
		_ = s.release() // nothing was written to it
	}
}

// keep has the event on disk when it returns, or an error. It reports whether the event is a new one. raw is what was
// received, an order alone if pulled.
func (s *store) keep(prefix, event string, o order, raw []byte, pulled bool) (e *entry, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, os.ErrClosed
	}
	if e = s.find(prefix, event, o.ID, pulled); e != nil {
		return e, false, nil
	}
	place := placeOf(prefix, event, o.ID)
	sum := sha256.Sum256(raw)
	e = &entry{place: place, prefix: prefix, order: o, progress: s.orphans[place],
		head: eventHead{Event: event, Pulled: pulled,
			Recipient: s.recipient, ReceivedAt: time.Now(), Seq: s.seq + 1, SHA256: hex.EncodeToString(sum[:])}}
	if s.dir != "" {
		head, err := json.Marshal(e.head)
		if err == nil {
			err = replaceFile(filepath.Join(s.dir, place+eventFile), head, []byte("\n"), raw)
		}
		if err != nil {
			return nil, false, err
		}
	}
	s.seq++
	s.entries, s.byPlace[place] = append(s.entries, e), e
	delete(s.orphans, place)
	return e, e.progress == nil, nil
}

// find looks for an event. A pulled order does not say which event led to it: lastEvent supposes it, so that two events
// of one order that are no release are the same where one of them was pulled.
func (s *store) find(prefix, event, id string, pulled bool) *entry {
	if e := s.byPlace[placeOf(prefix, event, id)]; e != nil || event == "released" {
		return e
	}
	for _, other := range []string{"issued", "revised"} {
		if e := s.byPlace[placeOf(prefix, other, id)]; e != nil && (pulled || e.head.Pulled) {
			return e
		}
	}
	return nil
}

// change alters the progress of an event and keeps it, and whatever could not be kept before.
func (s *store) change(e *entry, alter func(*progress)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.progress == nil {
		e.progress = &progress{}
	}
	alter(e.progress)
	if s.dir == "" {
		return nil
	}
	s.unsaved[e] = true
	var failed error
	for e := range s.unsaved {
		data, err := json.MarshalIndent(e.progress, "", "  ")
		if err == nil {
			err = replaceFile(filepath.Join(s.dir, e.place+progressFile), data, []byte("\n"))
		}
		if err == nil {
			delete(s.unsaved, e)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// decide puts an answer into the outbox; it is called within change.
func (s *store) decide(p *progress, action notify.Action) {
	if p.answer(action) == nil {
		s.seq++
		p.Answers = append(p.Answers, &answerRow{Seq: s.seq, Action: action, State: stateWaiting, DecidedAt: time.Now()})
	}
}

// receiveAgain has an event that came once more answered once more.
func (s *store) receiveAgain(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.progress == nil {
		return // about to be shown, and answered then
	}
	if row := e.progress.answer(notify.Receive); row != nil && row.State != stateWaiting {
		row.again = true
	}
}

// shown are the events that were shown, as they were received; it is called with mu held.
func (s *store) shown() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, e := range s.entries {
			if e.progress != nil && !yield(e) {
				return
			}
		}
	}
}

// count is how many events are kept, how many answers wait, and how many commands.
func (s *store) count() (events, answers, runs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.shown() {
		for _, row := range e.progress.Answers {
			if row.State == stateWaiting {
				answers++
			}
		}
		if e.progress.Run.waits() {
			runs++
		}
	}
	return len(s.entries), answers, runs
}

// fileWord are the names and ids that can be part of a file's name. They come over the network; any other is replaced
// by its hash.
var fileWord = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func placeOf(prefix, event, id string) string {
	word := func(text string) string {
		if fileWord.MatchString(text) {
			return text
		}
		sum := sha256.Sum256([]byte(text))
		return "sha256-" + hex.EncodeToString(sum[:16])
	}
	return filepath.Join(folders[slices.Index(prefixes, prefix)], word(event)+"."+word(id))
}
