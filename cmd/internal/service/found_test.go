package service

import (
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// Rows that are damaged are told of: a finding whose order cannot be read is not one that there is not, and nothing is
// recorded of a case that cannot be read.
func TestDamagedRowsOfAFinding(t *testing.T) {
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	const id = "W20161216-01-E0001-F001"
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range append(compliance.Buckets(), notify.Buckets()...) {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		rows := map[string][2]string{
			"compliance.findings": {id, `{"id":"` + id + `","warning_id":"W20161216-01","recipient_id":"E0001",
				"order_id":"W20161216-01-E0001-1","verdict":"suspected","worst":"suspected"}`},
			"compliance.cases": {"W20161216-01\x00E0001", `{"order_id`},
			"notify.orders":    {"W20161216-01-E0001-1", `{"id`},
		}
		for bucket, row := range rows {
			if err := tx.Bucket([]byte(bucket)).Put([]byte(row[0]), []byte(row[1])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		who := &access.Principal{User: "town", Role: calls.Town, Town: "张家窝镇"}
		if _, err := new(Service).foundBy(tx, who, nil).get(id); err == nil || !strings.Contains(err.Error(), "W20161216-01-E0001-1") {
			t.Errorf("a finding whose order is damaged: %v", err)
		}
		explain := compliance.Explain{Finding: id, Recipient: "E0001", NoteHash: "h1"}
		if ev, _, err := compliance.DecideExplain(tx, explain); err == nil {
			t.Errorf("a finding whose case is damaged is explained: %+v", ev[0])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
