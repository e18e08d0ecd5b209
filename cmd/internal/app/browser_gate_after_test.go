package app

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/ledger/bundle"
)

// failing is how probable a failure of the plant is taken to be, by a task there that nobody has done.
func (g *gateDay) failing(t *testing.T) float64 {
	t.Helper()
	var made calls.TaskView
	g.api(t, "duty", http.MethodPost, "/tasks", map[string]any{"recipient_id": g.recipient, "note": "示例",
		"due": g.day(t).Now.Add(48 * time.Hour)}, &made)
	if made.Rank == nil {
		t.Fatalf("a task without a rank: %+v", made)
	}
	g.api(t, "duty", http.MethodPost, "/tasks/"+made.ID, map[string]any{"state": "dropped", "reason": "示例"}, nil)
	return made.Rank.Failing
}

// follows is what comes after an inspection that failed: the officer sees it at once, the enterprise can answer it, a bundle
// with its photos proves it, and the plant's next task presses more than before.
func follows(t *testing.T, s *gateDay, before float64) {
	t.Helper()
	if after := s.failing(t); after <= before {
		t.Errorf("the plant fails with probability %v after an inspection that failed, %v before", after, before)
	}
	in := s.inspected(t)[0]
	var task calls.TaskView
	s.api(t, "duty", http.MethodGet, "/tasks/"+s.task, nil, &task)
	if task.State != compliance.TaskTaken || task.Assignee != "zhao" {
		t.Errorf("the task that was given to somebody else is %s of %s", task.State, task.Assignee)
	}
	theyRead(t, s)
	proved(t, s, &in)
}

// proved fails unless a bundle with personal content holds the inspection's files as they are, and verifies.
func proved(t *testing.T, s *gateDay, in *calls.InspectionView) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.host+calls.Prefix+"/ledger/bundle?order="+in.OrderID+
		"&personal=1&reason=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.accounts["inspector"].Token)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("the bundle: %s, %v", got.Status, err)
	}
	b, err := bundle.Open(strings.NewReader(string(text)), int64(len(text)))
	if err == nil {
		_, err = b.Verify(bundle.Keys{})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range slices.Concat(in.Items[0].Evidence, in.Evidence, []string{in.Signature.Image}) {
		if _, err := b.Read(bundle.Evidence + strings.TrimPrefix(hash, "sha256:")); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
	}
}
