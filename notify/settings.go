package notify

import (
	"encoding/json"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// Settings are what a district chooses about its orders. A round keeps the ones it started with.
type Settings struct {
	// AcknowledgeWithinMin is the time a recipient has to answer, in minutes from the issue: 1 to 1440.
	AcknowledgeWithinMin int `json:"acknowledge_within_min"`
	// ContactRef is the vault reference of the duty contact an order names; empty for none.
	ContactRef string `json:"contact_ref"`
}

// DefaultSettings are in force until others are recorded.
func DefaultSettings() Settings { return Settings{AcknowledgeWithinMin: 60} }

func (s Settings) acknowledgeWithin() time.Duration {
	return time.Duration(s.AcknowledgeWithinMin) * time.Minute
}

// SettingsChanged records new settings; they serve the rounds that start after it.
type SettingsChanged struct {
	Settings Settings `json:"settings"`
}

// Kind implements Event.
func (*SettingsChanged) Kind() string { return kindSettings }

// CurrentSettings returns the settings in force.
func CurrentSettings(tx *bbolt.Tx) (Settings, error) {
	s := DefaultSettings()
	b := tx.Bucket(settingsBucket).Get(settingsKey)
	if b == nil {
		return s, nil
	}
	err := json.Unmarshal(b, &s)
	return s, err
}

var settingsKey = []byte("current")

// DecideSettings records settings that differ from the ones in force.
func DecideSettings(tx *bbolt.Tx, _ string, in Settings, _ time.Time) ([]Event, Settings, error) {
	if in.AcknowledgeWithinMin < 1 || in.AcknowledgeWithinMin > 24*60 {
		return nil, in, refuseAt("acknowledge_within_min", "order.acknowledge_within",
			refusal.Args{"value": in.AcknowledgeWithinMin})
	}
	now, err := CurrentSettings(tx)
	if err != nil || now == in {
		return nil, now, err
	}
	return []Event{&SettingsChanged{Settings: in}}, in, nil
}

func applySettings(tx *bbolt.Tx, ev *SettingsChanged) error {
	return putJSON(tx, settingsBucket, settingsKey, ev.Settings)
}
