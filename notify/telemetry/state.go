package telemetry

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Key layout; all buckets are journaled.
//
//	telemetry.stations   MN                  -> station as JSON
//	telemetry.owners     recipient id | 0 | MN -> empty
//	telemetry.hours      hour since 1970, 4 bytes big-endian -> [RootHour] as JSON
//	telemetry.meta       "stations" -> how many are registered, retired ones too, 8 bytes big-endian
var (
	bucketStations = []byte("telemetry.stations")
	bucketOwners   = []byte("telemetry.owners")
	bucketHours    = []byte("telemetry.hours")
	bucketMeta     = []byte("telemetry.meta")

	countKey = []byte("stations")
)

// Buckets are the buckets of the register; all are journaled.
func Buckets() []string {
	return []string{string(bucketStations), string(bucketOwners), string(bucketHours), string(bucketMeta)}
}

// Apply writes what an event means. It depends on nothing but tx and its arguments, so live and replayed state are the
// same bytes.
func Apply(tx *bbolt.Tx, at time.Time, actor string, ev Event) error {
	switch ev := ev.(type) {
	case StationRegistered:
		s := ev.Station
		s.AddedAt, s.AddedBy = at, actor
		s.ChangedAt, s.ChangedBy = at, actor
		if err := tx.Bucket(bucketMeta).Put(countKey, binary.BigEndian.AppendUint64(nil, uint64(Count(tx)+1))); err != nil {
			return err
		}
		return put(tx, &s)
	case StationChanged:
		was, err := must(tx, ev.Station.MN)
		if err != nil {
			return err
		}
		if was.Recipient != ev.Station.Recipient {
			if err := tx.Bucket(bucketOwners).Delete(ownerKey(was.Recipient, was.MN)); err != nil {
				return err
			}
		}
		s := ev.Station
		s.AddedAt, s.AddedBy, s.ChangedAt, s.ChangedBy = was.AddedAt, was.AddedBy, at, actor
		return put(tx, &s)
	case StationRetired:
		return applyStanding(tx, at, actor, ev.MN, true)
	case StationReinstated:
		return applyStanding(tx, at, actor, ev.MN, false)
	case HourRooted:
		row, err := json.Marshal(ev)
		if err != nil {
			return err
		}
		return tx.Bucket(bucketHours).Put(hourKey(ev.Hour), row)
	}
	return fmt.Errorf("telemetry: cannot apply %T", ev)
}

func applyStanding(tx *bbolt.Tx, at time.Time, actor, mn string, retired bool) error {
	s, err := must(tx, mn)
	if err != nil {
		return err
	}
	s.Revision, s.Retired, s.ChangedAt, s.ChangedBy = s.Revision+1, retired, at, actor
	return put(tx, s)
}

func put(tx *bbolt.Tx, s *Station) error {
	row, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := tx.Bucket(bucketOwners).Put(ownerKey(s.Recipient, s.MN), nil); err != nil {
		return err
	}
	return tx.Bucket(bucketStations).Put([]byte(s.MN), row)
}

func ownerKey(recipient, mn string) []byte { return append(append([]byte(recipient), 0), mn...) }

// Row is a station as it is stored, for whoever keeps what was parsed of it; good for the transaction's life, nil for
// none.
func Row(tx *bbolt.Tx, mn string) []byte { return tx.Bucket(bucketStations).Get([]byte(mn)) }

// Parse reads a [Row].
func Parse(row []byte) (*Station, error) {
	s := new(Station)
	if err := json.Unmarshal(row, s); err != nil {
		return nil, fmt.Errorf("telemetry: a station's row is damaged: %w", err)
	}
	return s, nil
}

// ByMN is the station of an MN, a retired one too; nil for none.
func ByMN(tx *bbolt.Tx, mn string) (*Station, error) {
	row := Row(tx, mn)
	if row == nil {
		return nil, nil
	}
	return Parse(row)
}

// OfRecipient are the stations of a recipient, retired ones too, in the order of their MNs.
func OfRecipient(tx *bbolt.Tx, recipient string) (all []*Station, err error) {
	prefix := ownerKey(recipient, "")
	c := tx.Bucket(bucketOwners).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		s, err := must(tx, string(k[len(prefix):]))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Stations are at most limit stations in the order of their MNs, retired ones too, behind after; next is the last of
// them where there are more.
func Stations(tx *bbolt.Tx, after string, limit int) (page []*Station, next string, err error) {
	return Search(tx, after, limit, -1, func(*Station) bool { return true })
}

// Search is Stations of those that match, among the looked next ones at most; -1 looks at all. next is the last that was
// looked at where there are more, so that a page may have fewer than limit and not be the last.
func Search(tx *bbolt.Tx, after string, limit, looked int, match func(*Station) bool) (page []*Station, next string,
	err error) {
	c := tx.Bucket(bucketStations).Cursor()
	k, row := c.Seek([]byte(after))
	if after != "" && bytes.Equal(k, []byte(after)) {
		k, row = c.Next()
	}
	for ; k != nil; k, row = c.Next() {
		if len(page) == limit || looked == 0 {
			return page, next, nil
		}
		looked--
		next = string(k)
		s, err := Parse(row)
		if err != nil {
			return nil, "", err
		}
		if match(s) {
			page = append(page, s)
		}
	}
	return page, "", nil
}

// Count is how many stations are registered, retired ones too.
func Count(tx *bbolt.Tx) int {
	n := tx.Bucket(bucketMeta).Get(countKey)
	if n == nil {
		return 0
	}
	return int(binary.BigEndian.Uint64(n)) // #nosec G115 -- no register has so many
}
