package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"qingkong/alerts/refusal"
	"qingkong/notify"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
	"qingkong/notify/ledger/receipt"
)

// Receipts are what the coordinator recorded of an order, and of our answers, with the proof of it. The agent asks for
// them once answers were confirmed, and keeps none that do not prove themselves.

const (
	receiptsFile = ".receipts"
	ledgerKey    = "ledger.key" // a key file as `qingkong verify --key` takes it

	receiptsTimeout = 40 * time.Second // for one request, which waits for others and for a checkpoint

	// receiptsPace is between two requests: what a recipient may send is bounded, and its answers come first.
	receiptsPace = 500 * time.Millisecond
)

// receiptsOptions say when receipts are asked for.
type receiptsOptions struct {
	// After that time from an answer a checkpoint covers it without having been asked for, and others that came meanwhile
	// are in the same receipts.
	after time.Duration
	// A request that failed is repeated after retryFirst, and the wait doubles up to retryMax.
	retryFirst, retryMax time.Duration
}

// stateUnproved is of receipts that did not prove what they have to.
const (
	stateKept     = "kept"
	stateUnproved = "unproved"
)

// receiptsState is what became of an event's receipts.
type receiptsState struct {
	State string      `json:"state"`
	At    time.Time   `json:"at"`
	Sent  int         `json:"sent"`            // how many answers had been sent then
	Size  int64       `json:"size,omitempty"`  // of the tree that those kept are proved in; 0 for none kept
	Error *replyError `json:"error,omitempty"` // of a refusal
	Why   string      `json:"why,omitempty"`   // they are not proved
}

// sent is how many answers were taken.
func (p *progress) sent() (n int) {
	for _, row := range p.Answers {
		if row.State == stateSent {
			n++
		}
	}
	return n
}

// lacksReceipts says whether something was answered of which there are no receipts yet. After a refusal they are not
// asked for again before something else is answered.
func (p *progress) lacksReceipts() bool {
	n := p.sent()
	return n > 0 && (p.Receipts == nil || p.Receipts.Sent < n || p.Receipts.State == stateUnproved)
}

// nextReceipts is the first event whose receipts are due, or none and when there is one; zero for never.
func (s *store) nextReceipts(now time.Time) (due *entry, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.shown() {
		switch next := e.askAt; {
		case !e.progress.lacksReceipts():
		case !next.After(now):
			return e, now
		case at.IsZero() || next.Before(at):
			at = next
		}
	}
	return nil, at
}

// collect asks for receipts, one order at a time, until ctx ends. Where the coordinator is busy or cannot be reached all
// wait; receipts that are wrong hold back themselves alone.
func (a *agent) collect(ctx context.Context) {
	wait := a.receipts.retryFirst
	for ctx.Err() == nil {
		e, at := a.store.nextReceipts(time.Now())
		var later <-chan time.Time
		switch {
		case e != nil && a.receiptsOf(ctx, e):
			wait = a.receipts.retryFirst
			a.sleep(ctx, receiptsPace)
			continue
		case e != nil:
			wait = a.rest(ctx, wait)
			continue
		case !at.IsZero():
			later = time.After(time.Until(at))
		}
		select {
		case <-ctx.Done():
		case <-a.answered:
		case <-later:
		}
	}
}

// rest waits after a failure, and returns how long to wait after the next. Where the connection comes back it does not wait
// for all of that.
func (a *agent) rest(ctx context.Context, wait time.Duration) (next time.Duration) {
	select {
	case <-ctx.Done():
	case <-a.back:
		a.sleep(ctx, min(wait, a.receipts.after))
		return a.receipts.retryFirst
	case <-time.After(spread(wait)):
	}
	return min(2*wait, a.receipts.retryMax)
}

// sleep waits about that long: many agents are not to come back at once.
func (a *agent) sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(spread(d)):
	}
}

// spread is a time between d and half as much again.
func spread(d time.Duration) time.Duration { return d + rand.N(d/2+1) }

// receiptsOf asks for an event's receipts once, and keeps what comes of it. It is false where nobody answered for now.
func (a *agent) receiptsOf(ctx context.Context, e *entry) bool {
	sent, acknowledged, size := a.store.answers(e)
	text, refused, err := a.askReceipts(ctx, e)
	state := receiptsState{State: stateKept, At: time.Now(), Sent: sent, Size: size}
	switch {
	case ctx.Err() != nil:
		return true
	case err == nil && refused == nil:
		proved, err := a.prove(text, e.order.ID, acknowledged, size)
		if err != nil {
			state.State, state.Why = stateUnproved, err.Error()
			a.status("agent.receipts_unproved", refusal.Args{"id": e.order.ID, "why": err})
			break
		}
		if err := replaceFile(filepath.Join(a.dir, e.place+receiptsFile), text); err != nil {
			a.status("agent.receipts_not_kept", refusal.Args{"id": e.order.ID, "why": err})
			return false
		}
		state.Size = proved
		a.status("agent.receipts_kept", refusal.Args{"id": e.order.ID, "file": e.place + receiptsFile})
	case refused != nil && !refused.passing():
		state.State, state.Error = stateRefused, refused
		a.status("agent.receipts_refused", refusal.Args{"id": e.order.ID, "why": refused})
	default:
		return false
	}
	a.change(e, func(p *progress) {
		p.Receipts = &state
		e.askAt = time.Now().Add(spread(a.receipts.retryMax))
		if p.sent() > sent { // answered meanwhile
			e.askAt = time.Now().Add(spread(a.receipts.after))
		}
	})
	return true
}

