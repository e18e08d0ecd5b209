package app

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
)

// What was read before the program was stopped is in the record when it is up again.
func TestReadsAreRecordedAtTheEnd(t *testing.T) {
	opt := Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true}}
	a := start(t, opt)
	secrets, err := os.ReadFile(filepath.Join(opt.Config.Data, folder.DemoCredentials))
	if err != nil {
		t.Fatal(err)
	}
	var creds map[string]demo.Credential
	if err := json.Unmarshal(secrets, &creds); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+a.Addr().HTTP+"/api/v1/recipients/E0001/papers/plan", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+creds["duty"].Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", resp.Status, err)
	}
	stop(t, a)
	a = start(t, opt)
	view(t, a, func(tx *bbolt.Tx) error {
		seen, _, err := access.ListSeen(tx, "E0001", "duty", "", 10)
		if err != nil || len(seen) != 1 || seen[0].Reads[0].Count != 1 {
			t.Errorf("recorded: %+v, %v", seen, err)
		}
		return nil
	})
	prove(t, a)
}
