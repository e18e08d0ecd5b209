package stations

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// failing is a register that cannot be read.
type failing struct{ book }

var errDisk = errors.New("input/output error")

func (f *failing) Station(mn string) (*Known, error) {
	if mn == "GONE" {
		return nil, errDisk
	}
	return f.book.Station(mn)
}

// Whatever keeps a frame over NATS from being kept is a refusal that says what to do, and is in the log: nothing of it is an
// internal error, and what broke stays here.
func TestFramesOverNATSThatCannotBeKept(t *testing.T) {
	var log strings.Builder
	var of failing
	w := open(t, func(o *Options) {
		o.Register, o.Log = &of, slog.New(slog.NewTextHandler(&log, nil))
		o.Taker = NewTaker(func(_ context.Context, batch []telemetry.Received) error {
			if slices.ContainsFunc(batch, func(r telemetry.Received) bool { return r.MN == "FULL" }) {
				return errDisk
			}
			return nil
		}, nil)
		taker := o.Taker
		t.Cleanup(func() {
			if err := taker.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	})
	of.add("A", nil)
	of.add("FULL", nil)
	of.add("LOCKED", func(k *Known) { k.Trouble = errDisk })
	for mn, rule := range map[string]string{"A": "", "FULL": "stations.not_kept", "LOCKED": "stations.register",
		"GONE": "stations.register"} {
		log.Reset()
		answer, err := w.srv.TakeFrame(t.Context(), mn, "feeder", []byte(sample(mn, 1)))
		var refused *refusal.Error
		switch {
		case rule == "":
			if err != nil || len(answer) == 0 {
				t.Errorf("%s: %v", mn, err)
			}
		case !errors.As(err, &refused) || refused.Code != refusal.NotReady || refused.Rule != rule ||
			strings.Contains(err.Error(), errDisk.Error()):
			t.Errorf("%s: %v", mn, err)
		case !strings.Contains(log.String(), errDisk.Error()):
			t.Errorf("%s: the log says %q", mn, log.String())
		}
	}
}
