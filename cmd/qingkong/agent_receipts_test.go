package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"qingkong/notify/ledger/receipt"
	"qingkong/notify/ledger/receipt/receipttest"
)

// quick has receipts asked for at once.
var quick = []string{"--receipts-after", "1ms", "--receipts-retry-first", "1ms", "--receipts-retry-max", "5ms"}

type answeredEntry struct {
	OrderID string `json:"order_id"`
	Action  string `json:"action"`
}

// answersIn records two answers to an order, and gives the receipts of both.
func answersIn(l *receipttest.Log, order string) receipt.Receipts {
	first := l.Add("notify.answered", answeredEntry{order, "receive"})
	return l.Receipts(first, l.Add("notify.answered", answeredEntry{order, "acknowledge"}))
}

// handsOut has the coordinator answer the requests for receipts, each with the next text, the last again and again.
func (c *coordinator) handsOut(texts ...[]byte) (asked chan string) {
	c.t.Helper()
	asked = make(chan string, 1024)
	n := 0
	c.subscribe("qingkong.receipts.*", func(m *nats.Msg) {
		c.reply(m, string(texts[min(n, len(texts)-1)]))
		n++
		asked <- string(m.Data)
	})
	if err := c.nc.Flush(); err != nil {
		c.t.Fatal(err)
	}
	return asked
}

func (c *coordinator) agent(dir string) *running {
	c.t.Helper()
	a := startAgent(c.t, c.server.ClientURL(), "right", append(quick, "--data", dir, "--auto-acknowledge", "--lang", "en")...)
	await(c.t, "status", a.logs, "order events kept")
	return a
}

// After its answers were taken the agent asks for receipts until it has them, proves them, and keeps them as they came; the
// key that signed the first is known from then on.
func TestAgentKeepsReceiptsBesideTheOrder(t *testing.T) {
	t.Parallel()
	dir, l := t.TempDir(), receipttest.New(t)
	good := receipttest.Text(t, answersIn(l, orderOne))
	c := newCoordinator(t, accepted, nothing)
	asked := c.handsOut([]byte(`{"error":{"code":"rate_limited","message":"busy"}}`), good)
	a := c.agent(dir)
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "the key of the ledger "+l.Origin)
	await(t, "status", a.logs, "the receipts of order "+orderOne+" are proved")
	expect(t, "request", asked, `{"order_id":"`+orderOne+`"}`)
	until(t, "receipts in the list", func() bool { r := kept(t, dir)[0].Receipts; return r != nil && r.Sent == 2 })
	a.quit()

	place := filepath.Join(dir, "orders", "issued."+orderOne+receiptsFile)
	if text, err := os.ReadFile(place); err != nil || !bytes.Equal(text, good) {
		t.Errorf("kept %s (%v), want the bytes as they came", text, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, ledgerKey)); err != nil || string(text) != "log "+l.VKey+"\n" {
		t.Errorf("the key file holds %q (%v)", text, err)
	}
	if r := kept(t, dir)[0].Receipts; r.State != stateKept || r.Size != 3 || r.Error != nil {
		t.Errorf("listed %+v", r)
	}

	// A file that was changed is set aside, and they are asked for again.
	write(t, place, strings.Replace(string(good), `"index":1,`, `"index":2,`, 1))
	a = c.agent(dir)
	await(t, "status", a.logs, "are proved")
	a.quit()
	if text, err := os.ReadFile(place); err != nil || !bytes.Equal(text, good) {
		t.Errorf("kept %s (%v) after it was changed", text, err)
	}
	if list, err := filepath.Glob(filepath.Join(dir, asideFolder, "*"+receiptsFile)); err != nil || len(list) != 1 {
		t.Errorf("aside: %q (%v)", list, err)
	}
}

// Receipts that do not prove what was answered, or by another key than the known one, are not taken, and it is said why; one
// for which the known key signed is.
func TestAgentTakesNoForgedReceipts(t *testing.T) {
	t.Parallel()
	forged := func(change func(r *receipt.Receipts)) func(*receipttest.Log) receipt.Receipts {
		return func(l *receipttest.Log) receipt.Receipts {
			r := answersIn(l, orderOne)
			change(&r)
			return r
		}
	}
	for name, c := range map[string]struct {
		now  func(l *receipttest.Log) receipt.Receipts
		want string
	}{
		"another content": {forged(func(r *receipt.Receipts) {
			r.Items[1].Leaf = bytes.Replace(r.Items[1].Leaf, []byte("acknowledge"), []byte("object"), 1)
		}), "is not in the tree that was signed for"},
		"without the answers": {forged(func(r *receipt.Receipts) { r.Items = nil }), "do not hold what was answered"},
		"of another order": {func(l *receipttest.Log) receipt.Receipts { return answersIn(l, "W20161216-01-E0002-1") },
			"do not hold what was answered"},
		"none at all":    {func(l *receipttest.Log) receipt.Receipts { return receipt.Receipts{} }, "vkey"},
		"another ledger": {func(*receipttest.Log) receipt.Receipts { return answersIn(receipttest.New(t), orderOne) }, "WARNING: the receipts are signed by another key"},
		"a key that nobody signed for": {func(l *receipttest.Log) receipt.Receipts {
			l.Rotate(false)
			return answersIn(l, orderOne)
		}, "did not sign for the one that follows"},
		"another origin": {func(l *receipttest.Log) receipt.Receipts {
			l.Move("qingkong/120111/89abcdef")
			return answersIn(l, orderOne)
		}, "WARNING: the receipts are signed by another key"},
		"a key that the known one signed for": {func(l *receipttest.Log) receipt.Receipts {
			l.Rotate(true)
			return answersIn(l, orderOne)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, l := t.TempDir(), receipttest.New(t)
			write(t, filepath.Join(dir, ledgerKey), "# compared\nlog "+l.VKey+"\n")
			was := l.VKey
			co := newCoordinator(t, accepted, nothing)
			co.handsOut(receipttest.Text(t, c.now(l)))
			a := co.agent(dir)
			co.push(liveOrder, issued())
			want := was
			if c.want == "" {
				await(t, "status", a.logs, "has another key, for which the one before signed")
				await(t, "status", a.logs, "are proved")
				want = l.VKey
			} else {
				await(t, "status", a.logs, c.want)
			}
			until(t, "an outcome in the list", func() bool { return kept(t, dir)[0].Receipts != nil })
			a.quit()
			_, err := os.Stat(filepath.Join(dir, "orders", "issued."+orderOne+receiptsFile))
			r := kept(t, dir)[0].Receipts
			if taken := err == nil; taken != (c.want == "") || (r.State == stateKept) != taken {
				t.Errorf("%s: kept %v, listed %+v", name, taken, r)
			}
			if text, err := os.ReadFile(filepath.Join(dir, ledgerKey)); err != nil || string(text) != "# compared\nlog "+want+"\n" {
				t.Errorf("the key file holds %q (%v)", text, err)
			}
		})
	}
}

