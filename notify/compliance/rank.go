package compliance

import (
	"math"

	"qingkong/notify/compliance/judge"
)

// RankWeights say what makes a task press. No text fixes them ([?] in domain.md): they are settings, and an answer shows them
// with what they are applied to.
type RankWeights struct {
	Saving  float64 `json:"saving"`  // of each tonne a day that the order saves and that is probably not saved
	NoData  float64 `json:"no_data"` // of a recipient of whom nothing is known
	Nearby  float64 `json:"nearby"`  // of a place that is no way at all; half of it at Halfway
	Halfway float64 `json:"halfway_km"`

	Violated  float64 `json:"violated"`  // how probable a failure is by the verdict, from 0 to 1
	Suspected float64 `json:"suspected"` //
	Unknown   float64 `json:"unknown"`   // by no data
	Otherwise float64 `json:"otherwise"`
	History   float64 `json:"history"` // how far the share of earlier warnings that were violated closes the gap to certainty
	Found     float64 `json:"found"`   // how far what inspectors found there moves it towards the share of failed inspections
}

// UsualWeights are the usual ones.
var UsualWeights = RankWeights{Saving: 1, NoData: 0.5, Nearby: 0.1, Halfway: 5,
	Violated: 0.9, Suspected: 0.6, Unknown: 0.3, Otherwise: 0.1, History: 0.5, Found: 0.5}

// Pressing is what is known of a task when it is ranked.
type Pressing struct {
	AtStake  float64       // what the order saves, in tonnes a day of all pollutants
	Verdict  judge.Verdict // of the order
	Judged   int           // earlier warnings in which the recipient was judged
	Violated int           // of them, those that it violated
	Visits   int           // latest inspections there that came to a result
	Failed   int           // of them, those that failed
	NoData   float64       // share of the recipient's monitors of which nothing is known, from 0 to 1
	Distance *float64      // km; nil where a position is not known
}

// Rank is why a task stands where it stands. Score is Saving × AtStake × Failing + NoData × share without data + what being
// near is worth.
type Rank struct {
	Score    float64     `json:"score"`
	AtStake  float64     `json:"at_stake_t_per_day"` // what the order saves
	Failing  float64     `json:"failing"`            // how probable a failure is, from 0 to 1
	NoData   float64     `json:"no_data_share"`      // from 0 to 1
	Visits   int         `json:"inspections"`        // latest ones that came to a result
	Failed   int         `json:"inspections_failed"` // of them
	Distance *float64    `json:"distance_km"`        // from the task of that day before it, or the district's office
	Weights  RankWeights `json:"weights"`
}

// RankOf ranks a task; it depends on nothing else.
func RankOf(p Pressing, w RankWeights) Rank {
	r := Rank{AtStake: p.AtStake, NoData: p.NoData, Visits: p.Visits, Failed: p.Failed, Distance: p.Distance, Weights: w}
	switch p.Verdict {
	case judge.Violated:
		r.Failing = w.Violated
	case judge.Suspected:
		r.Failing = w.Suspected
	case judge.Unknown:
		r.Failing = w.Unknown
	default:
		r.Failing = w.Otherwise
	}
	if p.Judged > 0 {
		r.Failing += (1 - r.Failing) * w.History * float64(p.Violated) / float64(p.Judged)
	}
	if p.Visits > 0 {
		r.Failing += w.Found * (float64(p.Failed)/float64(p.Visits) - r.Failing)
	}
	r.Score = w.Saving*p.AtStake*r.Failing + w.NoData*p.NoData
	if p.Distance != nil && w.Halfway > 0 {
		r.Score += w.Nearby * w.Halfway / (w.Halfway + *p.Distance)
	}
	return r
}

// Place is a position in degrees; the zero value is not known.
type Place struct{ Lon, Lat float64 }

// To is the distance to another place in km along a great circle; nil where one is not known.
func (p Place) To(q Place) *float64 {
	if p == (Place{}) || q == (Place{}) {
		return nil
	}
	const earth = 6371 // km
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	lat, lon := math.Sin(rad(q.Lat-p.Lat)/2), math.Sin(rad(q.Lon-p.Lon)/2)
	h := lat*lat + math.Cos(rad(p.Lat))*math.Cos(rad(q.Lat))*lon*lon
	km := 2 * earth * math.Asin(math.Sqrt(min(h, 1)))
	return &km
}
