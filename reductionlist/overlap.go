package reductionlist

import "qingkong/alerts/refusal"

// period is the days on which a row of 机组 or 焚烧炉 holds, and where the row stands; an empty day is open.
type period struct {
	from, to string
	at       place
}

func (p period) overlaps(q period) bool {
	return (p.to == "" || q.from <= p.to) && (q.to == "" || p.from <= q.to)
}

// valid reports whether the days can be compared: a day that cannot be read or an end before the beginning is found as such.
func (p period) valid() bool {
	return (p.from == "" || isDate(p.from)) && (p.to == "" || isDate(p.to)) && (p.from == "" || p.to == "" || p.from <= p.to)
}

// checkPeriod reports a row of a unit or furnace that shares days with an earlier row of the same one: what it may do on
// those days would be said twice.
func (rd *reader) checkPeriod(at place, owner, name, from, to string) {
	p := period{from, to, at}
	if name == "" || !p.valid() {
		return
	}
	key := at.sheet + "\x00" + owner + "\x00" + name
	for _, first := range rd.periods[key] {
		if p.overlaps(first) {
			rd.report(at, "自", &problem{rule: "list.period_overlap", args: refusal.Args{"name": name, "recipient": owner, "first": first.at.row}})
			break
		}
	}
	rd.periods[key] = append(rd.periods[key], p)
}
