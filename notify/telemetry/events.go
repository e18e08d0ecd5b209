package telemetry

import (
	"encoding/json"
	"fmt"
)

// Event is one fact to be recorded.
type Event = interface{ Kind() string }

// Subject is what an event concerns.
type Subject = struct{ Kind, ID, Change string }

// AboutStation is what events of this package concern: a station.
const AboutStation = "station"

// StationRegistered says that a station was registered, and all of it.
type StationRegistered struct {
	Station Station `json:"station"`
}

// StationChanged says all of a station as it is from then on.
type StationChanged struct {
	Station Station `json:"station"`
}

// StationRetired says that a station reports no more. All that it reported stays.
type StationRetired struct {
	MN string `json:"mn"`
}

// StationReinstated says that a retired station reports again.
type StationReinstated struct {
	MN string `json:"mn"`
}

// HourRooted fixes what was received in an hour.
type HourRooted RootHour

// Kind names the event in the record.
func (StationRegistered) Kind() string { return "telemetry.station_registered" }

// Kind names the event in the record.
func (StationChanged) Kind() string { return "telemetry.station_changed" }

// Kind names the event in the record.
func (StationRetired) Kind() string { return "telemetry.station_retired" }

// Kind names the event in the record.
func (StationReinstated) Kind() string { return "telemetry.station_reinstated" }

// Kind names the event in the record.
func (HourRooted) Kind() string { return "telemetry.hour_rooted" }

var decoders = map[string]func([]byte) (Event, error){
	StationRegistered{}.Kind(): decode[StationRegistered],
	StationChanged{}.Kind():    decode[StationChanged],
	StationRetired{}.Kind():    decode[StationRetired],
	StationReinstated{}.Kind(): decode[StationReinstated],
	HourRooted{}.Kind():        decode[HourRooted],
}

// Decode reads an event back from the record. An unknown kind is an error.
func Decode(kind string, data []byte) (Event, error) {
	if read := decoders[kind]; read != nil {
		return read(data)
	}
	return nil, fmt.Errorf("telemetry: unknown event kind %q", kind)
}

func decode[T Event](data []byte) (Event, error) {
	var ev T
	if err := json.Unmarshal(data, &ev); err != nil {
		return nil, fmt.Errorf("telemetry: decode %s: %w", ev.Kind(), err)
	}
	return ev, nil
}

// Quiet are the kinds that concern nobody.
func Quiet() []string { return []string{HourRooted{}.Kind()} }

// About says whom an event of another kind concerns.
func About(ev Event) []Subject {
	of := func(mn, change string) []Subject { return []Subject{{Kind: AboutStation, ID: mn, Change: change}} }
	switch ev := ev.(type) {
	case StationRegistered:
		return of(ev.Station.MN, "registered")
	case StationChanged:
		return of(ev.Station.MN, "changed")
	case StationRetired:
		return of(ev.MN, "retired")
	case StationReinstated:
		return of(ev.MN, "reinstated")
	}
	return nil
}
