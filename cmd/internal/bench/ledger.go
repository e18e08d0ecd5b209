package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"filippo.io/torchwood"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

// ledgerSize is how much is measured.
type ledgerSize struct {
	leaves int64         // of the tree that is proved in
	picked int64         // entries of a bundle
	proofs int           // of single entries
	rounds int           // of each measurement that is a median
	slice  time.Duration // of commits with and without the tree's rows, in turns
}

// ledgerBench is a tree of many leaves in a file.
type ledgerBench struct {
	bench
	size ledgerSize
	db   *bbolt.DB
	rand *rand.Rand
}

// Ledger measures what the ledger costs and what it takes to verify it, in a tree of n entries: commits of one entry with
// and without the tree's rows; the proof of one entry, beside reading as many rows of the same file; and the entries and the
// proof of a bundle of 100,000 entries, one behind the other and scattered over the tree, beside SHA-256 over the same bytes.
// Then what a program gives of it after a warning of five days with 1,500 recipients: see [ledgerServed].
func Ledger(ctx context.Context, n int) ([]Result, error) {
	size := ledgerSize{leaves: int64(n), picked: 100_000, proofs: 5000, rounds: 5, slice: time.Second}
	if size.leaves < 4*size.picked {
		return nil, fmt.Errorf("--n has to be %d at least, for a bundle is to be a part of the tree", 4*size.picked)
	}
	results, err := runLedger(ctx, size)
	if err != nil {
		return nil, err
	}
	served, err := ledgerServed(ctx, servedSize{recipients: 1500, hours: 5 * 24, rounds: 5, slice: time.Second})
	return append(results, served...), err
}

func runLedger(ctx context.Context, size ledgerSize) ([]Result, error) {
	b := &ledgerBench{size: size, rand: rand.New(rand.NewPCG(1, 2))} // #nosec G404 -- the same ones in each run
	return b.run(ctx, b.appends, b.grow, b.proofs, b.contiguous, b.scattered, b.shut)
}

// open opens a file as the record is opened.
func (b *ledgerBench) open(name string) (*bbolt.DB, error) {
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "qingkong-bench-")
		if err != nil {
			return nil, err
		}
		b.dir = dir
	}
	db, err := bbolt.Open(filepath.Join(b.dir, name), 0o600, &bbolt.Options{Timeout: time.Second, InitialMmapSize: 1 << 30,
		FreelistType: bbolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range append(ledger.Buckets(), string(stateBucket)) {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	return db, err
}

var stateBucket = []byte("state")

// entryAt is the leaf of an entry as records have them: of four, one is an order and three are answers.
func entryAt(i int64) []byte {
	at := time.Date(2016, 12, 16, 18, 0, 0, 0, ledger.Shanghai).Add(time.Duration(i) * time.Millisecond)
	kind, data := "notify.answered", fmt.Appendf(nil, `{"order_id":"W20161216-01-E%06d-1","action":"acknowledge","digest":"0123456789abcdef"}`, i/4)
	if (i+i/100)%4 == 0 {
		kind, data = "notify.order_issued", fmt.Appendf(nil, `{"id":"W20161216-01-E%06d-1","warning_id":"W20161216-01","revision":1,"recipient_id":"E%06d",`+
			`"level":"red","text":"%s","list_version":"20161001-3f9a1c20"}`, i/4, i/4, bytes.Repeat([]byte("二号熔炼炉停产，四小时内完成。"), 30))
	}
	leaf, _ := ledger.AppendEntry(nil, kind, at, "E0001", func(b []byte) ([]byte, error) { return append(b, data...), nil })
	return leaf
}

// appends commits one entry after the other, in turns with and without the tree's rows in the same transaction.
func (b *ledgerBench) appends(ctx context.Context) (err error) {
	var dbs [2]*bbolt.DB
	var took [2]contender
	for i, name := range []string{"with.db", "without.db"} {
		if dbs[i], err = b.open(name); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, dbs[i].Close()) }()
		took[i] = commitsTo(dbs[i], i == 0)
	}
	var commits [2]int
	var before [2]bbolt.TxStats
	for i := range dbs {
		before[i] = dbs[i].Stats().TxStats
	}
	laps, err := alternate(ctx, b.size.rounds, b.size.slice, took[:]...)
	if err != nil {
		return err
	}
	for _, pair := range laps {
		commits[0], commits[1] = commits[0]+pair[0].acts, commits[1]+pair[1].acts
	}
	if err := b.syncs(dbs, before, commits); err != nil {
		return err
	}
	with, without := eachOf(laps, 0), eachOf(laps, 1)
	b.add("ledger_append_p50_ms; raw: without the ledger", quantile(with, 0.5), "ms", quantile(without, 0.5))
	b.add("ledger_append_p99_ms; raw: without the ledger", quantile(with, 0.99), "ms", quantile(without, 0.99))
	return nil
}

