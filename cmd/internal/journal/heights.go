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
// every node keeps its height in a key-value bucket, and while one of the configured nodes has not, or stands
// higher than the stream, none writes. The highest appends the missing tail.

const nodesKV = "QINGKONG_NODES"

// NodeHeight is how far a node's record reaches.
type NodeHeight struct {
	Number   uint64 `json:"number"`
	Hash     string `json:"hash"`
	At       string `json:"at"`
	Excluded bool   `json:"excluded,omitempty"` // by an operator: it is not waited for
}

func openNodes(ctx context.Context, js jetstream.JetStream, replicas int) (jetstream.KeyValue, error) {
	kv, err := js.KeyValue(ctx, nodesKV)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: nodesKV, History: 1, Replicas: replicas})
	}
	if err != nil {
		return nil, fmt.Errorf("journal: nodes: %w", err)
	}
	return kv, nil
}

func (j *Journal) reportHeight(ctx context.Context, kv jetstream.KeyValue) error {
	t, err := j.tip()
	if err != nil {
		return err
	}
	text, err := json.Marshal(NodeHeight{Number: t.number, Hash: hex.EncodeToString(t.hash[:]), At: j.now(time.Time{}).Format(timeForm)})
	if err != nil {
		return err
	}
	_, err = kv.Put(ctx, j.opt.Node, text)
	return err
}

// ExcludeNode lets the others write without waiting for a node that will not come back.
func ExcludeNode(ctx context.Context, js jetstream.JetStream, node string) error {
	kv, err := openNodes(ctx, js, 1)
	if err != nil {
		return err
	}
	text, err := json.Marshal(NodeHeight{Excluded: true, At: time.Now().In(shanghai).Format(timeForm)})
	if err != nil {
		return err
	}
	_, err = kv.Put(ctx, node, text)
	return err
}

// awaitHeights is called when the stream ends before this node's record. It reports this node's height and
// returns once every configured node has reported its own and the stream has been made whole by the highest
// of them; or with ctx's error.
func (j *Journal) awaitHeights(ctx context.Context, streamLast uint64) error {
	kv, err := openNodes(ctx, j.opt.JS, j.opt.Replicas)
	if err != nil {
		return err
	}
	if err := j.reportHeight(ctx, kv); err != nil {
		return err
	}
	j.opt.Log.Warn("the shared stream lost blocks; waiting until every node has said how far its record reaches",
		"stream", streamLast, "record", j.Height(), "nodes", j.opt.Nodes)
	for {
		best, missing, err := highest(ctx, kv, j.opt.Nodes)
		if err != nil {
			return err
		}
		if len(missing) == 0 && (best == j.opt.Node || best == "") {
			info, err := j.log.info(ctx)
			if err != nil {
				return err
			}
			if info.last < j.Height() {
				return j.appendTail(ctx, info.last+1)
			}
		}
		info, err := j.log.info(ctx)
		if err != nil {
			return err
		}
		if info.last >= j.Height() {
			if err := j.compareCommon(ctx, j.Height()); err != nil {
				j.halt(err)
				return nil
			}
			return j.applyAhead(ctx, info)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("journal: still waiting for the heights of %v (exclude a node that will not come back): %w", missing, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// highest names the configured node whose record reaches furthest, and those that have not reported. Nodes
// not configured are not waited for.
func highest(ctx context.Context, kv jetstream.KeyValue, nodes []string) (best string, missing []string, err error) {
	var top uint64
	for _, name := range nodes {
		e, err := kv.Get(ctx, name)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			missing = append(missing, name)
			continue
		}
		if err != nil {
			return "", nil, err
		}
		var h NodeHeight
		if err := json.Unmarshal(e.Value(), &h); err != nil {
			return "", nil, fmt.Errorf("journal: height of %s: %w", name, err)
		}
		if !h.Excluded && (best == "" || h.Number > top) {
			best, top = name, h.Number
		}
	}
	return best, missing, nil
}
