package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// book holds what was confirmed on a folder.
type book struct {
	mu       sync.Mutex
	warnings map[string]promisedWarning
	numbers  map[string]string // a declaration's document number -> its warning
	orders   map[string]promisedOrder
	accounts map[string][]string // user -> the tokens that were shown
	versions map[string]bool     // of the list
	current  string              // the version in force
	phone    string
	acts     []*act // the last ones confirmed
	n        int
	atLeast  bool // more may have been confirmed than this
}

type promisedWarning struct {
	ID, Level, State string
	Revision         int
	History          []json.RawMessage
}

type promisedOrder struct {
	ID, Answer, Execution, State string
	AcknowledgedAt               *string `json:"acknowledged_at"`
}

func newBook() *book {
	return &book{warnings: map[string]promisedWarning{}, numbers: map[string]string{}, orders: map[string]promisedOrder{},
		accounts: map[string][]string{}, versions: map[string]bool{}}
}

func (b *book) with(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fn()
}

const tortureResent = 12

func (b *book) confirmed(a *act) {
	b.with(func() {
		b.n++
		if b.acts = append(b.acts, a); len(b.acts) > tortureResent {
			b.acts = b.acts[1:]
		}
	})
}

func (b *book) declared(number, id string) { b.with(func() { b.numbers[number] = id }) }
func (b *book) inForce(version string) {
	b.with(func() { b.versions[version], b.current = true, version })
}
func (b *book) imported(version string) { b.with(func() { b.versions[version] = true }) }
func (b *book) called(phone string)     { b.with(func() { b.phone = phone }) }

func (b *book) warned(id string, answer []byte) {
	var w promisedWarning
	_ = json.Unmarshal(answer, &w) // its reader has read it
	b.with(func() { b.warnings[id] = w })
}

func (b *book) answered(id string, answer []byte) {
	var o promisedOrder
	_ = json.Unmarshal(answer, &o) // an order without an answer is found wrong by the proof
	b.with(func() { b.orders[id] = o })
}

func (b *book) registered(user, token string) {
	b.with(func() {
		b.accounts[user] = append(b.accounts[user], token)
	})
}

// hearing hears every order that goes out.
type hearing struct {
	mu    sync.Mutex
	first map[string][]byte // event and order -> the message that came first
	wrong []string
}

