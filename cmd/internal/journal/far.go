package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// farSide is a key-value bucket as a twin needs it. Every call ends with its context.
type farSide interface {
	name() string
	keys(ctx context.Context) ([]string, error)
	// get reads one key: errMissing where there is nothing, errUnreadable where there is something that cannot be read.
	get(ctx context.Context, key string) (farEntry, error)
	// put stores a value, or a purge, where the key is at the revision (0: where there is none), else errMoved.
	put(ctx context.Context, key string, value []byte, purge bool, revision uint64) error
	// watch calls fn for what others put, until ctx ends or the watch does.
	watch(ctx context.Context, fn func(key string, value []byte, purged bool)) error
	// reset makes the bucket anew, empty.
	reset(ctx context.Context) error
}

// farEntry is what a key-value bucket holds under a key.
type farEntry struct {
	value    []byte
	purged   bool
	revision uint64
	at       time.Time // when it was stored
}

// anyRevision stores whatever is there.
const anyRevision = ^uint64(0)

var (
	errMoved      = errors.New("another node wrote this key")
	errUnreadable = errors.New("the entry cannot be read")
)

// kvFar is a JetStream key-value bucket. It is opened when it is needed, and again after it was lost: made anew then.
type kvFar struct {
	js  jetstream.JetStream
	cfg jetstream.KeyValueConfig
	streamHandle
}

// openKV returns a key-value bucket; made is called when it was not there and is empty now.
func openKV(js jetstream.JetStream, cfg jetstream.KeyValueConfig, made func()) *kvFar {
	f := &kvFar{js: js, cfg: cfg}
	f.find = func(ctx context.Context) (jetstream.Stream, error) {
		if _, err := keyValue(ctx, js, cfg, made); err != nil {
			return nil, err
		}
		return js.Stream(ctx, "KV_"+cfg.Bucket)
	}
	return f
}

// readVault returns the vault's key-value bucket for reading alone: it is not made.
func readVault(js jetstream.JetStream) *kvFar {
	f := &kvFar{js: js, cfg: jetstream.KeyValueConfig{Bucket: vaultKV}}
	f.find = func(ctx context.Context) (jetstream.Stream, error) { return js.Stream(ctx, "KV_"+vaultKV) }
	return f
}

// keyValue opens a key-value bucket, which is made where it is not there; made is called then.
func keyValue(ctx context.Context, js jetstream.JetStream, cfg jetstream.KeyValueConfig,
	made func()) (jetstream.KeyValue, error) {
	kv, err := js.KeyValue(ctx, cfg.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		if kv, err = js.CreateKeyValue(ctx, cfg); err == nil {
			made()
		}
	}
	return kv, err
}

func (f *kvFar) name() string { return f.cfg.Bucket }

func (f *kvFar) reset(ctx context.Context) error {
	if err := f.js.DeleteKeyValue(ctx, f.cfg.Bucket); err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
		return fmt.Errorf("%s: %w", f.cfg.Bucket, err)
	}
	f.use(nil)
	_, err := f.open(ctx)
	return err
}

func (f *kvFar) subject(key string) string { return "$KV." + f.cfg.Bucket + "." + key }

func (f *kvFar) keys(ctx context.Context) ([]string, error) {
	s, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(f.subject(">")))
	if err != nil {
		return nil, f.failed(err)
	}
	keys := make([]string, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		keys = append(keys, strings.TrimPrefix(subject, f.subject("")))
	}
	slices.Sort(keys)
	return keys, nil
}

const (
	kvOperation = "KV-Operation"
	kvPurge     = "PURGE"
	kvDelete    = "DEL"
)

func (f *kvFar) get(ctx context.Context, key string) (e farEntry, err error) {
	s, err := f.open(ctx)
	if err != nil {
		return e, err
	}
	m, err := s.GetLastMsgForSubject(ctx, f.subject(key))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return e, errMissing
	case ctx.Err() != nil:
		return e, fmt.Errorf("no answer: %w", ctx.Err())
	case errors.Is(f.failed(err), jetstream.ErrStreamNotFound), errors.Is(err, nats.ErrNoResponders),
		errors.Is(err, nats.ErrConnectionClosed):
		return e, err
	case err != nil:
		return e, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	op := m.Header.Get(kvOperation)
	return farEntry{m.Data, op == kvPurge || op == kvDelete, m.Sequence, m.Time}, nil
}

func (f *kvFar) put(ctx context.Context, key string, value []byte, purge bool, revision uint64) error {
	if _, err := f.open(ctx); err != nil {
		return err
	}
	msg := &nats.Msg{Subject: f.subject(key), Data: value, Header: nats.Header{}}
	if purge {
		msg.Header.Set(kvOperation, kvPurge)
		msg.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	}
	opts := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}
	if revision != anyRevision {
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(revision))
	}
	_, err := f.js.PublishMsg(ctx, msg, opts...)
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return errMoved
	}
	return f.failed(err)
}

func (f *kvFar) watch(ctx context.Context, fn func(key string, value []byte, purged bool)) error {
	if _, err := f.open(ctx); err != nil {
		return err
	}
	kv, err := f.js.KeyValue(ctx, f.cfg.Bucket)
	if err != nil {
		return f.failed(err)
	}
	w, err := kv.WatchAll(ctx, jetstream.UpdatesOnly())
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, open := <-w.Updates():
			if !open {
				return errors.New("the watch ended")
			}
			if e != nil {
				fn(strings.Clone(e.Key()), e.Value(), e.Operation() != jetstream.KeyValuePut)
			}
		}
	}
}
