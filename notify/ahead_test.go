package notify

import (
	"reflect"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// A reader that reads ahead gives the events that are decided without it, chunk for chunk: also when a chunk is
// decided twice, is decided for another plan in between, or the program starts anew with nothing read.
func TestReadingAheadGivesWhatDecideRoundGives(t *testing.T) {
	db := newDB(t)
	now := time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
	version := loadList(t, db, now, manyRecipients(2500))
	reader := new(AheadReader)
	for _, p := range []*Round{benchPlan(version, "W20161216-01", now), benchPlan(version, "W20161216-02", now)} {
		fx := &discard{effects: newEffects()}
		begin := func(tx *bbolt.Tx) error { return p.start(tx, fx, nil) }
		if err := db.Update(begin); err != nil {
			t.Fatal(err)
		}
		total := 0
		for n := 1; ; n++ {
			done := compareReader(t, db, fx, reader, RoundChunk{p.Warning, n}, now)
			total += done.Issued
			if done.Done {
				break
			}
			switch n % 4 {
			case 2:
				reader = new(AheadReader)
			case 3:
				other := *p
				other.Level = alerts.Yellow
				reader.readOn(runKey{db, version.ID, other.Level, ""}, nil, false)
			}
		}
		if total != 2500 {
			t.Errorf("%d orders, want 2500", total)
		}
	}
}

// compareReader decides a chunk with the reader, again with it, and without it, and applies it.
func compareReader(t *testing.T, db *bbolt.DB, fx *discard, reader *AheadReader, in RoundChunk,
	now time.Time) (done ChunkDone) {
	t.Helper()
	err := db.Update(func(tx *bbolt.Tx) error {
		want, _, err := decideRound(tx, "system", in, now)
		if err != nil {
			return err
		}
		for range 2 {
			got, planned, err := reader.DecideRound(tx, "system", in, now)
			if err != nil {
				return err
			}
			if done = planned; !reflect.DeepEqual(got, want) {
				t.Errorf("chunk %d: %d events, want %d, or they differ", in.N, len(got), len(want))
			}
		}
		for i, ev := range want {
			if err := Apply(tx, fx, now, "system", Pos{Block: uint64(in.N), Off: uint32(i)}, ev); err != nil {
				return err
			}
		}
		return fx.save(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	return done
}
