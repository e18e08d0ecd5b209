package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Subjects by which the readers' mirrors reach the streams they copy.
const (
	mirrorAPI     = "mirror.api"
	mirrorDeliver = "mirror.deliver"
)

// EnsureStreams creates the streams of the public account, QINGKONG_EVENTS for warnings and proposals and
// QINGKONG_DRILL for those of drills, and their mirrors for readers. They are kept without end. Of a stream that
// is there only what the bus relies on is brought up to date; replicas and limits are its operator's.
func (b *Bus) EnsureStreams(ctx context.Context) error {
	for name, prefix := range map[string]string{StreamEvents: "qingkong.", StreamDrill: "qingkong.drill."} {
		err := b.ensureStream(ctx, b.publicJS, name, func(c *jetstream.StreamConfig) {
			c.Subjects = []string{prefix + "warning.>", prefix + "proposal.>"}
			c.Duplicates = 10 * time.Minute
		})
		if err != nil {
			return fmt.Errorf("bus: stream %s: %w", name, err)
		}
		if b.readersJS == nil {
			continue
		}
		err = b.ensureStream(ctx, b.readersJS, name, func(c *jetstream.StreamConfig) {
			c.Mirror = &jetstream.StreamSource{Name: name,
				External: &jetstream.ExternalStream{APIPrefix: mirrorAPI, DeliverPrefix: mirrorDeliver}}
			c.MaxConsumers = 1000
		})
		if err != nil {
			return fmt.Errorf("bus: mirror of stream %s: %w", name, err)
		}
	}
	return nil
}

func (b *Bus) ensureStream(ctx context.Context, js jetstream.JetStream, name string, set func(*jetstream.StreamConfig)) error {
	config := jetstream.StreamConfig{Name: name, Storage: jetstream.FileStorage, Replicas: max(b.cfg.Replicas, 1),
		DenyDelete: true, DenyPurge: true}
	s, err := js.Stream(ctx, name)
	switch {
	case err == nil:
		config = s.CachedInfo().Config
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return err
	}
	set(&config)
	_, err = js.CreateOrUpdateStream(ctx, config)
	return err
}
