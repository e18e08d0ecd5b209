package settings

import (
	"testing"
	"time"

	"qingkong/cmd/internal/config"
	"qingkong/notify/telemetry"
)

// The documented configuration is as patient with stations as the package is by itself; each key counts.
func TestPatienceOfTheConfiguration(t *testing.T) {
	cfg := config.Default()
	got, err := Of(cfg)
	if err != nil || got.Patience != telemetry.UsualPatience {
		t.Errorf("%+v, %v", got.Patience, err)
	}
	cfg.Telemetry.LateMin, cfg.Telemetry.SilentMin, cfg.Telemetry.MessagesLateH, cfg.Telemetry.MessagesSilentH = 7, 90, 26, 50
	got, err = Of(cfg)
	if want := (telemetry.Patience{Late: 7 * time.Minute, Silent: 90 * time.Minute, MessagesLate: 26 * time.Hour,
		MessagesSilent: 50 * time.Hour}); err != nil || got.Patience != want {
		t.Errorf("%+v, %v", got.Patience, err)
	}
}
