package compliance

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify/compliance/judge"
)

// HourSum is what all monitors of all live orders showed of an hour, when its data could be waited for no longer. The root
// is that of the Merkle tree (RFC 6962) over the results as [Leaf] writes them, in the order of their bytes.
type HourSum struct {
	Hour   time.Time `json:"hour"`
	Orders int       `json:"orders"`
	Pass   int       `json:"pass"`
	Fail   int       `json:"fail"`
	NoData int       `json:"no_data"`
	Tagged int       `json:"tagged"`
	Root   string    `json:"root"` // base64 of 32 bytes
}

// Add counts a result.
func (s *HourSum) Add(r judge.Result) {
	switch r {
	case judge.Pass:
		s.Pass++
	case judge.Fail:
		s.Fail++
	case judge.NoData:
		s.NoData++
	case judge.Tagged:
		s.Tagged++
	}
}

// Leaf is a result as the root of its hour has it: lines, each ended by LF, of "qingkong.judged/1", the warning, the
// recipient, the measure, the source, the ref, the factor, the criterion's kind and ordinal, the start of the hour or the day,
// the result, and the number measured and the limit, empty where there is none.
func Leaf(warning, recipient string, k Key, o *judge.Outcome) []byte {
	b := make([]byte, 0, 200)
	for _, s := range []string{"qingkong.judged/1", warning, recipient, k.Measure, string(k.Source), k.Ref, k.Factor,
		string(k.Kind) + " " + strconv.Itoa(k.Ordinal), o.At.In(alerts.Shanghai()).Format(time.RFC3339), o.Result.String()} {
		b = append(append(b, s...), '\n')
	}
	if o.Has {
		b = strconv.AppendFloat(b, o.Measured, 'g', -1, 64)
	}
	b = append(b, '\n')
	if o.Held {
		b = strconv.AppendFloat(b, o.Limit, 'g', -1, 64)
	}
	return append(b, '\n')
}

// RootOf is the root over leaves in base64.
func RootOf(leaves [][]byte) (string, error) {
	stored, err := TreeOf(leaves)
	if err != nil {
		return "", err
	}
	root, err := tlog.TreeHash(int64(len(leaves)), stored)
	return base64.StdEncoding.EncodeToString(root[:]), err
}

// TreeOf is the tree over leaves, from which any of them can be proved.
func TreeOf(leaves [][]byte) (tlog.HashReader, error) {
	var stored hashes
	for i, leaf := range leaves {
		more, err := tlog.StoredHashes(int64(i), leaf, stored)
		if err != nil {
			return nil, err
		}
		stored = append(stored, more...)
	}
	return stored, nil
}

// hashes reads stored hashes back.
type hashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, k := range at {
		out[i] = h[k]
	}
	return out, nil
}

func hourKey(hour time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(hour.Unix()/3600)) // #nosec G115 -- hours of this century
}

// LastHour is the last hour that was summed; zero for none.
func LastHour(tx *bbolt.Tx) time.Time {
	k, _ := tx.Bucket(hoursBucket).Cursor().Last()
	if k == nil {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint32(k))*3600, 0).In(alerts.Shanghai())
}

// DecideSumHour records what an hour showed; once, and hours in their order. An hour that is not over is invalid.
func DecideSumHour(tx *bbolt.Tx, in HourSum, now time.Time) ([]Event, HourSum, error) {
	if in.Hour.Add(time.Hour).After(now) || !in.Hour.Equal(in.Hour.Truncate(time.Hour)) {
		return nil, in, refusal.Wrong("hour", "finding.hour_runs", refusal.Args{"value": in.Hour})
	}
	if !in.Hour.After(LastHour(tx)) {
		return nil, in, nil
	}
	ev := HourSummed(in)
	return []Event{&ev}, in, nil
}

// GetHour is what an hour showed; the zero one where it was not summed.
func GetHour(tx *bbolt.Tx, hour time.Time) (sum HourSum, err error) {
	_, err = get(tx, hoursBucket, hourKey(hour), &sum)
	return sum, err
}
