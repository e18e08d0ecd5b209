package journal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// Event is one fact to be recorded. Concrete types are structs with JSON tags; one that also has
// AppendJSON([]byte) []byte is encoded by it, and one that has Blobs() []string names content by it, as
// [Journal.PutContent] gave it. How they may change is in the package comment.
type Event = interface{ Kind() string }

// Pos is where an event's data lies in the record, so that what it carries is stored once: see ReadPos.
type Pos = struct {
	Block    uint64
	Off, Len uint32
}

// Effects is what applying an event may ask of the world; see effects.go.
type Effects = interface {
	Send(topic, id string, due time.Time)
	SendBy(channel, topic, id string, due time.Time)
	Drop(topic, id string)
	Timer(id string, due time.Time, command string, payload any)
	WallTimer(id string, due time.Time, command string, payload any)
	CancelTimer(id string)
	Wall() time.Time
	Together(name string, make func() Saver) Saver
}

// Saver is what the events of a block leave together, such as counters that many of them move: Save writes it once,
// after the block's last event. Commands decided within the block do not see it.
type Saver = interface{ Save(tx *bbolt.Tx) error }

// ApplyFunc writes an event's state into the transaction. It must be deterministic: the state that the live
// path leaves and the state that a replay leaves are compared by hash.
type ApplyFunc func(tx *bbolt.Tx, fx Effects, at time.Time, actor string, pos Pos, ev Event) error

// Module is a domain package as the journal sees it. Name is what its kinds begin with, up to the first dot.
type Module struct {
	Name    string
	Buckets []string                                      // journaled
	Decode  func(kind string, data []byte) (Event, error) // of today's kinds; called by Registry.Decode alone
	Apply   ApplyFunc
	Observe ApplyFunc // nil, or called after Apply for the events of every other module
	Older   []Older   // kinds that Decode need not know any more

	About func(ev Event) []Subject // whom an event concerns; nil where none of the module's concerns anybody
	Quiet []string                 // kinds that concern nobody: About need not know them, and whoever asks reads no data
}

// Subject is what an event concerns, for whoever follows the record and knows nothing of its events. Kind says what it
// is ("warning", "order", "user"), ID which one, and Change what the event did to it, empty where how it stands says
// all.
type Subject = struct{ Kind, ID, Change string }

// Command is something to be decided. Key is the caller's idempotency key, unique to it; empty for none.
// Payload is of the type that the command's handler was registered with.
type Command struct {
	Kind    string
	Key     string
	Actor   string
	Payload any
	Proof   Proof
	Vault   []VaultEntry // stored before the block that refers to them
	// Seen is the [Outlook.Digest] of what the sender was shown; the command is refused, with rule [OutcomeChanged],
	// where it would record something else by now. Empty asks for no such look. It is no part of what the command is.
	Seen string
}

// Proof is the one-time code that came with a command, checked before: the vault's reference of the secret that it is a
// code of, and its step. The zero value is none. It is no part of what the command is: the same content under the same
// key is the same command, whatever code comes with it.
type Proof struct {
	Ref     string `json:"ref"`
	Step    uint64 `json:"step"`
	Preview bool   `json:"-"` // nothing is carried out, so that a code may still come
}

// Registry holds the modules and the command handlers. It is filled before Open and not changed after.
type Registry struct {
	modules  []Module
	byName   map[string]*Module
	older    map[string]Older
	handlers map[string]*handler
	ids      func(raw []byte) []string // see [Registry.NameBlocks]; nil for none
}

type handler struct {
	bulk    bool
	vital   bool // see [Registry.Vital]
	decide  func(tx *bbolt.Tx, actor string, payload any, proof Proof, now Moment) ([]Event, any, error)
	payload func([]byte) (any, error)
	result  func([]byte) (any, error)
}

// NewRegistry returns a registry with the journal's own module.
func NewRegistry(modules ...Module) *Registry {
	r := &Registry{byName: map[string]*Module{}, older: map[string]Older{}, handlers: map[string]*handler{}}
	r.modules = append([]Module{ownModule()}, modules...)
	for i := range r.modules {
		m := &r.modules[i]
		if r.byName[m.Name] != nil {
			panic("journal: module twice: " + m.Name)
		}
		r.byName[m.Name] = m
		r.learn(m)
	}
	registerOwn(r)
	return r
}

