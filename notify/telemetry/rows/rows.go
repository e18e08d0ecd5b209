// Package rows keeps readings by point and day, and how each station is. Both are made of what was received (package
// frames), in its order, and can be made anew from it for as long as that is kept.
//
// # Building
//
// A [Builder] is given what came once it is durable ([Builder.Apply]), and writes now and then what that makes of
// rows ([Builder.Flush]). What is not written yet is held in memory, within a limit, and reads see it. A file has the
// number of the last chunk that all of it includes ([Builder.Cursor]); after a crash what is behind is applied again.
// Rows take the same reading twice as once; the state of a station knows by itself up to where it goes. So the
// outcome is the same wherever a crash was.
//
// # Rows
//
// A row is a point and a day of Beijing. Bucket rows.minutes has a row for minutes (2051, 2111, messages) and another
// for samples (2011), of which the last of each minute is kept; the two never mix. Bucket rows.hours has a row with
// the hours and the day that the device sent, and the hours that its minutes make. A period has what came first. What
// came later and says something else stands beside it ([Entry.Others]): which is right is for others to judge. The
// device's hour stands before the one made of minutes, and its day before the one made of hours; [Entry.Source] tells
// them apart.
//
// Bucket rows.points has the points by name: rows are keyed by their numbers, which are not used again. Bucket
// rows.stations has the [State] of each registered station by MN, and rows.unknown the [Unknown] ones. Bucket rows.meta
// has the cursor.
//
// Times of reception are kept to the second.
package rows

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

var (
	pointsBucket   = []byte("rows.points")   // name -> see point.go
	minutesBucket  = []byte("rows.minutes")  // number of the point, 4 bytes, step, day, 2 bytes -> row
	hoursBucket    = []byte("rows.hours")    // number of the point, 4 bytes, day, 2 bytes -> row
	stationsBucket = []byte("rows.stations") // MN -> State
	unknownBucket  = []byte("rows.unknown")  // MN -> Unknown
	metaBucket     = []byte("rows.meta")
	metaKey        = []byte("meta")
)

// Buckets are those that this package keeps its rows in.
func Buckets() []string {
	return []string{string(pointsBucket), string(minutesBucket), string(hoursBucket), string(stationsBucket),
		string(unknownBucket), string(metaBucket), string(passesBucket)}
}

// Version is that of the form of all rows. Another one has them dropped and made anew.
const Version = 1

// Store is the file of the rows.
type Store interface {
	View(fn func(tx *bbolt.Tx) error) error
	// Update is durable once it returns nil. It may call fn more than once, one call at a time, and an error may leave it
	// unknown whether the update was or will be kept; then fn may still be called.
	Update(ctx context.Context, fn func(tx *bbolt.Tx) error) error
}

// Options are what a [Builder] goes by. What is 0 is as in [Defaults], or else must be there.
type Options struct {
	Store   Store
	Station func(mn string) *telemetry.Station                 // the register; nil for one that it has not
	Cipher  func(st *telemetry.Station) (*hj212.Cipher, error) // of one that encrypts; nil: none does
	// Raw reads what came before. It is called by Apply, within a transaction of Store: whoever applies holds no transaction
	// of the store that Raw reads, since a second one of the same goroutine can wait for ever behind its writer.
	Raw func(ref frames.Ref) (telemetry.Received, error)

	Readings readings.Options

	Held    int           // readings that are held until they are written
	Points  int           // of a station, beside those that the register names
	Minutes time.Duration // that minutes and samples are kept
	Hours   time.Duration // that hours and days are kept, and what a station was
	Late    time.Duration // after the end of its period from which on a reading came late
}

// Defaults are the usual limits.
var Defaults = Options{Held: 200_000, Points: 300, Minutes: 60 * 24 * time.Hour, Hours: 400 * 24 * time.Hour,
	Late: 15 * time.Minute}

func (o Options) filled() Options {
	set := func(n *int, usual int) {
		if *n == 0 {
			*n = usual
		}
	}
	of := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&o.Held, Defaults.Held)
	set(&o.Points, Defaults.Points)
	of(&o.Minutes, Defaults.Minutes)
	of(&o.Hours, Defaults.Hours)
	of(&o.Late, Defaults.Late)
	return o
}

// The errors of a [Builder], beside those of its store.
var (
	// ErrFull is why nothing is applied before what is held is written.
	ErrFull = errors.New("rows: too much is held that is not written yet")
	// ErrLost is why nothing is written: the store is not the one that the builder began with, for its file was lost
	// and is begun anew, empty. All rows are to be made again.
	ErrLost = errors.New("rows: the file was lost while it was in use")
	// ErrRange is why nothing is read of so long a time at once.
	ErrRange = errors.New("rows: the time asked for is too long")
)

// day counts days of Beijing from 1970 on.
type day uint16

const maxDay = 1<<16 - 1

var beijingOffset = int64(8 * 3600)

// dayOf is the day of a time, and the second in it; false for a time that no row is for.
func dayOf(t time.Time) (d day, second int, ok bool) {
	s := t.Unix() + beijingOffset
	if s < 0 || s/86400 > maxDay {
		return 0, 0, false
	}
	return day(s / 86400), int(s % 86400), true
}

// start is when a day begins.
func (d day) start() time.Time {
	return time.Unix(int64(d)*86400-beijingOffset, 0).In(hj212.Beijing)
}

func minutesKey(number uint32, step telemetry.Step, d day) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 7), number)
	return binary.BigEndian.AppendUint16(append(b, byte(step)), uint16(d))
}

func hoursKey(number uint32, d day) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 6), number)
	return binary.BigEndian.AppendUint16(b, uint16(d))
}

// lasts is how long the period of a reading is; 0 of a moment.
func lasts(step telemetry.Step, span int) time.Duration {
	switch step {
	case telemetry.Minute:
		return time.Duration(max(span, 1)) * time.Minute
	case telemetry.Hour:
		return time.Hour
	case telemetry.Day:
		return 24 * time.Hour
	}
	return 0
}
