package notify

import (
	"crypto/sha256"
	"encoding/json"
	"strconv"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// target is what a round needs of one recipient of the list at one level.
type target struct {
	reductionlist.Due
	measures json.RawMessage // the measures member of its order
	digest   digest          // of them; zero where there are none
	lines    string          // how the order's text words them
}

// targets reads the next page of recipients of a list version, in the order of their ids. An empty next is the end.
func targets(tx *bbolt.Tx, version string, level alerts.Level, after string, limit int) (page []target, next string,
	err error) {
	recipients, next, err := reductionlist.ScanDue(tx, version, level, after, limit)
	if err != nil {
		return nil, "", err
	}
	page = make([]target, len(recipients))
	for i := range recipients {
		page[i] = targetOf(recipients[i])
	}
	return page, next, nil
}

func targetOf(d reductionlist.Due) target {
	if len(d.Measures) == 0 {
		return target{Due: d}
	}
	measures := measuresJSON(d.Measures, nil)
	return target{Due: d, measures: measures, digest: digestOf(measures), lines: lines(d.Measures)}
}

// measuresJSON is the measures member of an order (contract.md §3), compact; days are those of the measures of which a
// plan spreads the quantity over days, by id.
func measuresJSON(measures []reductionlist.Measure, days map[string][]plant.QuantityDay) json.RawMessage {
	return appendList(make([]byte, 0, 512*len(measures)), measures, func(b []byte, m *reductionlist.Measure) []byte {
		return appendMeasure(b, m, days[m.ID])
	})
}

// appendMeasure appends a measure; days are how its quantity is spread over the days of a plan.
func appendMeasure(b []byte, m *reductionlist.Measure, days []plant.QuantityDay) []byte {
	b = appendMember(b, `{"id":`, m.ID)
	b = appendMember(b, `,"text":`, m.Text)
	b = appendMember(b, `,"unit":`, m.Unit)
	b = appendMember(b, `,"action":`, string(m.Action))
	if q := m.Quantity; q == nil {
		b = append(b, `,"quantity":null`...)
	} else {
		b = appendMember(b, `,"quantity":{"kind":`, string(q.Kind))
		b = appendNumber(append(b, `,"value":`...), q.Value)
		b = append(appendDays(appendMember(b, `,"unit":`, q.Unit), days), '}')
	}
	b = appendNumber(append(b, `,"complete_within_h":`...), m.CompleteWithinH)
	b = appendMember(b, `,"responsible":`, m.Responsible)
	b = appendList(append(b, `,"monitor":`...), m.Monitors, func(b []byte, o *reductionlist.Monitor) []byte {
		b = appendMember(b, `{"source":`, string(o.Source))
		b = appendMember(b, `,"ref":`, o.Ref)
		b = appendMember(b, `,"factor":`, o.Factor)
		return append(appendMember(b, `,"criterion":`, o.Criterion.String()), '}')
	})
	b = appendStrings(append(b, `,"evidence":`...), m.Evidence)
	b = appendNumber(append(b, `,"reduction_t_per_day":{"so2":`...), m.Reduction.SO2)
	b = appendNumber(append(b, `,"nox":`...), m.Reduction.NOx)
	b = appendNumber(append(b, `,"pm":`...), m.Reduction.PM)
	b = appendNumber(append(b, `,"vocs":`...), m.Reduction.VOCs)
	return append(b, '}', '}')
}

func appendNumber(b []byte, f float64) []byte { return strconv.AppendFloat(b, f, 'g', -1, 64) }

// digestOf stands for a content. The zero digest means "none", which no content has in practice.
func digestOf(content []byte) (d digest) {
	sum := sha256.Sum256(content)
	copy(d[:], sum[:])
	return d
}
