package bus

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A stream's meta.inf is its configuration, with a checksum beside it. The server passes over a stream whose two do not
// agree. Making the stream again brings its messages back, since they lie in files of their own. But the server writes
// no meta.inf where there is one, so that it passes over the stream at every start from then on, and a copy of the
// store lacks it.

const (
	metaFile    = "meta.inf"
	metaDamaged = ".damaged" // is what the name of such a file then ends in
	metaWithin  = 5 * time.Second
)

// setMetaAside renames the meta.inf of every stream that the embedded server passed over, so that the file is written
// anew when the stream is made again. Nothing else of the stream is touched, and what cannot be done holds up no start.
func (b *Bus) setMetaAside() {
	ctx, cancel := context.WithTimeout(context.Background(), metaWithin)
	defer cancel()
	for account, js := range map[string]jetstream.JetStream{accountJournal: b.js["journal"],
		accountPublic: b.js["public"], accountOfficers: b.js["officers"], accountViewers: b.js["viewers"]} {
		dir := filepath.Join(b.opts.StoreDir, "jetstream", account, "streams")
		there, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.log.Warn("the folder of the streams cannot be read", "err", err)
		}
		for _, stream := range there {
			path := filepath.Join(dir, stream.Name(), metaFile)
			if _, err := os.Stat(path); err != nil {
				continue // a folder that is no stream's, or one that was set aside before
			}
			_, err := js.Stream(ctx, stream.Name())
			if !errors.Is(err, jetstream.ErrStreamNotFound) {
				continue // it is there; or the server does not say so, and then nothing is touched
			}
			if err := os.Rename(path, path+metaDamaged); err != nil {
				b.log.Warn("the server cannot read the configuration of a stream, which cannot be set aside; the next start tries again", "err", err)
				continue
			}
			b.log.Warn("the server cannot read the configuration of a stream; it is set aside, and the stream is made again with the messages it has",
				"stream", stream.Name(), "aside", path+metaDamaged)
		}
	}
}

// accountOld held the mirrors before officers and viewers had accounts of their own.
const accountOld = "READERS"

// dropOld removes the mirrors of an account that is no more. They hold nothing but copies of the public streams.
func (b *Bus) dropOld() {
	dir := filepath.Join(b.opts.StoreDir, "jetstream", accountOld)
	if _, err := os.Stat(dir); err != nil {
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		b.log.Warn("the mirrors of an earlier version cannot be removed; the next start tries again", "folder", dir,
			"err", err)
		return
	}
	b.log.Info("the mirrors of an earlier version are removed: officers and viewers have mirrors of their own, with consumers that bear the user's name", "folder", dir)
}
