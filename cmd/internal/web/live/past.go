package live

import "sort"

// past is the messages of the last entries, for who comes back. Of the boards of a warning it holds the last.
type past struct {
	floor    place      // all messages after it are here
	messages []*Message // in order; nil where a board stood that a later one replaced
	gone     int        // messages that were here before the first
	boards   map[string]int
}

func (p *past) add(m *Message) {
	if m.Kind == Board {
		if at, there := p.boards[m.warning]; there && at >= p.gone {
			p.messages[at-p.gone] = nil
		}
		p.boards[m.warning] = p.gone + len(p.messages)
	}
	p.messages = append(p.messages, m)
}

// trim lets go of messages of entries before index, and of the oldest when there are more than limit.
func (p *past) trim(index int64, limit int) {
	n := 0
	for ; n < len(p.messages); n++ {
		m := p.messages[n]
		if m == nil {
			continue
		}
		if m.Index >= index && len(p.messages)-n <= limit {
			break
		}
		p.floor = m.place()
	}
	clear(p.messages[:n])
	p.messages, p.gone = p.messages[n:], p.gone+n
}

// since calls visit for the messages after a place.
func (p *past) since(after place, visit func(*Message)) {
	from := sort.Search(len(p.messages), func(i int) bool {
		for ; i < len(p.messages); i++ { // a gap is as far as what follows it
			if m := p.messages[i]; m != nil {
				return after.before(m.place())
			}
		}
		return true
	})
	for _, m := range p.messages[from:] {
		if m != nil {
			visit(m)
		}
	}
}