// answers says what was sent of an event, and in a tree of which size its receipts are that are kept.
func (s *store) answers(e *entry) (sent int, acknowledged bool, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := e.progress.Receipts; r != nil {
		size = r.Size
	}
	row := e.progress.answer(notify.Acknowledge)
	return e.progress.sent(), row != nil && row.State == stateSent, size
}

// askReceipts asks once. An error says that no answer came. A coordinator of before there were receipts has nobody who
// listens, or forbids to ask: that is said once, and is no error.
func (a *agent) askReceipts(ctx context.Context, e *entry) (text []byte, refused *replyError, err error) {
	ctx, cancel := context.WithTimeout(ctx, receiptsTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]string{"order_id": e.order.ID})
	if err != nil {
		return nil, nil, err
	}
	m, err := a.nc.RequestWithContext(ctx, e.prefix+"receipts."+a.recipient, body)
	if errors.Is(err, nats.ErrNoResponders) {
		a.noReceipts()
	}
	if err != nil {
		return nil, nil, err
	}
	var r reply
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return m.Data, nil, nil // whoever verifies it says so
	}
	return m.Data, r.Error, nil
}

// noReceipts says once that the coordinator hands out none.
func (a *agent) noReceipts() {
	if !a.saidNone.Swap(true) {
		a.status("agent.receipts_none", nil)
	}
}

// forbidsReceipts reports whether the server forbids to ask for receipts.
func (a *agent) forbidsReceipts(err error) bool {
	forbids := errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), "receipts."+a.recipient)
	if forbids {
		a.noReceipts()
	}
	return forbids
}

// prove has receipts prove themselves, by the key that this folder knows, and returns the size of their tree. Those of a
// smaller tree than the ones that are kept say less.
func (a *agent) prove(text []byte, order string, acknowledged bool, kept int64) (size int64, err error) {
	p, err := receipt.Verify(text)
	if err != nil {
		return 0, err
	}
	if err := tellsOf(p, order, acknowledged); err != nil {
		return 0, err
	}
	if p.Size < kept {
		return 0, fmt.Errorf("they are of %d entries, and those kept of %d", p.Size, kept)
	}
	return p.Size, a.store.follow(p, a.status)
}

// tellsOf reports whether receipts hold an answer to an order; the acknowledgement where that was sent.
func tellsOf(p *receipt.Proved, order string, acknowledged bool) error {
	for _, e := range p.Items {
		var said notify.Answered
		if e.Kind == said.Kind() && json.Unmarshal(e.Data, &said) == nil && said.OrderID == order &&
			(!acknowledged || said.Action == string(notify.Acknowledge)) {
			return nil
		}
	}
	return fmt.Errorf("they do not hold what was answered to order %s", order)
}

// follow checks that the key which signed is that of the folder, or follows it, and keeps it: from the first receipts on
// the folder knows the ledger's key. say hears of a key that is new.
func (s *store) follow(p *receipt.Proved, say func(rule string, args refusal.Args)) error {
	file := filepath.Join(s.dir, ledgerKey)
	args := refusal.Args{"origin": p.Origin, "fingerprint": identity.Fingerprint(p.VKey), "file": file}
	text, err := os.ReadFile(file)
	rule, next := "agent.ledger_key_changed", []byte("log "+p.VKey+"\n")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		rule = "agent.ledger_key"
	case err != nil:
		return err
	default:
		known, err := knownKey(text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if known == p.VKey {
			return nil
		}
		if !p.Follows(known) {
			args["known"] = identity.Fingerprint(known)
			say("agent.ledger_key_false", args)
			return errors.New("the ledger's key is another one, for which the one that is known did not sign")
		}
		next = bytes.Replace(text, []byte(known), []byte(p.VKey), 1)
	}
	if err := replaceFile(file, next); err != nil {
		return err
	}
	say(rule, args)
	return nil
}

// knownKey is the one ledger's key of a key file.
func knownKey(text []byte) (string, error) {
	keys, err := bundle.ParseKeys(text)
	if err == nil && len(keys.Logs) != 1 {
		err = fmt.Errorf("it holds %d keys of a ledger, and not one", len(keys.Logs))
	}
	if err != nil {
		return "", err
	}
	return keys.Logs[0], nil
}

// loadReceipts proves receipts that are kept anew, by the key that came with them, and notes that they are there.
func (s *store) loadReceipts(place, file string) error {
	text, err := os.ReadFile(filepath.Join(s.dir, file))
	if err == nil {
		var p *receipt.Proved
		if p, err = receipt.Verify(text); err == nil {
			s.receipts[place] = p.Size
		}
	}
	return err
}

// matchReceipts forgets of an event's receipts that they are kept where there are none any more, so that they are asked
// for again.
func (s *store) matchReceipts(e *entry) {
	if e.progress == nil {
		return
	}
	r, size := e.progress.Receipts, s.receipts[e.place]
	switch {
	case r != nil && r.Size > 0 && size == 0:
		e.progress.Receipts = nil
	case r != nil:
		r.Size = max(r.Size, size)
	}
}
