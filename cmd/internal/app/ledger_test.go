package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/witness"
	"qingkong/notify"
	"qingkong/notify/ledger/bundle"
)

// watched is a program whose ledger a witness watches, which knows the ledger's key from its first run.
func watched(t *testing.T) (a *App, cfg config.Config, w *witness.Witness) {
	t.Helper()
	a, cfg, w, _ = watchedBy(t)
	return a, cfg, w
}

// watchedBy is watched, and the file of the logs that the witness knows.
func watchedBy(t *testing.T) (a *App, cfg config.Config, w *witness.Witness, logs string) {
	t.Helper()
	cfg = alone(t)
	a = start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	eventually(t, "the ledger has a key", func() bool { k, err := a.notary.Key(); return err == nil && k.VKey != "" })
	key, err := a.notary.Key()
	if err != nil {
		t.Fatal(err)
	}
	stop(t, a)
	logs = filepath.Join(t.TempDir(), "logs")
	if err := os.WriteFile(logs, []byte("log "+key.VKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var looks atomic.Int64
	w, err = witness.Open(witness.Options{Dir: t.TempDir(), Name: "tj.example.gov.cn/witness", Logs: logs,
		Now: func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * time.Second) }}) // it looks at each request
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	cfg.Ledger.Witnesses = []config.Witness{{URL: server.URL, Key: w.VKey()}}
	return start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}}), cfg, w, logs
}

// cosignedAll waits until the witness has cosigned all that is signed, and that is all there is of a size.
func cosignedAll(t *testing.T, a *App, least int64) {
	t.Helper()
	eventually(t, "the witness cosigns", func() bool {
		s := a.notary.Status()
		return s.Latest.N >= least && s.Witnesses[0].Size == s.Latest.N
	})
}

