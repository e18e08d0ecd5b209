package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Subjects by which the readers' mirrors reach the streams they copy.
const (
	mirrorAPI     = "mirror.api"
	mirrorDeliver = "mirror.deliver"
)

// consumerIdle is after which time without a client a consumer of a reader is forgotten.
const consumerIdle = 14 * 24 * time.Hour

// mirrors are the accounts that have mirrors of the streams.
func (b *Bus) mirrors() map[string]jetstream.JetStream {
	all := maps.Clone(b.js)
	maps.DeleteFunc(all, func(part string, _ jetstream.JetStream) bool { return part == "journal" || part == "public" })
	return all
}

// EnsureStreams creates the streams of the public account, QINGKONG_EVENTS for warnings and proposals and
// QINGKONG_DRILL for those of drills, and their mirrors for readers. They are kept without end. It brings up to date
// only what the bus relies on in a stream that is there; replicas and limits are its operator's.
func (b *Bus) EnsureStreams(ctx context.Context) error {
	for name, prefix := range map[string]string{StreamEvents: "qingkong.", StreamDrill: "qingkong.drill."} {
		err := b.ensureStream(ctx, b.js["public"], name, func(c *jetstream.StreamConfig) {
			c.Subjects = []string{prefix + "warning.>", prefix + "proposal.>"}
			c.Duplicates = 10 * time.Minute
		})
		if err != nil {
			return fmt.Errorf("bus: stream %s: %w", name, err)
		}
		for account, js := range b.mirrors() {
			err := b.ensureStream(ctx, js, name, func(c *jetstream.StreamConfig) {
				c.Mirror = &jetstream.StreamSource{Name: name,
					External: &jetstream.ExternalStream{APIPrefix: mirrorAPI, DeliverPrefix: mirrorDeliver + "." + account}}
				c.MaxConsumers = 1000
				c.ConsumerLimits.InactiveThreshold = consumerIdle
			})
			if err != nil {
				return fmt.Errorf("bus: mirror of stream %s for %s: %w", name, account, err)
			}
		}
	}
	return nil
}

func (b *Bus) ensureStream(ctx context.Context, js jetstream.JetStream, name string,
	set func(*jetstream.StreamConfig)) error {
	config := jetstream.StreamConfig{Name: name, Storage: jetstream.FileStorage, DenyDelete: true, DenyPurge: true}
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

// sweepWithin bounds one look at the consumers.
const sweepWithin = 20 * time.Second

// Sweep deletes consumers of the streams' readers that do not belong there: those that push, which could send old
// messages onto live subjects, and those whose name is not that of a user who may read there. reads says whether a user
// has a role. It returns how many it deleted. The server lets a client create either; nobody else can delete them.
func (b *Bus) Sweep(ctx context.Context, reads func(user string, roles ...string) bool) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	for account, js := range b.mirrors() {
		roles := []string{RoleViewer, RoleInspector}
		if account == "officers" {
			roles = []string{RoleDuty, RoleApprover, RoleAdmin}
		}
		for _, name := range []string{StreamEvents, StreamDrill} {
			s, err := js.Stream(ctx, name)
			if err != nil {
				return n, fmt.Errorf("bus: consumers of %s for %s: %w", name, account, err)
			}
			list := s.ListConsumers(ctx)
			for c := range list.Info() {
				if c.Config.DeliverSubject == "" && reads(c.Name, roles...) {
					continue
				}
				if err := s.DeleteConsumer(ctx, c.Name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
					return n, fmt.Errorf("bus: consumer %s of %s: %w", c.Name, name, err)
				}
				b.quiet.Warn(c.Name, "a consumer that may not be is deleted", "stream", name, "account", account, "consumer",
					c.Name, "push", c.Config.DeliverSubject != "")
				n++
			}
			if err := list.Err(); err != nil {
				return n, fmt.Errorf("bus: consumers of %s for %s: %w", name, account, err)
			}
		}
	}
	return n, nil
}
