package reductionlist

import "qingkong/alerts"

// Expected is what the list asks an instrument to report: by it a measure of a recipient is watched. Ref and Factor are
// what names the quantity: an MN with the code of a factor, or the number of a meter, a scale or a gate, with a factor
// or without one. Several measures may ask for the same.
type Expected struct {
	Recipient string
	Measure   string
	Levels    []alerts.Level
	Source    Source
	Ref       string
	Factor    string
	Criterion Criterion
}

// ExpectedOf is what the list expects of the instruments of a recipient, in the order of its measures. A camera reports
// nothing that is measured, and a monitor without a ref names no instrument: neither is expected.
func ExpectedOf(r *Recipient) (all []Expected) {
	for i := range r.Measures {
		m := &r.Measures[i]
		for _, o := range m.Monitors {
			if o.Source != Video && o.Ref != "" {
				all = append(all, Expected{Recipient: r.ID, Measure: m.ID, Levels: m.Levels, Source: o.Source, Ref: o.Ref,
					Factor: o.Factor, Criterion: o.Criterion})
			}
		}
	}
	return all
}
