package alerts

import "time"

// SecretSeen says of an act in the two-person rule that an administrator had come by the secret of who did it, so that
// the two persons may be one: who, when and how. It stands in the act's event and in the history.
type SecretSeen struct {
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	How string    `json:"how"` // issued, token or reset
}

// Seen is the part of an act's event that says who has seen the secret of its actor.
type Seen struct {
	SecretSeen *SecretSeen `json:"secret_seen,omitempty"` // nil for nothing
}

func (s Seen) secretSeen() *SecretSeen { return s.SecretSeen }
