package alerts

import (
	"time"
)

// SecretSeen says of an act in the two-person rule that an administrator had come by the secret of who did it, so that
// the two persons may be one: who, when and how. It stands in the act's event and in the history.
type SecretSeen struct {
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	How string    `json:"how"` // issued, token or reset
}

// secretSeen is what an event says of its actor; nil for nothing.
func secretSeen(ev warningEvent) *SecretSeen {
	switch e := ev.(type) {
	case WarningDeclared:
		return e.SecretSeen
	case WarningApproved:
		return e.SecretSeen
	case WarningConfirmed:
		return e.SecretSeen
	case WarningResubmitted:
		return e.SecretSeen
	case RaiseAsked:
		return e.SecretSeen
	case ReviseAsked:
		return e.SecretSeen
	case WarningRevised:
		return e.SecretSeen
	case LevelChanged:
		return e.SecretSeen
	case EmergencyApproved:
		return e.SecretSeen
	case EmergencyConfirmed:
		return e.SecretSeen
	}
	return nil
}