// Where the acknowledgement was sent, the receipt alone is not all that was answered.
func TestReceiptsTellOfTheAcknowledgement(t *testing.T) {
	r := answersIn(receipttest.New(t), orderOne)
	for n, want := range map[int]bool{1: false, 2: true} {
		of := r
		of.Items = r.Items[:n]
		p, err := receipt.Verify(receipttest.Text(t, of))
		if err != nil {
			t.Fatal(err)
		}
		if err := tellsOf(p, orderOne, true); (err == nil) != want {
			t.Errorf("of %d entries: %v", n, err)
		}
		if err := tellsOf(p, orderOne, false); err != nil {
			t.Errorf("of %d entries, without an acknowledgement: %v", n, err)
		}
	}
}

// An older coordinator has no such subject: nobody listens there, or its permissions do not name it. That is said once, and
// all else goes on.
func TestAgentOfAnOlderCoordinator(t *testing.T) {
	t.Parallel()
	for name, forbid := range map[string]bool{"nobody listens": false, "it is forbidden": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCoordinator(t, accepted, nothing)
			if forbid {
				opts := serverOptions(c.server.Addr().(*net.TCPAddr).Port, "right")
				forbidReceipts(opts)
				if err := c.server.ReloadOptions(opts); err != nil {
					t.Fatal(err)
				}
			}
			dir := t.TempDir()
			a := c.agent(dir)
			c.push(liveOrder, issued())
			await(t, "status", a.logs, "hands out no receipts")
			c.push(liveOrder, event("released", testOrder(1, "released", "acknowledged", false)))
			await(t, "line", a.lines, "acknowledgement sent")
			await(t, "line", a.lines, "receipt sent")
			until(t, "both answers in the list", func() bool {
				list := kept(t, dir)
				return len(list) == 2 && len(list[1].Answers) == 1 && list[1].Answers[0].State == stateSent
			})
			a.quit()
			for line := range a.logs {
				if strings.Contains(line, "receipts") || strings.Contains(line, "ermission") {
					t.Errorf("it says more: %s", line)
				}
			}
		})
	}
}

// forbidReceipts takes the subjects of receipts from what the recipient may publish to.
func forbidReceipts(o *server.Options) {
	for _, u := range o.Users {
		if u.Permissions != nil {
			allow := u.Permissions.Publish.Allow[:0]
			for _, s := range u.Permissions.Publish.Allow {
				if !strings.Contains(s, ".receipts.") {
					allow = append(allow, s)
				}
			}
			u.Permissions.Publish.Allow = allow
		}
	}
}

// A refusal is believed until something else is answered, and shown.
func TestAgentListsARefusalOfReceipts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	asked := c.handsOut([]byte(`{"error":{"code":"too_large","message":"over HTTP"}}`))
	a := c.agent(dir)
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "were refused: too_large: over HTTP")
	until(t, "the refusal in the list", func() bool {
		r := kept(t, dir)[0].Receipts
		return r != nil && r.Sent == 2
	})
	a.quit()
	n := len(asked)
	a = c.agent(dir)
	a.quit()
	var out, errs bytes.Buffer
	if code := run([]string{"agent", "--list", "--data", dir, "--lang", "en"}, &out, &errs); code != exitOK ||
		!strings.Contains(out.String(), "refused too_large") || len(asked) != n {
		t.Errorf("exit %d, %s%s, asked %d times, then %d", code, out.String(), errs.String(), n, len(asked))
	}
	var p progress
	text, err := os.ReadFile(filepath.Join(dir, "orders", "issued."+orderOne+progressFile))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Receipts == nil || p.Receipts.State != stateRefused {
		t.Errorf("%s (%v)", text, err)
	}
}

// A connection that was lost does not leave receipts to the next try of a long pause.
func TestAgentAsksForReceiptsWhenTheConnectionIsBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--lang", "en", "--receipts-after", "1ms",
		"--receipts-retry-first", "1h", "--receipts-retry-max", "1h")
	await(t, "status", a.logs, "order events kept")
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "hands out no receipts")
	port := c.away()
	await(t, "status", a.logs, "was lost")
	c.server = startServerOf(t, serverOptions(port, "another")) // the agent is let in when receipts can be had
	c.serve(accepted, nothing)
	c.handsOut(receipttest.Text(t, answersIn(receipttest.New(t), orderOne)))
	if err := c.server.ReloadOptions(serverOptions(port, "right")); err != nil {
		t.Fatal(err)
	}
	await(t, "status", a.logs, "are proved")
	a.quit()
}
