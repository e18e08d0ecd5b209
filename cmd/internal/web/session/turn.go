package session

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// turnCookie is the name of the cookie that says from when on a browser may try that was told to wait.
const turnCookie = "qingkong_turn"

const (
	turnsPerMinute = 4               // of those that waited, of one address
	turnLife       = 2 * time.Minute // from its time on
)

// turn is a place in the line of an address: who was told to wait and has waited is let try, however many others come
// from there without having waited. It is good once, for this program's life, on this node.
type turn struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	At      int64  `json:"at"` // Unix milliseconds
}

func newTurn(address string, now time.Time, wait time.Duration) *turn {
	return &turn{ID: rand.Text(), Address: address, At: now.Add(wait).UnixMilli()}
}

// wait is how long until the turn comes.
func (t *turn) wait(now time.Time) time.Duration { return max(time.UnixMilli(t.At).Sub(now), 0) }

// holds says that a turn is of this address and not over, nor further off than anybody is told to wait.
func (t *turn) holds(address string, now time.Time) bool {
	return t.Address == address && t.wait(now) <= longest && now.Before(time.UnixMilli(t.At).Add(turnLife))
}

// turn is the request's, where it holds; else nil.
func (s *Sessions) turn(r *http.Request, address string, now time.Time) *turn {
	c, err := r.Cookie(turnCookie)
	if err != nil || len(c.Value) > deviceMost {
		return nil
	}
	text, ok := open(s.turnKey, c.Value)
	t := new(turn)
	if !ok || json.Unmarshal(text, t) != nil || !t.holds(address, now) {
		return nil
	}
	return t
}

// Queue gives a turn to a browser that was refused before it could try: it is not let wait behind others without end.
func (s *Sessions) Queue(w http.ResponseWriter, r *http.Request) {
	address, now := s.proxies.address(r), s.now()
	if s.turn(r, address, now) != nil {
		return
	}
	wait := max(s.throttle.wait(address, now), firstWait)
	s.keepTurn(w, r, newTurn(address, now, wait), wait)
}

// keepTurn has the browser keep its turn.
func (s *Sessions) keepTurn(w http.ResponseWriter, r *http.Request, t *turn, wait time.Duration) {
	text, err := json.Marshal(t)
	if err != nil {
		s.log.Error("a turn to log in could not be given", "err", err)
		return
	}
	s.setCookie(w, r, turnCookie, sealed(s.turnKey, text), wait+turnLife)
}

// usedTurns is who of an address had a turn within the last minute.
type usedTurns []usedTurn

type usedTurn struct {
	id string
	at time.Time
}

// take takes a turn, or says how long there is none left.
func (l *usedTurns) take(id string, now time.Time) (wait time.Duration) {
	*l = slices.DeleteFunc(*l, func(t usedTurn) bool {
		since := now.Sub(t.at)
		return since >= turnLife+longest || since < -longest
	})
	recent, first := 0, now
	for _, t := range *l {
		if t.id == id {
			return longest // it was good once
		}
		if now.Sub(t.at) < time.Minute {
			if recent++; t.at.Before(first) {
				first = t.at
			}
		}
	}
	if recent >= turnsPerMinute {
		return first.Add(time.Minute).Sub(now)
	}
	*l = append(*l, usedTurn{id, now})
	return 0
}
