package journal

import (
	"fmt"
	"strings"
)

// Older is a kind that is no longer recorded and still stands in the record: see the package comment.
type Older struct {
	Kind  string
	Newer string // of the same module; it may be an older kind itself
	// Lift makes of recorded data what Newer would have recorded of the same fact. It depends on data alone and does not
	// change it.
	Lift func(data []byte) ([]byte, error)
}

// learn enters the older kinds of a module. Whatever could go wrong with one whatever its data is found here, when the
// program starts, and not when a block is read.
func (r *Registry) learn(m *Module) {
	for _, o := range m.Older {
		for _, kind := range []string{o.Kind, o.Newer} {
			if name, _, _ := strings.Cut(kind, "."); name != m.Name {
				panic(fmt.Sprintf("journal: older kind %q -> %q is not within module %s", o.Kind, o.Newer, m.Name))
			}
		}
		if _, twice := r.older[o.Kind]; twice || o.Lift == nil {
			panic("journal: older kind twice, or without a lift: " + o.Kind)
		}
		r.older[o.Kind] = o
	}
	for _, o := range m.Older {
		kind := o.Kind
		for range m.Older {
			kind = r.newer(kind)
		}
		if _, still := r.older[kind]; still { // more steps than there are older kinds
			panic(fmt.Sprintf("journal: older kind %q comes back to %q", o.Kind, kind))
		}
	}
}

// newer is the next step of a kind; one that is still recorded has none.
func (r *Registry) newer(kind string) string {
	if o, ok := r.older[kind]; ok {
		return o.Newer
	}
	return kind
}

// lift takes recorded data to the kind that is recorded today.
func (r *Registry) lift(kind string, data []byte) (string, []byte, error) {
	for {
		o, ok := r.older[kind]
		if !ok {
			return kind, data, nil
		}
		newer, err := o.Lift(data)
		if err != nil {
			return kind, nil, fmt.Errorf("lift %q to %q: %w", kind, o.Newer, err)
		}
		kind, data = o.Newer, newer
	}
}

// Decode reads an event as it was recorded, under whatever kind. It is the only way from the record to an event; what
// is lifted is the value alone, never the bytes of the leaf.
func (r *Registry) Decode(kind string, data []byte) (Event, error) {
	today, data, err := r.lift(kind, data)
	if err != nil {
		return nil, fmt.Errorf("event kind %q: %w", kind, err)
	}
	m, err := r.owner(today)
	if err != nil {
		return nil, err
	}
	ev, err := m.Decode(today, data)
	switch {
	case err != nil && today != kind:
		return nil, fmt.Errorf("event kind %q, lifted to %q: %w", kind, today, err)
	case err != nil:
		return nil, fmt.Errorf("event kind %q: %w", kind, err)
	}
	return ev, nil
}

// Encode is an event's data as a block holds it.
func Encode(ev Event) ([]byte, error) { return appendJSON(nil, ev) }

// unreadableEntry is an entry that this program cannot read: most likely one that a later program recorded. Its block
// is whole, and nobody may take it for damaged.
type unreadableEntry struct {
	block uint64
	entry int64
	err   error
}

func (u *unreadableEntry) Error() string {
	return fmt.Sprintf("block %d, entry %d: %v", u.block, u.entry, u.err)
}
func (u *unreadableEntry) Unwrap() error { return u.err }
