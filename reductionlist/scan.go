package reductionlist

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// Due is what an order needs of a recipient at one level.
type Due struct {
	ID, Name, Town, Sector string
	Grade                  Grade
	Measures               []Measure // as [MeasuresAt] gives them; without notes
}

// DueOf is what an order needs of r at level.
func DueOf(r *Recipient, level alerts.Level) Due {
	return Due{ID: r.ID, Name: r.Name, Town: r.Town, Sector: r.Sector(), Grade: r.Grade, Measures: MeasuresAt(r, level)}
}

// ScanDue is [ScanRecipients] for what orders need: of a row it reads nothing else, which takes a tenth of the time.
func ScanDue(tx *bbolt.Tx, version string, level alerts.Level, afterID string, limit int) (page []Due, next string,
	err error) {
	page = make([]Due, 0, limit)
	for s := rowsAfter(tx, version, afterID); s.ID != ""; s.Next() {
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		d, err := readDue(s.Data, level)
		if err != nil {
			return nil, "", fmt.Errorf("reductionlist: row %q: %w", s.Key, err)
		}
		page = append(page, d)
	}
	return page, "", nil
}

// readDue reads a row as canonical writes it. A row that it cannot read is left to encoding/json.
func readDue(data []byte, level alerts.Level) (Due, error) {
	var r Recipient
	s := scanner{rest: string(data)} // one copy, of which every text is a part
	if s.recipient(&r); s.failed || s.rest != "" {
		r = Recipient{}
		if err := json.Unmarshal(data, &r); err != nil {
			return Due{}, err
		}
	}
	return DueOf(&r, level), nil
}

// scanner reads compact JSON from the front of a text. It admits less than JSON and then fails: the reader that admits
// all of it is encoding/json.
type scanner struct {
	rest   string
	failed bool
}

func (s *scanner) recipient(r *Recipient) {
	s.object(func(key string) {
		switch key {
		case "id":
			r.ID = s.text()
		case "type":
			r.Type = Type(s.text())
		case "name":
			r.Name = s.text()
		case "town":
			r.Town = s.text()
		case "industry":
			r.Industry = s.text()
		case "grade":
			r.Grade = Grade(s.text())
		case "measures":
			r.Measures = make([]Measure, 0, 8)
			s.array(func() {
				r.Measures = append(r.Measures, Measure{})
				s.measure(&r.Measures[len(r.Measures)-1])
			})
		default:
			s.skip()
		}
	})
}

func (s *scanner) measure(m *Measure) {
	s.object(func(key string) {
		switch key {
		case "id":
			m.ID = s.text()
		case "levels":
			m.Levels = make([]alerts.Level, 0, 4)
			s.array(func() { m.Levels = append(m.Levels, alerts.Level(s.text())) })
		case "unit":
			m.Unit = s.text()
		case "action":
			m.Action = Action(s.text())
		case "text":
			m.Text = s.text()
		case "quantity":
			m.Quantity = new(Quantity)
			s.quantity(m.Quantity)
		case "complete_within_h":
			m.CompleteWithinH = s.number()
		case "responsible":
			m.Responsible = s.text()
		case "monitor":
			m.Monitors = make([]Monitor, 0, 2)
			s.array(func() {
				m.Monitors = append(m.Monitors, Monitor{})
				s.monitor(&m.Monitors[len(m.Monitors)-1])
			})
		case "evidence":
			m.Evidence = make([]string, 0, 4)
			s.array(func() { m.Evidence = append(m.Evidence, s.text()) })
		case "reduction_t_per_day":
			s.amounts(&m.Reduction)
		default:
			s.skip()
		}
	})
}

func (s *scanner) quantity(q *Quantity) {
	s.object(func(key string) {
		switch key {
		case "kind":
			q.Kind = QuantityKind(s.text())
		case "value":
			q.Value = s.number()
		case "unit":
			q.Unit = s.text()
		default:
			s.skip()
		}
	})
}

func (s *scanner) monitor(m *Monitor) {
	s.object(func(key string) {
		switch key {
		case "source":
			m.Source = Source(s.text())
		case "ref":
			m.Ref = s.text()
		case "factor":
			m.Factor = s.text()
		case "criterion":
			if err := m.Criterion.UnmarshalText([]byte(s.text())); err != nil {
				s.failed = true
			}
		default:
			s.skip()
		}
	})
}

func (s *scanner) amounts(a *Amounts) {
	s.object(func(key string) {
		switch key {
		case "so2":
			a.SO2 = s.number()
		case "nox":
			a.NOx = s.number()
		case "pm":
			a.PM = s.number()
		case "vocs":
			a.VOCs = s.number()
		default:
			s.skip()
		}
	})
}

// take reads one byte that has to stand next.
func (s *scanner) take(c byte) {
	if s.next() != c {
		s.failed = true
		return
	}
	s.rest = s.rest[1:]
}

// next is the byte that stands next, 0 at the end or after a failure.
func (s *scanner) next() byte {
	if s.failed || s.rest == "" {
		return 0
	}
	return s.rest[0]
}

// object calls member at each value of an object; it has to read or skip it.
func (s *scanner) object(member func(key string)) {
	s.several('{', '}', func() {
		key := s.text()
		s.take(':')
		member(key)
	})
}

// array calls element at each value of an array; it has to read or skip it.
func (s *scanner) array(element func()) { s.several('[', ']', element) }

// several calls each at what commas part between two brackets.
func (s *scanner) several(begin, end byte, each func()) {
	s.take(begin)
	if s.next() == end {
		s.take(end)
		return
	}
	for !s.failed {
		if each(); s.next() != ',' {
			s.take(end)
			return
		}
		s.take(',')
	}
}

// text reads a string. A string with escapes is left to encoding/json.
func (s *scanner) text() string {
	s.take('"')
	if s.failed {
		return ""
	}
	end := strings.IndexByte(s.rest, '"')
	if end < 0 {
		s.failed = true
		return ""
	}
	t := s.rest[:end]
	if strings.IndexByte(t, '\\') < 0 {
		s.rest = s.rest[end+1:]
		return t
	}
	return s.escaped()
}

// escaped reads a string, the quotation mark before it read, that has escapes.
func (s *scanner) escaped() (t string) {
	for i := 0; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '"':
			if err := json.Unmarshal([]byte(`"`+s.rest[:i+1]), &t); err != nil {
				s.failed = true
			}
			s.rest = s.rest[i+1:]
			return t
		}
	}
	s.failed = true
	return ""
}

func (s *scanner) number() float64 {
	v, err := strconv.ParseFloat(s.word(), 64)
	if err != nil {
		s.failed = true
	}
	return v
}

// word reads up to where a number, true, false or null ends.
func (s *scanner) word() string {
	end := strings.IndexAny(s.rest, ",]}")
	if end < 0 || s.failed {
		s.failed = true
		return ""
	}
	w := s.rest[:end]
	s.rest = s.rest[end:]
	return w
}

// skip reads a value that is not wanted.
func (s *scanner) skip() {
	switch s.next() {
	case '"':
		s.text()
	case '{':
		s.object(func(string) { s.skip() })
	case '[':
		s.array(s.skip)
	default:
		s.word()
	}
}
