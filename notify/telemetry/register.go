package telemetry

import (
	"cmp"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

// usual gives a station the usual intervals where nobody said them.
func (s *Station) usual() {
	if s.SendsFrames() {
		s.MinuteMin, s.SampleS = cmp.Or(s.MinuteMin, UsualMinuteMin), cmp.Or(s.SampleS, UsualSampleS)
	}
}

// Change is another content of a registered station; what is nil stays. Revision is the one that the caller saw.
type Change struct {
	MN        string            `json:"mn"`
	Revision  int               `json:"revision"`
	Name      *string           `json:"name,omitempty"`
	Recipient *string           `json:"recipient_id,omitempty"`
	ST        *string           `json:"st,omitempty"`
	Version   *hj212.Version    `json:"version,omitempty"`
	Outlets   []Outlet          `json:"outlets,omitzero"`
	Tolerate  []hj212.Tolerance `json:"tolerate,omitzero"`
	SM4       *hj212.Mode       `json:"sm4,omitempty"`
	Secret    *Secret           `json:"secret,omitempty"`
	MinuteMin *int              `json:"minute_min,omitempty"`
	SampleS   *int              `json:"sample_s,omitempty"`
}

// Standing is a station's retirement, or its return; Revision is the one that the caller saw.
type Standing struct {
	MN       string `json:"mn"`
	Retired  bool   `json:"retired"`
	Revision int    `json:"revision"`
}

// Rules are what the register asks others of a registration. A nil one asks nothing.
type Rules struct {
	Units     Units
	Recipient func(tx *bbolt.Tx, id string) error // refuses who is no recipient of the list in force
	Erased    func(tx *bbolt.Tx, ref string) bool // whether the vault holds a secret no more
}

// DecideRegister adds a station. The same content again gives no event; another one of an MN that is registered is a
// conflict, for a change goes by revision, and so is a station that was retired.
func DecideRegister(tx *bbolt.Tx, rules Rules, in Station) ([]Event, *Station, error) {
	in.Revision, in.Retired = 1, false
	in.usual()
	if err := in.Check(rules.Units); err != nil {
		return nil, nil, err
	}
	switch was, err := ByMN(tx, in.MN); {
	case err != nil:
		return nil, nil, err
	case was == nil:
	case was.Retired:
		return nil, nil, refusal.New(refusal.Conflict, "telemetry.register_retired", refusal.Args{"mn": in.MN})
	case was.same(&in):
		return nil, was, nil
	default:
		return nil, nil, refusal.New(refusal.Conflict, "telemetry.registered",
			refusal.Args{"mn": in.MN, "revision": was.Revision})
	}
	if err := rules.owner(tx, &in); err != nil {
		return nil, nil, err
	}
	return []Event{StationRegistered{Station: in}}, &in, nil
}

// DecideChange gives a station another content. A change to what it is already gives no event, whatever the revision, but
// for a secret that was erased: the same one takes its place.
func DecideChange(tx *bbolt.Tx, rules Rules, in Change) ([]Event, *Station, error) {
	was, err := must(tx, in.MN)
	if err != nil {
		return nil, nil, err
	}
	is := in.of(was)
	if err := is.Check(rules.Units); err != nil {
		return nil, nil, err
	}
	switch {
	case was.Retired:
		return nil, nil, refusal.Transition("telemetry.change_retired", "retired", refusal.Args{"mn": in.MN})
	case was.same(&is) && !(in.Secret != nil && rules.erased(tx, was)):
		return nil, was, nil
	case in.Revision != was.Revision:
		return nil, nil, stale(was, in.Revision)
	}
	if is.Recipient != was.Recipient {
		if err := rules.owner(tx, &is); err != nil {
			return nil, nil, err
		}
	}
	is.Revision++
	return []Event{StationChanged{Station: is.recorded()}}, &is, nil
}

// DecideStanding retires a station, or takes it back into use. One that stands so already gives no event.
func DecideStanding(tx *bbolt.Tx, in Standing) ([]Event, *Station, error) {
	s, err := must(tx, in.MN)
	switch {
	case err != nil:
		return nil, nil, err
	case s.Retired == in.Retired:
		return nil, s, nil
	case in.Revision != s.Revision:
		return nil, nil, stale(s, in.Revision)
	}
	s.Retired = in.Retired
	s.Revision++
	if in.Retired {
		return []Event{StationRetired{MN: in.MN}}, s, nil
	}
	if err := room(tx, s); err != nil {
		return nil, nil, err
	}
	return []Event{StationReinstated{MN: in.MN}}, s, nil
}

// owner refuses a recipient that is none, or that has as many stations as one may have.
func (r Rules) owner(tx *bbolt.Tx, s *Station) error {
	if r.Recipient != nil {
		if err := r.Recipient(tx, s.Recipient); err != nil {
			return err
		}
	}
	return room(tx, s)
}

func (r Rules) erased(tx *bbolt.Tx, s *Station) bool {
	return s.Secret.Ref != "" && r.Erased != nil && r.Erased(tx, s.Secret.Ref)
}

func room(tx *bbolt.Tx, s *Station) error {
	all, err := OfRecipient(tx, s.Recipient)
	if err != nil {
		return err
	}
	n := 0
	for _, have := range all {
		if !have.Retired && have.MN != s.MN {
			n++
		}
	}
	if n >= MostStations {
		return refusal.Wrong("recipient_id", "telemetry.stations_many",
			refusal.Args{"recipient": s.Recipient, "limit": MostStations})
	}
	return nil
}

// of is a station as the change leaves it.
func (in *Change) of(was *Station) Station {
	s := *was
	set(&s.Name, in.Name)
	set(&s.Recipient, in.Recipient)
	set(&s.ST, in.ST)
	set(&s.Version, in.Version)
	set(&s.SM4, in.SM4)
	set(&s.Secret, in.Secret)
	set(&s.MinuteMin, in.MinuteMin)
	set(&s.SampleS, in.SampleS)
	if in.Outlets != nil {
		s.Outlets = in.Outlets
	}
	if in.Tolerate != nil {
		s.Tolerate = in.Tolerate
	}
	if was.SendsFrames() && !s.SendsFrames() {
		s = in.silenced(s)
	}
	s.usual()
	return s
}

// silenced is a station that sends no frames any more: what was said of them goes, but for what the change says itself,
// which is refused then.
func (in *Change) silenced(s Station) Station {
	quiet := s
	quiet.Version, quiet.Tolerate, quiet.SM4, quiet.Secret, quiet.MinuteMin, quiet.SampleS = 0, in.Tolerate, "", Secret{}, 0, 0
	set(&quiet.Version, in.Version)
	set(&quiet.SM4, in.SM4)
	set(&quiet.Secret, in.Secret)
	set(&quiet.MinuteMin, in.MinuteMin)
	set(&quiet.SampleS, in.SampleS)
	return quiet
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// recorded is a station without what the record says of an event itself.
func (s Station) recorded() Station {
	s.AddedAt, s.AddedBy, s.ChangedAt, s.ChangedBy = time.Time{}, "", time.Time{}, ""
	return s
}

func must(tx *bbolt.Tx, mn string) (*Station, error) {
	s, err := ByMN(tx, mn)
	if err == nil && s == nil {
		err = refusal.New(refusal.NotFound, "telemetry.no_station", refusal.Args{"mn": refusal.Shown(mn)})
	}
	return s, err
}

// Get is a station that is registered, or a not_found refusal.
func Get(tx *bbolt.Tx, mn string) (*Station, error) { return must(tx, mn) }

func stale(s *Station, given int) error {
	return refusal.New(refusal.StaleRevision, "telemetry.stale_revision",
		refusal.Args{"mn": s.MN, "given": given, "want": s.Revision})
}
