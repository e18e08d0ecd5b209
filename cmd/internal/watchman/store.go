package watchman

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/folder"
)

// How the embedded server's store is opened anew after it could not be written.
const (
	reopenLook  = 2 * time.Second
	reopenRoom  = 64 // MB that must be free below it: with less it would break again at once
	reopenFirst = 5 * time.Second
	reopenMost  = 2 * time.Minute
)

// KeepStore opens the store of the embedded NATS server, below the data folder dir, anew once there is room again
// after it could not be written, until ctx ends. The server itself would take nothing before it is restarted. What
// breaks again is tried again, ever less often.
func KeepStore(ctx context.Context, b *bus.Bus, dir string, log *slog.Logger) error {
	look := time.NewTicker(reopenLook)
	defer look.Stop()
	pause, tried := reopenFirst, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		since := b.StoreBroken()
		if since.IsZero() {
			if time.Since(tried) > reopenMost {
				pause = reopenFirst
			}
			continue
		}
		free, err := folder.FreeMB(filepath.Join(dir, folder.Streams))
		if err != nil || free < reopenRoom || time.Since(tried) < pause {
			continue
		}
		tried, pause = time.Now(), min(2*pause, reopenMost)
		log.Warn("the store of the embedded NATS server could not be written and is opened anew", "since", since,
			"free_mb", free)
		if err := b.ReopenStore(); err != nil {
			log.Error("the store of the embedded NATS server cannot be opened anew; it is tried again", "err", err)
		}
	}
}
