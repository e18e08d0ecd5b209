package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// timed is a command, and the event of it, that sets a timer: in a while, or for a time that a person typed.
type timed struct {
	ID    string        `json:"id"`
	In    time.Duration `json:"in,omitempty"`
	Typed time.Time     `json:"typed,omitzero"`
}

func (timed) Kind() string { return "timed.set" }

// timedRegistry is that of the counters, with timers and what their command leaves: the wall clock of the block.
func timedRegistry() *Registry {
	p := today()
	seen := []byte("timed.seen")
	r := p.registry(Module{
		Name: "timed", Buckets: []string{string(seen)},
		Decode: func(kind string, data []byte) (Event, error) {
			if kind == (fired{}).Kind() {
				return decodeAs[fired](data)
			}
			return decodeAs[timed](data)
		},
		Apply: func(tx *bbolt.Tx, fx Effects, at time.Time, _ string, _ Pos, ev Event) error {
			switch e := ev.(type) {
			case timed:
				if e.In > 0 {
					fx.Timer(e.ID, at.Add(e.In), "t.fired", fired{e.ID})
				} else {
					fx.WallTimer(e.ID, e.Typed, "t.fired", fired{e.ID})
				}
			case fired:
				text, err := json.Marshal([]time.Time{at, fx.Wall()})
				if err != nil {
					return err
				}
				return tx.Bucket(seen).Put([]byte(e.ID), text)
			default:
				return fmt.Errorf("unknown event %T", ev)
			}
			return nil
		},
	})
	Handle(r, "t.timed", func(_ *bbolt.Tx, _ string, in timed, _ time.Time) ([]Event, bool, error) {
		return []Event{in}, true, nil
	})
	Handle(r, "t.fired", func(_ *bbolt.Tx, _ string, in fired, _ time.Time) ([]Event, bool, error) {
		return []Event{in}, true, nil
	})
	return r
}

type fired struct {
	ID string `json:"id"`
}

func (fired) Kind() string { return "timed.fired" }
