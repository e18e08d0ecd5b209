package telemetry

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// RootHour is what an hour of reception left: the Merkle root over all frames and messages that were kept in it, of all
// stations in the order of reception. Hours are Beijing's, named by their start.
type RootHour struct {
	Hour   time.Time `json:"hour"`
	Root   string    `json:"root"`   // base64 of 32 bytes (RFC 6962)
	Frames int64     `json:"frames"` // leaves; 0 is allowed: nothing came
}

// DecideRootHour records an hour that is over. Hours are recorded in their order and never a second time with something
// else (conflict): one that was passed over stays out, for what came late is in a later one. The same again gives no
// event.
func DecideRootHour(tx *bbolt.Tx, in RootHour, now time.Time) ([]Event, RootHour, error) {
	if !in.Hour.Equal(in.Hour.Truncate(time.Hour)) {
		return nil, in, refusal.Wrong("hour", "telemetry.hour_whole", refusal.Args{"value": in.Hour})
	}
	if raw, err := base64.StdEncoding.DecodeString(in.Root); err != nil || len(raw) != 32 || in.Frames < 0 {
		return nil, in, refusal.Wrong("root", "telemetry.hour_root", nil)
	}
	if in.Hour.Add(time.Hour).After(now) {
		return nil, in, refusal.Wrong("hour", "telemetry.hour_runs", refusal.Args{"value": in.Hour, "now": now})
	}
	switch was, err := HourRoot(tx, in.Hour); {
	case err != nil:
		return nil, in, err
	case was != nil && was.Root == in.Root && was.Frames == in.Frames:
		return nil, *was, nil
	case was != nil:
		return nil, in, refusal.New(refusal.Conflict, "telemetry.hour_other", refusal.Args{"value": in.Hour})
	}
	last, found, err := LastHour(tx)
	if err != nil {
		return nil, in, err
	}
	if found && !in.Hour.After(last) {
		return nil, in, refusal.New(refusal.Conflict, "telemetry.hour_back", refusal.Args{"value": in.Hour, "last": last})
	}
	return []Event{HourRooted(in)}, in, nil
}

// HourRoot is what was recorded of an hour; nil for nothing.
func HourRoot(tx *bbolt.Tx, hour time.Time) (*RootHour, error) {
	row := tx.Bucket(bucketHours).Get(hourKey(hour))
	if row == nil {
		return nil, nil
	}
	h := new(RootHour)
	if err := json.Unmarshal(row, h); err != nil {
		return nil, fmt.Errorf("telemetry: hour %s: %w", hour, err)
	}
	return h, nil
}

// LastHour is the last hour that was recorded; false for none.
func LastHour(tx *bbolt.Tx) (hour time.Time, found bool, err error) {
	k, row := tx.Bucket(bucketHours).Cursor().Last()
	if k == nil {
		return hour, false, nil
	}
	var h RootHour
	if err := json.Unmarshal(row, &h); err != nil {
		return hour, false, fmt.Errorf("telemetry: the last hour: %w", err)
	}
	return h.Hour, true, nil
}

// hourKey sorts by time; no hour is before 1970.
func hourKey(hour time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(hour.Unix()/3600)) // #nosec G115 -- good until the year 491,000
}