func hear(t *testing.T, addr string, who account) *hearing {
	t.Helper()
	e := &hearing{first: map[string][]byte{}}
	nc := connect(t, addr, who.User, who.Password)
	t.Cleanup(nc.Close)
	for _, subject := range []string{"qingkong.order.*", "qingkong.drill.order.*"} {
		sub, err := nc.Subscribe(subject, e.take)
		if err == nil {
			err = sub.SetPendingLimits(-1, -1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *hearing) take(msg *nats.Msg) {
	var in struct {
		Event string
		Order struct{ ID string }
	}
	_ = json.Unmarshal(msg.Data, &in) // an empty id is found wrong by the proof
	e.mu.Lock()
	defer e.mu.Unlock()
	key := in.Event + " " + in.Order.ID
	if first, ok := e.first[key]; !ok {
		e.first[key] = msg.Data
	} else if !bytes.Equal(first, msg.Data) {
		e.wrong = append(e.wrong, fmt.Sprintf("%s came again otherwise:\n%s\n%s", key, first, msg.Data))
	}
}

// frozen is the part of an order that never changes after it was sent.
func frozen(order []byte) []byte {
	head, _, _ := bytes.Cut(order, []byte(`,"contact":`))
	return head
}

// proves holds the running program, and then its stopped folder, against all that was promised.
func (to *torture) proves() {
	to.t.Helper()
	b := to.book
	b.mu.Lock()
	defer b.mu.Unlock()
	to.sameAgain(b)
	to.warningsStand(b)
	orders := to.ordersStand(b)
	to.accountsStand(b)
	to.listStands(b)
	to.allHear(orders)
	to.heardStands(orders)
	to.readyAgain()
	to.acts += b.n
	b.n = 0
	to.stop()
	to.checks()
	if to.t.Failed() {
		to.t.FailNow()
	}
}

// readyAgain is for what the proofs themselves may have brought to light.
func (to *torture) readyAgain() {
	to.t.Helper()
	if lost := to.ready(false); lost != "" {
		to.t.Errorf("the vault is not whole: %s", lost)
	}
}

// sameAgain sends acts that were confirmed once more under their keys: nothing more comes of them.
func (to *torture) sameAgain(b *book) {
	to.t.Helper()
	for _, a := range b.acts {
		if a.subject != "" || a.who == "" {
			continue // an answer's content is its key, and its order may have gone on
		}
		status, answer, err := to.clients[0].ask("POST", a.who, a.path, a.media, a.key, a.body)
		if secret := a.who == "admin"; err != nil || !secret && status/100 != 2 || secret && status != http.StatusConflict {
			to.t.Errorf("%s again: %d %s %v", a.key, status, answer, err)
		}
	}
}

func (to *torture) warningsStand(b *book) {
	to.t.Helper()
	numbers := map[string][]string{}
	for _, raw := range to.all("/warnings?limit=1000", func(raw json.RawMessage) string { return idOf(raw) }) {
		var w struct {
			promisedWarning
			DocumentNo string `json:"document_no"`
		}
		to.read("warning", raw, &w)
		numbers[w.DocumentNo] = append(numbers[w.DocumentNo], w.ID)
		have, promised := w.promisedWarning, b.warnings[w.ID]
		if have.Revision < promised.Revision || len(have.History) < len(promised.History) {
			to.t.Errorf("warning %s: promised %+v, there is %s", w.ID, promised, raw)
			continue
		}
		for i, h := range promised.History {
			if !bytes.Equal(h, have.History[i]) {
				to.t.Errorf("warning %s: promised %s, there is %s", w.ID, h, have.History[i])
			}
		}
		if have.Revision == promised.Revision && (have.State != promised.State || have.Level != promised.Level) {
			to.t.Errorf("warning %s: promised %+v, there is %s", w.ID, promised, raw)
		}
	}
	for number, id := range b.numbers {
		if !slices.Equal(numbers[number], []string{id}) {
			to.t.Errorf("declaration %s was confirmed as %s and is there as %v", number, id, numbers[number])
		}
	}
	if !b.atLeast && len(numbers) != len(b.numbers) {
		to.t.Errorf("%d declarations were confirmed, %d are there", len(b.numbers), len(numbers))
	}
}

// ordersStand returns all orders, each once.
func (to *torture) ordersStand(b *book) map[string]json.RawMessage {
	to.t.Helper()
	orders := to.planned()
	for id, promised := range b.orders {
		var have promisedOrder
		if raw, ok := orders[id]; !ok {
			to.t.Errorf("order %s was answered and is not there", id)
			continue
		} else {
			to.read(id, raw, &have)
		}
		rank := []string{"not_started", "started", "reported", "completed"}
		if have.Answer != promised.Answer || slices.Index(rank, have.Execution) < slices.Index(rank, promised.Execution) ||
			promised.AcknowledgedAt != nil && (have.AcknowledgedAt == nil || *have.AcknowledgedAt != *promised.AcknowledgedAt) {
			to.t.Errorf("order %s: promised %+v, there is %+v", id, promised, have)
		}
	}
	return orders
}

func (to *torture) accountsStand(b *book) {
	to.t.Helper()
	var page struct {
		Items []struct {
			User   string
			Tokens []json.RawMessage
		}
	}
	to.must("admin", "GET", "/accounts?limit=1000", nil, &page)
	there := map[string]int{}
	for _, a := range page.Items {
		more := b.atLeast && len(a.Tokens) > len(b.accounts[a.User])
		if there[a.User]++; b.accounts[a.User] != nil && len(a.Tokens) != len(b.accounts[a.User]) && !more {
			to.t.Errorf("account %s: %d tokens were confirmed, %d are there", a.User, len(b.accounts[a.User]), len(a.Tokens))
		}
	}
	c := *to.clients[0]
	for user, tokens := range b.accounts {
		if there[user] != 1 {
			to.t.Errorf("account %s is there %d times", user, there[user])
		}
		for _, token := range tokens {
			if c.token = token; token == "" {
				continue // shown in an answer that did not arrive
			}
			if status, answer, err := c.ask("GET", "", "/me", "", "", nil); err != nil || status != http.StatusOK {
				to.t.Errorf("a token of %s: %d %s %v", user, status, answer, err)
			}
		}
	}
}

func (to *torture) listStands(b *book) {
	to.t.Helper()
	versions := to.all("/list/versions?limit=1000", idOf)
	if !b.atLeast && b.current != "" && len(versions) != len(b.versions) {
		to.t.Errorf("%d versions of the list were confirmed, %d are there", len(b.versions), len(versions))
	}
	for id := range b.versions {
		var v struct {
			InForce bool `json:"in_force"`
		}
		if raw, ok := versions[id]; !ok {
			to.t.Errorf("version %s of the list is not there", id)
		} else if to.read(id, raw, &v); b.current != "" && v.InForce != (id == b.current) {
			to.t.Errorf("version %s of the list: in force %v; %s was activated last", id, v.InForce, b.current)
		}
	}
	if b.phone == "" {
		return
	}
	if have := to.phoneOf(b.current, tortureRecipient); have != b.phone {
		to.t.Errorf("the contact of %s has %s, confirmed was %s", tortureRecipient, have, b.phone)
	}
}

// planned returns the orders once every warning in force at a level at which all recipients have measures has its first
// order for each of them.
func (to *torture) planned() map[string]json.RawMessage {
	to.t.Helper()
	warnings := to.all("/warnings?limit=1000", idOf)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		orders, first, has := to.all("/orders?limit=1000", idOf), map[string]int{}, map[string]bool{}
		for _, raw := range orders {
			var o struct {
				Warning   string `json:"warning_id"`
				Recipient string `json:"recipient_id"`
			}
			to.read("order", raw, &o)
			if key := o.Warning + " " + o.Recipient; !has[key] { // after a restore the first has another revision than 1
				has[key] = true
				first[o.Warning]++
			}
		}
		short := ""
		for id, raw := range warnings {
			var w struct{ State, Level string }
			to.read(id, raw, &w)
			if w.State == "active" && w.Level != "advisory" && first[id] != tortureRecipients {
				short = fmt.Sprintf("warning %s at %s has orders for %d of %d recipients", id, w.Level, first[id],
					tortureRecipients)
			}
		}
		if short == "" {
			return orders
		}
		if time.Now().After(deadline) {
			to.t.Fatal(short)
		}
	}
}

// tortureRecipients is how many the embedded list has.
const tortureRecipients = 64

// allHear waits until every open order was heard: it is repeated until its recipient has it.
func (to *torture) allHear(orders map[string]json.RawMessage) {
	to.t.Helper()
	var open []string
	for id, raw := range orders {
		var o struct{ State, Delivery string }
		to.read(id, raw, &o)
		if o.State == "open" && (o.Delivery == "pending" || o.Delivery == "sent") {
			open = append(open, id)
		}
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		missing := ""
		to.hearing.mu.Lock()
		for _, id := range open {
			if to.hearing.first["issued "+id] == nil && to.hearing.first["revised "+id] == nil {
				missing = id
			}
		}
		to.hearing.mu.Unlock()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			to.t.Errorf("the open order %s does not go out", missing)
			return
		}
	}
}

// heardStands holds every order that went out against the record.
func (to *torture) heardStands(orders map[string]json.RawMessage) {
	to.t.Helper()
	e := to.hearing
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, wrong := range e.wrong {
		to.t.Error(wrong)
	}
	for key, msg := range e.first {
		var in struct{ Order json.RawMessage }
		if err := json.Unmarshal(msg, &in); err != nil {
			to.t.Errorf("%s: %s", key, msg)
			continue
		}
		if have, ok := orders[idOf(in.Order)]; !ok {
			to.t.Errorf("%s went out and is not there", key)
		} else if !bytes.Equal(frozen(have), frozen(in.Order)) {
			to.t.Errorf("%s went out as %s and is there as %s", key, in.Order, have)
		}
	}
}

func idOf(raw json.RawMessage) string {
	if bytes.HasPrefix(raw, []byte(`{"id":"`)) {
		return idIn(raw)
	}
	var v struct{ ID string }
	_ = json.Unmarshal(raw, &v) // an empty id is found twice, or not at all
	return v.ID
}

// all reads a list to its end, as the duty officer, and fails where an id comes twice.
func (to *torture) all(path string, id func(json.RawMessage) string) map[string]json.RawMessage {
	to.t.Helper()
	found := map[string]json.RawMessage{}
	for cursor := ""; ; {
		var page struct {
			Items []json.RawMessage
			Next  string
		}
		to.must("duty", "GET", path+cursor, nil, &page)
		for _, raw := range page.Items {
			key := id(raw)
			if _, twice := found[key]; twice {
				to.t.Errorf("%s has %s twice", path, key)
			}
			found[key] = raw
		}
		if page.Next == "" {
			return found
		}
		cursor = "&cursor=" + page.Next
	}
}

// tortureReadThrough is how often the program may be started again to read the vault's other side through.
const tortureReadThrough = 6

// checks proves the stopped folder. A damaged value on the vault's other side is found and mended by reading it
// through, which takes a running program some seconds that a round does not give it.
func (to *torture) checks() {
	to.t.Helper()
	for n := 1; ; n++ {
		text, problems, err := to.checked()
		if err == nil && len(problems) == 0 {
			return
		}
		other := slices.ContainsFunc(problems, func(p string) bool {
			return !strings.HasPrefix(p, "vault: ") || !strings.Contains(p, "cannot be read in QINGKONG_VAULT")
		})
		if n > tortureReadThrough || len(problems) == 0 || other {
			to.t.Errorf("journal check: %v %s", err, text)
			return
		}
		to.does("the vault is to be read through")
		to.again()
		to.ready(false)
		to.passes(time.Duration(n) * 2 * time.Second)
		to.stop()
	}
}

// checked runs `journal check` and returns what it prints, the problems, and how else it failed.
func (to *torture) checked() (text []byte, problems []string, err error) {
	var report struct {
		OK       bool
		Problems []string
	}
	args := []string{"journal", "check", "--data", to.data, "--json"}
	if to.nats != nil {
		args = append(args, to.natsArgs()...)
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(cmd.Environ(), "QINGKONG_TEST_RUN=1")
	text, err = cmd.Output()
	if wrong := json.Unmarshal(text, &report); wrong != nil {
		return text, nil, wrong
	}
	if !report.OK && len(report.Problems) == 0 {
		return text, nil, errors.New("it is not ok and has no problem")
	}
	return text, report.Problems, err
}

// readyz asks how the program is; a program that gives no answer is not ready.
func (to *torture) readyz(v any) (answered bool) {
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(to.readyzRequest())
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return err == nil && json.Unmarshal(text, v) == nil
}

func (to *torture) readyzRequest() *http.Request {
	req, err := http.NewRequest("GET", "http://"+to.addr.HTTP+"/readyz", nil)
	if err != nil {
		to.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+to.accounts["duty"].Token)
	return req
}
