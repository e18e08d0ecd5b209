package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/local"
)

// Each tenant has words for what is lost with it.
func TestTenantsHaveWords(t *testing.T) {
	for _, tenant := range localTenants() {
		if !refusal.Known(tenant.Lost) {
			t.Errorf("%s has no words for what is lost with it", tenant.Name)
		}
	}
}

// What the feeds have read is known after a restart, also where a program before this one kept it in a file of its own.
func TestTheFeedsProgressOutlivesARestart(t *testing.T) {
	t.Parallel()
	var asked, sent atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		sent.Add(1)
		fmt.Fprintf(w, `{"source":"web","region":"120111","issued_at":%q,"days":[{"date":%q,"aqi_low":180,"aqi_high":230}]}`,
			time.Now().Format(time.RFC3339), alerts.DateOf(time.Now()).AddDays(1))
	}))
	t.Cleanup(site.Close)
	cfg := alone(t)
	cfg.Feeds = []config.Feed{{Name: "web", Kind: "url", URL: site.URL + "/f.json", Schedule: "@every 1s", Format: "json",
		Source: "web"}}
	twice := func(a *App) {
		t.Helper()
		before := asked.Load()
		eventually(t, "two more questions", func() bool { return asked.Load() >= before+2 })
		stop(t, a)
		if n := sent.Load(); n != 1 {
			t.Fatalf("the same document was sent %d times", n)
		}
	}
	a := start(t, Options{Config: cfg})
	eventually(t, "the document is taken", func() bool { return !a.sources.Status()[0].TakenAt.IsZero() })
	twice(a)
	a = start(t, Options{Config: cfg})
	row, err := local.Rows{Store: a.local, Bucket: feedsRows}.Load("web")
	if err != nil || row == nil {
		t.Fatalf("%s, %v", row, err)
	}
	twice(a)
	// As an earlier program left it: the file of the feed, and no store.
	old := filepath.Join(cfg.Data, folder.Feeds, "web.json")
	if err := errors.Join(os.Remove(filepath.Join(cfg.Data, localFile)), os.WriteFile(old, row, 0o600)); err != nil {
		t.Fatal(err)
	}
	a = start(t, Options{Config: cfg})
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file is still there: %v", err)
	}
	twice(a)
}

// A damaged file of local data stops nothing: the program starts, says what was lost, and is ready again when that
// was seen to.
func TestADamagedLocalStoreStopsNothing(t *testing.T) {
	cfg := alone(t)
	if err := errors.Join(os.MkdirAll(cfg.Data, 0o700),
		os.WriteFile(filepath.Join(cfg.Data, localFile), []byte("hello"), 0o600)); err != nil {
		t.Fatal(err)
	}
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	ready := func() (status string, of map[string]string) {
		code, body := fetch(t, a, "/readyz")
		var got struct {
			Status string
			Checks []struct{ Name, State string }
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
			t.Fatalf("%d %s %v", code, body, err)
		}
		of = map[string]string{}
		for _, c := range got.Checks {
			of[c.Name] = c.State
		}
		return got.Status, of
	}
	if status, of := ready(); status != "degraded" || of["local"] != "degraded" {
		t.Errorf("%s %v", status, of)
	}
	declare(t, a)
	left, err := filepath.Glob(filepath.Join(cfg.Data, localFile+".damaged-*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("%q, %v", left, err)
	}
	if err := os.Remove(left[0]); err != nil {
		t.Fatal(err)
	}
	a.watchman.Look(t.Context())
	if status, of := ready(); status != "ready" || of["local"] != "ok" {
		t.Errorf("%s %v", status, of)
	}
	prove(t, a)
}