func (a *App) entries(t *testing.T) int64 {
	t.Helper()
	s, err := a.svc.LedgerStatus(t.Context(), service.By("viewer"), calls.None{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Size
}

func declareYellow(t *testing.T, a *App) string {
	t.Helper()
	w, err := servicetest.Say(t.Context(), a.svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"津污防办〔2016〕1号","issued_by":"天津市","reason":"示例"}`))
	if err != nil {
		t.Fatal(err)
	}
	return w.ID
}

// From a declaration to a bundle that a stranger verifies, with the ledger's key and the witness's from their own hands.
func TestAWitnessCosignsWhatABundleProves(t *testing.T) {
	t.Parallel()
	a, _, w := watched(t)
	id := declareYellow(t, a)
	cosignedAll(t, a, a.entries(t))
	res, err := http.Get("http://" + a.addr.HTTP + "/api/v1/ledger/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(text), "— tj.example.gov.cn/witness ") {
		t.Errorf("%s: %s (%v)", res.Status, text, err)
	}
	draft, err := a.svc.Bundle(t.Context(), service.Ask{Who: &access.Principal{User: "viewer", Role: calls.Viewer}},
		calls.BundleQuery{Warning: id})
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := draft.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	key, err := a.notary.Key()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := bundle.ParseKeys([]byte("log " + key.VKey + "\nwitness " + w.VKey() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(bytes.NewReader(raw.Bytes()), int64(raw.Len()))
	if err != nil {
		t.Fatal(err)
	}
	report, err := b.Verify(keys)
	if err != nil || !report.Trusted || len(report.Lacking) > 0 {
		t.Errorf("%+v (%v)", report, err)
	}
	prove(t, a)
}

// Somebody who can write the record's file changes its history: the witness refuses that, the check says so, and
// `journal check` names it.
func TestAWitnessRefusesARewrittenRecord(t *testing.T) {
	t.Parallel()
	a, cfg, _ := watched(t)
	declareYellow(t, a)
	cosignedAll(t, a, a.entries(t))
	stop(t, a)
	db, err := bbolt.Open(filepath.Join(cfg.Data, journal.File), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("ledger.edge"))
		row := bytes.Clone(b.Get([]byte("edge")))
		row[8] ^= 1 // of the hash over the oldest entries
		return b.Put([]byte("edge"), row)
	})
	if shut := db.Close(); err != nil || shut != nil {
		t.Fatal(err, shut)
	}
	a, err = New(t.Context(), Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	eventually(t, "the witness speaks against it", func() bool {
		s := a.notary.Status()
		return s.Witnesses[0].Against
	})
	eventually(t, "the check says so", func() bool {
		for _, c := range a.watchman.Report().Checks {
			if c.Name == watch.Ledger {
				return c.State == watch.Failed
			}
		}
		return false
	})
	report, err := a.journal.Check(t.Context())
	if err != nil || report.OK || len(report.Problems) == 0 {
		t.Errorf("journal check finds nothing: %+v (%v)", report, err)
	}
}

// A restore loses what was recorded after the backup, and the witness has cosigned that. Nothing is signed then until somebody
// gives the record a new origin, as the check says; a witness that is told of its key cosigns it from the beginning.
func TestARestoredRecordGoesOnUnderANewOrigin(t *testing.T) {
	t.Parallel()
	a, was, w, logs := watchedBy(t)
	file := filepath.Join(t.TempDir(), "b.tar")
	backedUp(t, was, folder.BackupRequest{File: file})
	declareYellow(t, a)
	cosignedAll(t, a, a.entries(t))
	before, err := a.notary.Key()
	if err != nil {
		t.Fatal(err)
	}
	stop(t, a)

	cfg, _ := broughtBack(t, file)
	cfg.Ledger = was.Ledger
	a = start(t, Options{Config: cfg})
	check := func() (state watch.State, says string) {
		a.watchman.Look(t.Context())
		for _, c := range a.watchman.Report().Checks {
			if c.Name == watch.Ledger {
				return c.State, c.Detail("en")
			}
		}
		return "", ""
	}
	eventually(t, "the check says what to do", func() bool {
		state, says := check()
		return state == watch.Failed && strings.Contains(says, "qingkong ledger new-origin")
	})
	admin := service.Ask{Who: &access.Principal{User: "admin", Role: calls.Admin}}
	key, err := a.svc.NewLedgerOrigin(t.Context(), admin, calls.NewOrigin{Reason: "恢复备份，丢失一条预警"})
	if err != nil || key.Origin == before.Origin {
		t.Fatalf("%+v (%v)", key, err)
	}
	eventually(t, "the witness knows no such ledger", func() bool { return a.notary.Status().Witnesses[0].Trouble != nil })
	known, err := os.OpenFile(logs, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := known.WriteString("log " + key.VKey + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := known.Close(); err != nil {
		t.Fatal(err)
	}
	stop(t, a) // or it asks again in a minute
	a = start(t, Options{Config: cfg})
	eventually(t, "all is signed for under the new origin, cosigned, and well", func() bool {
		latest, err := a.notary.Latest(t.Context())
		state, _ := check()
		return err == nil && latest.Origin == key.Origin && state == watch.OK && len(latest.Cosignatures) == 1 &&
			strings.HasPrefix(w.VKey(), latest.Cosignatures[0].Name+"+")
	})
	id := declareYellow(t, a)
	r, err := a.svc.WarningReceipts(t.Context(), service.By("viewer"), calls.ByID{ID: id})
	if err != nil || r.Origin != key.Origin || r.VKey != key.VKey {
		t.Errorf("receipts are of %s (%v)", r.Origin, err)
	}
	prove(t, a)
}

// Two nodes have one ledger with one key: whoever leads signs, whoever is asked hands out receipts, and after the leader has
// gone the other goes on from what was signed.
func TestTwoNodesSignForOneLedger(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	a := h.node("a", repeatLate)
	importDemo(t, a, 64)
	b := h.node("b", repeatLate)
	id := declareYellow(t, a)
	receipts := func(n *App) calls.Receipts {
		t.Helper()
		var r calls.Receipts
		eventually(t, "receipts of "+n.journal.Node(), func() bool {
			var err error
			r, err = n.svc.WarningReceipts(t.Context(), service.By("viewer"), calls.ByID{ID: id})
			return err == nil && len(r.Items) > 0
		})
		return r
	}
	first := receipts(b)
	if on := receipts(a); on.VKey != first.VKey || on.Origin != first.Origin || first.Size < first.Items[len(first.Items)-1].Index {
		t.Errorf("%+v and %+v", on, first)
	}
	stop(t, a)
	if _, err := servicetest.AnswerOrder(t.Context(), b.svc, "E0001", "", notify.AnswerText{OrderID: id + "-E0001-1",
		Action: notify.Acknowledge}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other node signs", func() bool {
		latest, err := b.notary.Latest(t.Context())
		return err == nil && latest.N > first.Size && b.notary.Status().Lost == nil
	})
	if now := receipts(b); now.VKey != first.VKey || now.Size <= first.Size {
		t.Errorf("after the leader has gone: %+v", now)
	}
	prove(t, b)
}
