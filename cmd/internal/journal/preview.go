package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// Outlook is what a command would lead to on the state as it is now.
type Outlook struct {
	Events []Event
	Result any
	// Digest stands for the events without the times that the clock makes: whoever was shown them gives it back in
	// [Command.Seen].
	Digest string
}

// Preview decides a command on the state as it is now and gives what it would record, or the refusal that it would get;
// the result comes with a refusal too, as far as the handler has one. Nothing is recorded, stored in the vault or
// remembered under the command's key. A handler must not hold state of its own to be previewed.
func (j *Journal) Preview(cmd Command) (o Outlook, err error) {
	h := j.reg.handlers[cmd.Kind]
	if h == nil {
		return o, fmt.Errorf("journal: no handler for command %s", cmd.Kind)
	}
	err = j.View(func(tx *bbolt.Tx) error {
		o, err = h.outlook(tx, cmd, j.clock.now())
		return err
	})
	return o, err
}

func (h *handler) outlook(tx *bbolt.Tx, cmd Command, now Moment) (o Outlook, err error) {
	if o.Events, o.Result, err = h.decide(tx, cmd.Actor, cmd.Payload, Proof{Preview: true}, now); err != nil {
		return o, err
	}
	again, err := h.decideLater(tx, cmd, now)
	if err != nil { // whatever the clock refuses in a second is another outcome then
		again = nil
	}
	o.Digest, err = digestOf(o.Events, again)
	return o, err
}

// decideLater decides the command again with a clock that is past the minute, since orders state times to the minute.
// A command whose time runs out before that is decided a second later.
func (h *handler) decideLater(tx *bbolt.Tx, cmd Command, now Moment) (events []Event, err error) {
	for _, step := range []time.Duration{time.Minute + time.Second, time.Second} {
		later := Moment{At: now.At.Add(step), Wall: now.Wall.Add(step)}
		events, _, err = h.decide(tx, cmd.Actor, cmd.Payload, Proof{Preview: true}, later)
		if err == nil {
			break
		}
	}
	return events, err
}

// asSeen refuses a command that would record something else than its sender was shown.
func (h *handler) asSeen(tx *bbolt.Tx, cmd Command, now Moment) error {
	if cmd.Seen == "" {
		return nil
	}
	o, err := h.outlook(tx, cmd, now)
	if err == nil && o.Digest != cmd.Seen {
		err = refusal.New(refusal.Conflict, OutcomeChanged, nil)
	}
	return err
}

// OutcomeChanged is the rule that refuses a command which would record something else than its sender was shown.
const OutcomeChanged = "journal.outcome_changed"

// digestOf hashes events without what the same command gives otherwise a little later: the times that the clock makes.
func digestOf(events, later []Event) (string, error) {
	now, err := plainEvents(events)
	if err != nil {
		return "", err
	}
	then, err := plainEvents(later)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(timeless(now, then))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

func plainEvents(events []Event) (all []any, err error) {
	for _, ev := range events {
		text, err := json.Marshal(ev)
		if err != nil {
			return nil, err
		}
		var content any
		if err := json.Unmarshal(text, &content); err != nil {
			return nil, err
		}
		all = append(all, []any{ev.Kind(), content})
	}
	return all, nil
}

// timeless is a without the members in which b differs from it. A list of another length differs as a whole.
func timeless(a, b any) any {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			out := map[string]any{}
			for name := range a {
				out[name] = timeless(a[name], b[name])
			}
			return out
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) {
			out := make([]any, len(a))
			for i := range a {
				out[i] = timeless(a[i], b[i])
			}
			return out
		}
	}
	if reflect.DeepEqual(a, b) {
		return a
	}
	return nil
}