// Handle registers how a command kind is decided; now is the record's time.
func Handle[P, R any](r *Registry, kind string,
	decide func(tx *bbolt.Tx, actor string, in P, now time.Time) ([]Event, R, error)) {
	HandleMoment(r, kind, func(tx *bbolt.Tx, actor string, in P, now Moment) ([]Event, R, error) {
		return decide(tx, actor, in, now.At)
	})
}

// HandleMoment is Handle for a command that holds times which a person typed against the clock.
func HandleMoment[P, R any](r *Registry, kind string,
	decide func(tx *bbolt.Tx, actor string, in P, now Moment) ([]Event, R, error)) {
	HandleProven(r, kind, func(tx *bbolt.Tx, actor string, in P, _ Proof, now Moment) ([]Event, R, error) {
		return decide(tx, actor, in, now)
	})
}

// HandleProven is HandleMoment for a command that is decided by its proof too.
func HandleProven[P, R any](r *Registry, kind string,
	decide func(tx *bbolt.Tx, actor string, in P, proof Proof, now Moment) ([]Event, R, error)) {
	if r.handlers[kind] != nil {
		panic("journal: handler twice: " + kind)
	}
	r.handlers[kind] = &handler{
		decide: func(tx *bbolt.Tx, actor string, payload any, proof Proof, now Moment) ([]Event, any, error) {
			in, ok := payload.(P)
			if !ok {
				return nil, nil, fmt.Errorf("journal: command %s got a %T", kind, payload)
			}
			events, result, err := decide(tx, actor, in, proof, now)
			return events, result, err
		},
		payload: func(b []byte) (any, error) { var p P; err := json.Unmarshal(b, &p); return p, err },
		result:  func(b []byte) (any, error) { var v R; err := json.Unmarshal(b, &v); return v, err },
	}
}

// Vital says which commands are taken also while the disk is nearly full: what ends a warning or answers for it, and
// what the program itself records of what it did. The rest is refused then, see [Options.Full].
func (r *Registry) Vital(kinds ...string) {
	for _, kind := range kinds {
		if r.handlers[kind] == nil {
			panic("journal: no handler for command " + kind)
		}
		r.handlers[kind].vital = true
	}
}

// HandleBulk is Handle for a command whose one event holds all of its payload under the same names: the block
// keeps the event alone. Such a command carries no idempotency key.
func HandleBulk[P, R any](r *Registry, kind string,
	decide func(tx *bbolt.Tx, actor string, in P, now time.Time) ([]Event, R, error)) {
	Handle(r, kind, decide)
	r.handlers[kind].bulk = true
}

func (r *Registry) owner(kind string) (*Module, error) {
	name, _, _ := strings.Cut(kind, ".")
	m := r.byName[name]
	if m == nil {
		return nil, fmt.Errorf("journal: no module owns event kind %q", kind)
	}
	return m, nil
}

// apply writes one event's state: its owner first, then every module that observes.
func (r *Registry) apply(tx *bbolt.Tx, fx *effects, at time.Time, actor string, pos Pos, ev Event) error {
	owner, err := r.owner(ev.Kind())
	if err != nil {
		return err
	}
	if r.newer(ev.Kind()) != ev.Kind() { // decided so: what was read is lifted
		return fmt.Errorf("journal: event kind %q is no longer recorded", ev.Kind())
	}
	if err := owner.Apply(tx, fx, at, actor, pos, ev); err != nil {
		return fmt.Errorf("apply %s: %w", ev.Kind(), err)
	}
	if err := noteBlobs(tx, pos, ev); err != nil {
		return fmt.Errorf("blobs of %s: %w", ev.Kind(), err)
	}
	for i := range r.modules {
		if m := &r.modules[i]; m.Observe != nil && m != owner {
			if err := m.Observe(tx, fx, at, actor, pos, ev); err != nil {
				return fmt.Errorf("%s observes %s: %w", m.Name, ev.Kind(), err)
			}
		}
	}
	return fx.err
}

// About says whom a recorded event of any kind concerns. An event that concerns nobody is no error.
func (r *Registry) About(kind string, data []byte) ([]Subject, error) {
	today := kind
	for r.newer(today) != today {
		today = r.newer(today)
	}
	m, err := r.owner(today)
	if err != nil || slices.Contains(m.Quiet, today) || m.About == nil {
		return nil, err
	}
	ev, err := r.Decode(kind, data)
	if err != nil {
		return nil, err
	}
	return m.About(ev), nil
}

func (r *Registry) journaled() []string {
	var names []string
	for i := range r.modules {
		names = append(names, r.modules[i].Buckets...)
	}
	return names
}
