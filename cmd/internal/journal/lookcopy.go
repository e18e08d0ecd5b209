package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// shortFile is a file of messages that the server made shorter when it opened the copy.
type shortFile struct {
	stream, file  string
	before, after int64 // after is below 0 where it is gone
}

func (c shortFile) String() string {
	if c.after < 0 {
		return fmt.Sprintf("stream %s: %s has %d bytes, of which the server kept nothing when it opened the copy", c.stream,
			c.file, c.before)
	}
	return fmt.Sprintf("stream %s: %s has %d bytes, of which the server kept %d when it opened the copy: what lies behind cannot be read",
		c.stream, c.file, c.before, c.after)
}

// serveCopy runs a server on a copy of the folder's streams and keeps what it cut there. A server that cannot be run is
// a problem of the streams, and no reason to leave the record unproved.
func (p *recordCheck) serveCopy(ctx context.Context, l StoppedOptions, js *jetstream.JetStream) (stop func() error, err error) {
	none := func() error { return nil }
	store := filepath.Join(p.tmp, "nats")
	bytes, err := storedBytes(l.accountIn(l.Streams))
	if err != nil {
		return nil, err
	}
	if l.Copying != nil {
		l.Copying(bytes, store)
	}
	before, err := copyStored(ctx, l.accountIn(l.Streams), l.accountIn(store))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.r.problem("stream: it cannot be copied to be read: %v", err)
		return none, nil
	}
	p.r.note("copied %d bytes of streams to %s, which is removed", bytes, store)
	if *js, stop, err = l.Serve(store); err != nil {
		p.r.problem("stream: no server can be run on a copy of it: %v", err)
		return none, nil
	}
	after, err := stored(l.accountIn(store))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	p.cuts = cutsOf(before, after)
	for _, c := range p.cuts {
		if c.stream != Stream && c.stream != "KV_"+vaultKV { // the record does not stand on those
			p.r.note("%s", c)
		}
	}
	return stop, nil
}

// cutsOf names the files of messages that are shorter after than before.
func cutsOf(before, after []storedFile) (cuts []shortFile) {
	now := map[string]int64{}
	for _, f := range after {
		now[f.path] = f.size
	}
	for _, f := range before {
		part := strings.Split(filepath.ToSlash(f.path), "/") // streams/NAME/msgs/N.blk
		if len(part) != 4 || part[0] != "streams" || part[2] != "msgs" || filepath.Ext(part[3]) != ".blk" {
			continue
		}
		size, there := now[f.path]
		if !there {
			size = -1
		}
		if size < f.size && f.size > 0 {
			cuts = append(cuts, shortFile{part[1], part[2] + "/" + part[3], f.size, size})
		}
	}
	return cuts
}

// copyStored copies the files of an account and lists them as they were.
func copyStored(ctx context.Context, from, to string) ([]storedFile, error) {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return nil, err
	}
	files, err := stored(from)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := copyOut(ctx, filepath.Join(from, f.path), filepath.Join(to, f.path)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func copyOut(ctx context.Context, from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	for err == nil {
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(out, in, 8<<20)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, out.Close())
}