// syncs adds how often an entry was synced and written. bbolt syncs twice in each transaction that writes, its pages and
// then the page that names them (and once more where the file grows, by 16 MiB at a time); so its transactions tell.
func (b *ledgerBench) syncs(dbs [2]*bbolt.DB, before [2]bbolt.TxStats, commits [2]int) error {
	var syncs, writes [2]float64
	for i, db := range dbs {
		transactions := 0
		if err := db.View(func(tx *bbolt.Tx) error { transactions = tx.ID(); return nil }); err != nil {
			return err
		}
		stats := db.Stats().TxStats
		moved := stats.Sub(&before[i])
		// the first transactions made the file and its buckets
		syncs[i] = 2 * float64(transactions-firstTransactions) / float64(commits[i])
		writes[i] = float64(moved.GetWrite()) / float64(commits[i])
	}
	b.add("ledger_append_fsyncs; raw: without the ledger", syncs[0], "per entry", syncs[1])
	b.add("ledger_append_writes; raw: without the ledger", writes[0], "per entry", writes[1])
	return nil
}

// firstTransactions is the number of the transaction that made the buckets: a new file has those of 0 and 1.
const firstTransactions = 2

// commitsTo commits a row of state for each entry, with or without the rows of the ledger.
func commitsTo(db *bbolt.DB, ledgered bool) contender {
	var next int64
	return func(_ context.Context, within time.Duration) (lap, error) {
		return race(1, upTo(1_000_000), until(within), func(int) error {
			leaf := entryAt(next)
			next++
			return db.Update(func(tx *bbolt.Tx) error {
				if err := tx.Bucket(stateBucket).Put(binary.BigEndian.AppendUint64(nil, uint64(next)), leaf); err != nil || !ledgered {
					return err
				}
				tree, err := ledger.Load(tx)
				if err != nil {
					return err
				}
				tree.Append(leaf)
				return tree.Save()
			})
		})
	}
}

// chosen reports whether entry i stands in one of the two bundles: the others are leaves of eight bytes.
func (b *ledgerBench) chosen(i int64) bool {
	from := b.size.leaves / 2
	return i >= from && i < from+b.size.picked || i%(b.size.leaves/b.size.picked) == 0
}

// grow fills a tree, in large transactions that nothing waits for.
func (b *ledgerBench) grow(ctx context.Context) (err error) {
	if b.db, err = b.open("tree.db"); err != nil {
		return err
	}
	b.db.NoSync = true
	const perTransaction = 1 << 18
	begin := time.Now()
	for from := int64(0); from < b.size.leaves; from += perTransaction {
		err := b.db.Update(func(tx *bbolt.Tx) error {
			tree, err := ledger.Load(tx)
			if err != nil {
				return err
			}
			for i := from; i < min(from+perTransaction, b.size.leaves); i++ {
				if b.chosen(i) {
					tree.Append(entryAt(i))
				} else {
					tree.Append(binary.BigEndian.AppendUint64(nil, uint64(i)))
				}
			}
			return tree.Save()
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	b.add("ledger_entries, grown", float64(b.size.leaves), "entries", 0)
	b.add("ledger_entries, grown in", time.Since(begin).Seconds(), "s", 0)
	return nil
}

// proofs proves random entries, each in a view of its own, and reads as many random rows of the same file.
func (b *ledgerBench) proofs(ctx context.Context) (err error) {
	file, err := os.Open(b.db.Path())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	var ours, raw []time.Duration
	row := make([]byte, 512)
	for range b.size.proofs {
		rows := 0
		begin := time.Now()
		err := b.db.View(func(tx *bbolt.Tx) error {
			hashes := ledger.Hashes(tx)
			_, err := tlog.ProveRecord(b.size.leaves, b.rand.Int64N(b.size.leaves), tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
				rows += len(at)
				return hashes.ReadHashes(at)
			}))
			return err
		})
		ours = append(ours, time.Since(begin))
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		begin = time.Now()
		for range rows {
			if _, err := file.ReadAt(row, b.rand.Int64N(info.Size()/512)*512); err != nil {
				return err
			}
		}
		raw = append(raw, time.Since(begin))
	}
	b.add("ledger_proof_p50_ms; raw: as many rows of the file", quantile(ours, 0.5), "ms", quantile(raw, 0.5))
	b.add("ledger_proof_p99_ms; raw: as many rows of the file", quantile(ours, 0.99), "ms", quantile(raw, 0.99))
	return nil
}

func (b *ledgerBench) contiguous(context.Context) error {
	return b.verify("ledger_verify_contiguous", func(k int64) int64 { return b.size.leaves/2 + k })
}

func (b *ledgerBench) scattered(context.Context) error {
	return b.verify("ledger_verify_scattered", func(k int64) int64 { return k * (b.size.leaves / b.size.picked) })
}

// verify proves the entries of a bundle, beside SHA-256 over the bytes of entries and proof: with one goroutine, by the
// processors' time, and with all processors, by the clock.
func (b *ledgerBench) verify(name string, at func(int64) int64) error {
	raw, hashed, err := b.bundleOf(at)
	if err != nil {
		return err
	}
	open, err := bundle.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return err
	}
	sum := func() error { _ = sha256.Sum256(hashed); return nil }
	proves := func(goroutines int) func() error {
		return func() error { _, err := open.Tree(goroutines); return err }
	}
	if err := b.beside(name+"_cpu_ms; raw: SHA-256 of entries and proof", cpuOf, proves(1), sum); err != nil {
		return err
	}
	if err := b.beside(name+"_ms, on all processors; raw: SHA-256 of entries and proof on one", clockOf, proves(runtime.GOMAXPROCS(0)), sum); err != nil {
		return err
	}
	b.add(name+"_bytes", float64(len(hashed)), "bytes", 0)
	return nil
}

