package access

import "time"

// Session is one login of a browser as its user sees it.
type Session struct {
	ID      string    `json:"id"`
	BegunAt time.Time `json:"begun_at"`
	SeenAt  time.Time `json:"seen_at"` // to the minute
	Address string    `json:"address"` // where it began; empty for one that began before addresses were kept
	Device  string    `json:"device"`  // the same for all logins of one browser
	Browser string    `json:"browser"` // what the browser says it is
	Current bool      `json:"current"` // the one that asks
}
