package live

import (
	"context"
	"time"

	"qingkong/cmd/internal/access"
)

// Watch tells that something has changed which who may see: of the warning or, where that is empty, of anything. It
// ticks once at the beginning, and ticks that nobody takes are one. Changes of many orders of others show in the board,
// at most twice a second. The channel is closed when ctx ends or the hub is closed.
func (h *Hub) Watch(ctx context.Context, who *access.Principal, warning string) <-chan struct{} {
	filter := FilterOf(who)
	if warning != "" {
		filter = filter.OfWarning(warning)
	}
	if filter.Orders == AllOrders {
		filter.Orders = NoOrders
	}
	ticks := make(chan struct{}, 1)
	go func() {
		defer close(ticks)
		for h.tick(ctx, Viewer{User: who.User, Filter: filter, bare: true}, ticks) {
			select { // the record could not be followed; whoever watches looks again, and so do we
			case <-time.After(time.Second):
			case <-ctx.Done():
				return
			}
		}
	}()
	return ticks
}

// tick ticks until the subscription ends, and says whether another one is worth trying.
func (h *Hub) tick(ctx context.Context, v Viewer, ticks chan<- struct{}) bool {
	s, err := h.Subscribe(ctx, v)
	for err == nil {
		select {
		case ticks <- struct{}{}:
		default:
		}
		_, err = s.Next(ctx)
	}
	select {
	case <-ctx.Done():
		return false
	case <-h.stop:
		return false
	default:
		return true
	}
}