// beside adds the median of some work in ms, of the same of the limit, and of the ratio of each pair.
func (b *ledgerBench) beside(name string, took func(work func() error) (float64, error), work, limit func() error) error {
	var ours, raw, ratios []float64
	for range b.size.rounds {
		r, err := took(limit)
		if err != nil {
			return err
		}
		o, err := took(work)
		if err != nil {
			return err
		}
		ours, raw, ratios = append(ours, o), append(raw, r), append(ratios, o/r)
	}
	b.results = append(b.results, Result{Name: name, Value: median(ours), Unit: "ms", Raw: median(raw), Ratio: median(ratios)})
	return nil
}

// clockOf is how long work takes in ms.
func clockOf(work func() error) (float64, error) {
	runtime.GC()
	begin := time.Now()
	err := work()
	return max(float64(time.Since(begin).Nanoseconds())/1e6, 1e-3), err
}

// cpuOf is how much of the processors work takes in ms, which other work of the machine does not lengthen.
func cpuOf(work func() error) (float64, error) {
	runtime.GC()
	before, err := worked()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := worked()
	return max(float64((after-before).Nanoseconds())/1e6, 1e-3), err
}

// bundleOf is a bundle of entries, and the bytes of entries and proof in it.
func (b *ledgerBench) bundleOf(at func(int64) int64) (raw, hashed []byte, err error) {
	var indexes []int64
	var entries []byte
	for k := range b.size.picked {
		indexes = append(indexes, at(k))
		entries = bundle.AppendEntry(entries, at(k), entryAt(at(k)))
	}
	var proof []byte
	var root tlog.Hash
	err = b.db.View(func(tx *bbolt.Tx) error {
		stored, err := ledger.Multiproof(b.size.leaves, indexes, nil, ledger.Hashes(tx))
		if err != nil {
			return err
		}
		proof = bundle.AppendProof(nil, stored)
		root, err = tlog.TreeHash(b.size.leaves, ledger.Hashes(tx))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	const origin = "qingkong/bench/00000000"
	key, _, err := identity.NewKey(bytes.NewReader(make([]byte, 64)), origin)
	if err != nil {
		return nil, nil, err
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		return nil, nil, err
	}
	checkpoint, err := note.Sign(&note.Note{Text: torchwood.Checkpoint{Origin: origin, Tree: tlog.Tree{N: b.size.leaves, Hash: root}}.String()}, signer)
	if err != nil {
		return nil, nil, err
	}
	made, err := bundle.Make(bundle.Manifest{MadeAt: time.Now().Format(time.RFC3339), Origin: origin, Subject: bundle.Subject{Warning: "W1"}, Size: b.size.leaves}, []bundle.Content{
		bundle.Bytes(bundle.CheckpointFile, checkpoint), bundle.Bytes(bundle.EntriesFile, entries), bundle.Bytes(bundle.ProofFile, proof),
		bundle.Bytes(bundle.IndexFile, nil)}, signer)
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	_, err = made.WriteTo(&out)
	return out.Bytes(), append(entries, proof...), err
}

// shut ends the tree's file before its folder is taken away.
func (b *ledgerBench) shut(context.Context) error { return b.db.Close() }
