package telemetry

import (
	"reflect"
	"slices"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// Station is an instrument, or the logger before several, as the register has it.
type Station struct {
	MN        string            `json:"mn"` // its key, see [ValidMN]
	Name      string            `json:"name"`
	Recipient string            `json:"recipient_id"`         // who it belongs to
	ST        string            `json:"st,omitempty"`         // system code of its frames; empty: it sends none
	Version   hj212.Version     `json:"version,omitempty"`    // edition; 0 where it sends no frames
	Outlets   []Outlet          `json:"outlets,omitempty"`    //
	Tolerate  []hj212.Tolerance `json:"tolerate,omitempty"`   // what passes besides
	SM4       hj212.Mode        `json:"sm4,omitempty"`        // how its data come encrypted; empty is none
	Secret    Secret            `json:"secret,omitzero"`      // its password and key; none where it sends no frames
	MinuteMin int               `json:"minute_min,omitempty"` // minutes that its minute values (2051) stand for
	SampleS   int               `json:"sample_s,omitempty"`   // seconds between its samples (2011)
	Revision  int               `json:"revision"`             // 1 when it is registered
	Retired   bool              `json:"retired,omitempty"`    // it reports no more: what comes is of an unknown station
	AddedAt   time.Time         `json:"added_at,omitzero"`    //
	AddedBy   string            `json:"added_by,omitempty"`   //
	ChangedAt time.Time         `json:"changed_at,omitzero"`  // of the last revision
	ChangedBy string            `json:"changed_by,omitempty"` //
}

// Secret names password and key of a station, which are in the vault. Digest is a keyed hash of both and of the MN: it
// tells the same ones from others and gives neither away.
type Secret struct {
	Ref    string `json:"ref,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// Outlet is a stack, or what else a station looks at.
type Outlet struct {
	Name    string   `json:"name"`
	Factors []Factor `json:"factors,omitempty"`
	O2      *float64 `json:"o2,omitempty"` // reference oxygen in per cent, by which means are converted; nil: they are not
}

// Factor is what is measured there. A code stands once in a station.
type Factor struct {
	Code string `json:"code"`           // of HJ 212 (HJ 212-2017, appendix B), or the list's own word
	Unit string `json:"unit,omitempty"` // as the device sends it; empty is the usual one of the code
}

// Factor is the factor of a code and the outlet it is of; nil where the register does not name it.
func (s *Station) Factor(code string) (*Factor, *Outlet) {
	for i := range s.Outlets {
		o := &s.Outlets[i]
		for j := range o.Factors {
			if o.Factors[j].Code == code {
				return &o.Factors[j], o
			}
		}
	}
	return nil, nil
}

// SendsFrames reports whether the station speaks HJ 212. Any other sends readings as JSON.
func (s *Station) SendsFrames() bool { return s.ST != "" }

// same reports whether two stations are registered with the same content, whatever became of them since.
func (s *Station) same(other *Station) bool { return reflect.DeepEqual(s.content(), other.content()) }

// content is what a person registered, in one form: the reference of the secret is another each time.
func (s *Station) content() Station {
	c := Station{MN: s.MN, Name: s.Name, Recipient: s.Recipient, ST: s.ST, Version: s.Version, SM4: s.SM4,
		Secret: Secret{Digest: s.Secret.Digest}, MinuteMin: s.MinuteMin, SampleS: s.SampleS}
	if c.SM4 == hj212.None {
		c.SM4 = ""
	}
	c.Tolerate = append(c.Tolerate, s.Tolerate...)
	slices.Sort(c.Tolerate)
	for _, o := range s.Outlets {
		o.Factors = append([]Factor(nil), o.Factors...)
		c.Outlets = append(c.Outlets, o)
	}
	return c
}
