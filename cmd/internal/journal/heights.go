package journal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// After a shared stream has lost blocks, a node that never saw them would append others in their place. So
// every node keeps its height in a key-value bucket, and while one of the configured nodes is known to stand
// higher than the stream, none writes: each says again how far it is and where it saw the stream end, and once
// all have (or an operator has excluded those that will not come back) the highest appends the missing tail.

const nodesKV = "QINGKONG_NODES"

// NodeHeight is how far a node's record reaches.
type NodeHeight struct {
	Number   uint64 `json:"number"`
	Hash     string `json:"hash"`
	At       string `json:"at"`
	Stream   uint64 `json:"stream"`             // where it saw the stream end when it said so
	Excluded bool   `json:"excluded,omitempty"` // by an operator: it is not waited for
}

func openNodes(ctx context.Context, js jetstream.JetStream) (jetstream.KeyValue, error) {
	kv, err := keyValue(ctx, js, jetstream.KeyValueConfig{Bucket: nodesKV, History: 1}, func() {})
	if err != nil {
		return nil, fmt.Errorf("journal: nodes: %w", err)
	}
	return kv, nil
}

func (j *Journal) reportHeight(ctx context.Context, streamLast uint64) error {
	t, err := j.tip()
	if err != nil {
		return err
	}
	return putHeight(ctx, j.nodes, j.opt.Node, NodeHeight{Number: t.number, Hash: hex.EncodeToString(t.hash[:]),
		At: j.Now().Format(timeForm), Stream: streamLast})
}

func putHeight(ctx context.Context, nodes jetstream.KeyValue, node string, h NodeHeight) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = nodes.Put(ctx, node, text)
	return err
}

// reportEvery keeps this node's height known to the others while it runs.
func (j *Journal) reportEvery(pause time.Duration) {
	said := uint64(0)
	every(j.stop, pause, func() {
		if h := j.Height(); h != said {
			ctx, cancel := context.WithTimeout(context.Background(), pause)
			defer cancel()
			if err := j.reportHeight(ctx, h); err == nil {
				said = h
			}
		}
	})
}

// ExcludeNode lets the other nodes write without waiting for one that will not come back.
func ExcludeNode(ctx context.Context, js jetstream.JetStream, node string) error {
	kv, err := openNodes(ctx, js)
	if err != nil {
		return err
	}
	return putHeight(ctx, kv, node, NodeHeight{Excluded: true, At: time.Now().In(shanghai).Format(timeForm)})
}

// awaitHeights returns once the stream reaches as far as every configured node is known to have written: at
// once in the ordinary case, else after all have reported and the highest has appended the tail; or with
// ctx's error.
func (j *Journal) awaitHeights(ctx context.Context) (streamInfo, error) {
	warned := false
	for {
		info, err := j.log.info(ctx)
		if err != nil {
			return info, err
		}
		best, top, missing, err := j.highest(ctx, info.last)
		if err != nil {
			return info, err
		}
		confirmed := uint64(0)
		if h := j.opt.Inventory.Height; h != nil {
			confirmed = h.Number
		}
		if max(top, j.Height(), confirmed) <= info.last {
			return info, nil
		}
		if warned && len(missing) == 0 && max(top, j.Height()) <= info.last {
			return info, fmt.Errorf("journal: block %d was confirmed on this node (%s), the shared stream ends at %d and no node reaches further "+
				"than %d: restore the stream or a node from a backup (nothing was changed)", confirmed, HeightFile, info.last,
				max(top, j.Height()))
		}
		if !warned {
			warned = true
			j.opt.Log.Warn("the shared stream lost blocks; waiting until every node has said how far its record reaches",
				"stream", info.last, "record", j.Height(), "nodes", j.opt.Nodes)
			if err := j.reportHeight(ctx, info.last); err != nil {
				return info, err
			}
			continue
		}
		if len(missing) == 0 && (best == j.opt.Node || len(j.opt.Nodes) == 0) {
			if err := j.compareCommon(ctx, info.last); err != nil {
				return info, err
			}
			if err := j.appendTail(ctx, info.last+1); err != nil {
				return info, err
			}
			continue
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return info, fmt.Errorf("journal: still waiting for the heights of %v (exclude a node that will not come back): %w",
				missing, err)
		}
	}
}

// highest names the configured node whose record reaches furthest and how far, and those that have not said
// so since the stream ended where it ends now. An excluded node counts for nothing.
func (j *Journal) highest(ctx context.Context, streamLast uint64) (best string, top uint64, missing []string,
	err error) {
	for _, name := range j.opt.Nodes {
		e, err := j.nodes.Get(ctx, name)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			missing = append(missing, name)
			continue
		}
		if err != nil {
			return "", 0, nil, err
		}
		var h NodeHeight
		if err := json.Unmarshal(e.Value(), &h); err != nil {
			return "", 0, nil, fmt.Errorf("journal: height of %s: %w", name, err)
		}
		if h.Excluded {
			continue
		}
		if h.Stream != streamLast {
			missing = append(missing, name)
		}
		if best == "" || h.Number > top {
			best, top = name, h.Number
		}
	}
	return best, top, missing, nil
}
