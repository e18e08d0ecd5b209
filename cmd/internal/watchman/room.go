package watchman

import (
	"context"
	"fmt"
	"sync/atomic"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/watch"
)

// DiskWatch is the space that is left where the record lies, as it was looked at last. It may be asked from any goroutine.
type DiskWatch struct {
	dir  string
	disk config.Disk
	last atomic.Pointer[watch.Room]
}

// NewDiskWatch looks at the disk of a folder for the first time. Where that cannot be read there is room until the check of
// the disk says otherwise.
func NewDiskWatch(dir string, disk config.Disk) *DiskWatch {
	r := &DiskWatch{dir: dir, disk: disk}
	r.last.Store(&watch.Room{MinMB: int64(disk.MinMB), StopMB: int64(disk.StopMB)})
	r.check(context.Background())
	return r
}

// Now is the space as it was looked at last.
func (r *DiskWatch) Now() watch.Room { return *r.last.Load() }

// check looks at the disk and judges it.
func (r *DiskWatch) check(context.Context) watch.Finding {
	free, err := folder.FreeMB(r.dir)
	if err != nil {
		return watch.Fail("watch.disk_unreadable", refusal.Args{"why": err})
	}
	now := watch.RoomOf(free, int64(r.disk.MinMB), int64(r.disk.StopMB))
	r.last.Store(&now)
	return roomFinding(now)
}

func roomFinding(r watch.Room) watch.Finding {
	switch r.Level {
	case watch.RoomStop:
		return watch.Fail("watch.disk_stop", refusal.Args{"free": megabytes(r.FreeMB), "limit": megabytes(r.StopMB)})
	case watch.RoomLow:
		return watch.Degrade("watch.disk_low", refusal.Args{"free": megabytes(r.FreeMB), "limit": megabytes(r.MinMB)})
	default:
		return watch.Finding{}
	}
}

// Large refuses what needs much space and can wait, where there is little left.
func (r *DiskWatch) Large() error {
	now := r.Now()
	if now.Level == watch.RoomOK {
		return nil
	}
	return refusal.New(refusal.NotReady, "watch.no_room",
		refusal.Args{"free": megabytes(now.FreeMB), "limit": megabytes(now.MinMB)})
}

// Full refuses whatever is not vital once the disk is nearly full: what ends a warning, answers for it or says what
// was sent needs the little that is left.
func (r *DiskWatch) Full() error {
	now := r.Now()
	if now.Level != watch.RoomStop {
		return nil
	}
	return refusal.New(refusal.NotReady, "watch.full",
		refusal.Args{"free": megabytes(now.FreeMB), "limit": megabytes(now.StopMB)})
}

// megabytes is a size as people read it; small enough a change of it is none.
func megabytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d MB", n)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1024)
}
