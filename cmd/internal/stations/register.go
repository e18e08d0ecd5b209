package stations

import (
	"bytes"
	"crypto/subtle"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Known is what the register says of a station.
type Known struct {
	Station  *telemetry.Station
	Password string
	Cipher   *hj212.Cipher // nil where nothing comes encrypted
	Trouble  error         // why password or key cannot be read: no frame is taken then

	options hj212.Options
}

// Register says what stations there are. Its methods may be called from any goroutine, for each frame that comes.
type Register interface {
	// Station is the station of an MN, nil for none; a retired one too.
	Station(mn string) (*Known, error)
}

// Secrets gives the password and the SM4 key of a station; the key is nil where nothing comes encrypted.
type Secrets func(st *telemetry.Station) (password string, key []byte, err error)

// Record is the register as the record has it. What was read is kept until the record goes on and the station's row is
// another.
type Record struct {
	View    func(fn func(tx *bbolt.Tx) error) error
	Height  func() uint64 // of the record
	Secrets Secrets

	mu sync.RWMutex
	of map[string]*entry
}

// entry is a station as it was read last. It is never changed.
type entry struct {
	row    []byte
	height uint64 // of the record, before which it was looked at
	opened time.Time
	known  *Known
}

// secretsFor is how long secrets are used that were read; those that were erased leave the station's row as it is.
const secretsFor = 10 * time.Second

// Station implements [Register].
func (r *Record) Station(mn string) (*Known, error) {
	height := r.Height()
	r.mu.RLock()
	e := r.of[mn]
	r.mu.RUnlock()
	if e != nil && e.height == height {
		return e.known, nil
	}
	return r.read(mn, e, height)
}

// read looks a station up, of which e was read last; nil for nothing. The height is that from before the look: an entry is
// never taken for newer than it is. Nobody waits for the look, and what is nobody's is not kept: anybody may name any MN.
func (r *Record) read(mn string, e *entry, height uint64) (*Known, error) {
	var row []byte
	var st *telemetry.Station
	err := r.View(func(tx *bbolt.Tx) (err error) {
		if row = telemetry.Row(tx, mn); row == nil || e != nil && bytes.Equal(row, e.row) {
			return nil
		}
		row = bytes.Clone(row)
		st, err = telemetry.Parse(row)
		return err
	})
	now := time.Now()
	switch {
	case err != nil:
		return nil, err
	case row == nil && e == nil:
		return nil, nil
	case row == nil:
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.of, mn)
		return nil, nil
	case st == nil && now.Sub(e.opened) < secretsFor:
		r.keep(mn, &entry{e.row, height, e.opened, e.known})
		return e.known, nil
	case st == nil:
		row, st = e.row, e.known.Station
	}
	known := &Known{Station: st}
	known.Trouble = known.open(r.Secrets)
	r.keep(mn, &entry{row, height, now, known.ready()})
	return known, nil
}

// keep has an entry for later looks, unless another look has a newer one.
func (r *Record) keep(mn string, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]*entry{}
	}
	if now := r.of[mn]; now == nil || now.height <= e.height {
		r.of[mn] = e
	}
}

func (k *Known) open(secrets Secrets) error {
	if !k.Station.SendsFrames() {
		return nil
	}
	password, key, err := secrets(k.Station)
	if err != nil {
		return err
	}
	k.Password = password
	if k.Station.SM4 != "" {
		k.Cipher, err = hj212.NewCipher(k.Station.SM4, key)
	}
	return err
}

// ready has the options by which the station's frames are read.
func (k *Known) ready() *Known {
	k.options = hj212.Options{Version: k.Station.Version, Tolerate: k.Station.Tolerate, Cipher: k.Cipher}
	return k
}

// Why a good frame is not taken.
const (
	whyUnregistered = "unregistered"
	whyRetired      = "retired"
	whyNoFrames     = "no_frames" // the station is registered without a system code: it sends readings, no frames
	whyPassword     = "password"
	whyNoMN         = "no_mn"
	whyRegister     = "register" // what the register says cannot be read now
	whyGuesses      = "guesses"  // so many wrong passwords came for the MN that none is compared now
	whyOther        = "other_mn" // beside a wrong password: another station's line named this one
)

// refuses says why a good frame is not taken of its station; "" where it is.
func refuses(k *Known, f *hj212.Frame) string {
	switch {
	case f.MN == "":
		return whyNoMN
	case k == nil:
		return whyUnregistered
	case k.Station.Retired:
		return whyRetired
	case !k.Station.SendsFrames():
		return whyNoFrames
	case k.Trouble != nil:
		return whyRegister
	case subtle.ConstantTimeCompare([]byte(f.PW), []byte(k.Password)) != 1:
		return whyPassword
	}
	return ""
}
