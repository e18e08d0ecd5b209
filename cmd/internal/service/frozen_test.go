package service

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/natstest"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/notify/compliance"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// testdata/frozen holds whole records, each written by the program of its time: v1.blocks.gz has the blocks one after
// another, as `journal reconcile` keeps them, v1.golden.json is what they prove and what people see of them. Today's
// program replays them all, for ever. Neither file is ever changed.
//
// When the program has learned to do more, `go test ./cmd/internal/service -run Frozen -freeze` plays the story of
// frozen_story_test.go and writes it beside the others under the next number. It refuses to write over a file.
var freeze = flag.Bool("freeze", false, "write a new version of the frozen record")

const (
	frozenRecords = "testdata/frozen"
	blocksEnd     = ".blocks.gz"
	goldenEnd     = ".golden.json"
)

// goldenRecord is what a frozen record leaves.
type goldenRecord struct {
	Root    string   `json:"root"`
	Entries int64    `json:"entries"`
	Leaves  []string `json:"leaves"` // kind and hash of each
	Seen    seen     `json:"seen"`
}

// seen is what people see of a record that has lost its vault: whoever it names has no name.
type seen struct {
	Warnings   []*alerts.Warning          `json:"warnings"`
	Proposals  []*alerts.Proposal         `json:"proposals"`
	Forecasts  map[string]alerts.Forecast `json:"forecasts"` // those that proposals rest on
	Feeds      []alerts.FeedState         `json:"feeds"`
	Lists      []json.RawMessage          `json:"lists"`
	Recipients map[string]json.RawMessage `json:"recipients"` // by version
	Orders     []json.RawMessage          `json:"orders"`
	Boards     map[string]json.RawMessage `json:"boards"` // by warning
	Settings   notify.Settings            `json:"settings"`
	Users      []*calls.User              `json:"users"`
	Waiting    []journal.Due              `json:"waiting"` // in the outbox
	Timers     []string                   `json:"timers"`
	Stations   []*telemetry.Station       `json:"stations"`
	LastHour   *telemetry.RootHour        `json:"last_hour"`
	Cases      []*compliance.Case         `json:"cases"`
	Findings   []*compliance.Finding      `json:"findings"`
	Tasks      []*compliance.Task         `json:"tasks"`
	LastJudged *time.Time                 `json:"last_judged"` // hour
}

// Today's program makes of every frozen record the root, the leaves and the sight that it had.
func TestFrozenRecords(t *testing.T) {
	if *freeze {
		freezeNext(t)
	}
	records, err := filepath.Glob(filepath.Join(frozenRecords, "v*"+blocksEnd))
	if err != nil || len(records) == 0 {
		t.Fatalf("no frozen records in %s (%v)", frozenRecords, err)
	}
	for _, path := range records {
		base := strings.TrimSuffix(path, blocksEnd)
		t.Run(filepath.Base(base), func(t *testing.T) {
			frozen, err := os.ReadFile(base + goldenEnd)
			if err != nil {
				t.Fatal(err)
			}
			wrong := holds(parsed(t, frozen), parsed(t, encoded(t, replayed(t, readBlocks(t, path)))), "")
			for _, w := range wrong[:min(len(wrong), 20)] {
				t.Error(w)
			}
			if len(wrong) > 0 {
				t.Errorf("%d places differ. A record of an earlier program must leave what it left then; see the package comment of cmd/internal/journal", len(wrong))
			}
		})
	}
}

// unproved are the problems of a report, but that entries of the vault are missing: records are frozen without theirs.
func unproved(r journal.Report) []string {
	return slices.DeleteFunc(slices.Clone(r.Problems), func(p string) bool {
		return strings.HasPrefix(p, "vault: ") && strings.HasSuffix(p, "neither there nor erased")
	})
}

// replayed rebuilds a record from a stream of its blocks, then again from its own file, and reads it.
func replayed(t *testing.T, blocks [][]byte) goldenRecord {
	t.Helper()
	js, dir := startNATS(t), t.TempDir()
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: journal.Stream,
		Subjects: []string{"qingkong.journal.block"}, Storage: jetstream.FileStorage})
	if err != nil {
		t.Fatal(err)
	}
	got := goldenRecord{}
	for i, raw := range blocks {
		b, err := journal.ParseBlock(raw)
		if err != nil || b.Number != uint64(i)+1 {
			t.Fatalf("block %d: %v", i+1, err)
		}
		for _, e := range b.Entries() {
			hash := tlog.RecordHash(e.Leaf)
			got.Leaves = append(got.Leaves, e.Kind+" "+hex.EncodeToString(hash[:]))
		}
		if _, err := js.Publish(t.Context(), "qingkong.journal.block", raw); err != nil {
			t.Fatal(err)
		}
	}
	opt := journal.Options{Dir: dir, Registry: registry(), JS: js, NoSync: true, Node: "later"}
	first, err := journal.Rebuild(t.Context(), opt)
	if wrong := unproved(first); err != nil || len(wrong) > 0 {
		t.Fatalf("rebuilt from the stream: %v %v", err, wrong)
	}
	again, err := journal.Rebuild(t.Context(), opt)
	if err != nil || len(unproved(again)) > 0 || again.StateHash != first.StateHash {
		t.Fatalf("rebuilt from the record: %v %+v, from the stream %+v", err, again, first)
	}
	j, err := journal.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	got.Root, got.Entries = again.Root, again.Entries
	if err := j.View(func(tx *bbolt.Tx) error { return got.Seen.read(tx) }); err != nil {
		t.Fatal(err)
	}
	return got
}

// read reads a whole record, which is small.
func (s *seen) read(tx *bbolt.Tx) error {
	return errors.Join(s.readAir(tx), s.readLists(tx), s.readOrders(tx), s.readStations(tx), s.readFindings(tx), s.readRest(tx))
}

func (s *seen) readStations(tx *bbolt.Tx) (err error) {
	if s.Stations, _, err = telemetry.Stations(tx, "", 1000); err != nil {
		return err
	}
	last, found, err := telemetry.LastHour(tx)
	if found {
		s.LastHour, err = telemetry.HourRoot(tx, last)
	}
	return err
}

func (s *seen) readFindings(tx *bbolt.Tx) (err error) {
	if s.Findings, _, err = compliance.ListFindings(tx, compliance.Filter{}, "", 1000); err != nil {
		return err
	}
	if s.Tasks, _, err = compliance.ListTasks(tx, compliance.TaskFilter{}, "", 1000); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, f := range s.Findings {
		// the index by recipient is of what was recorded before there was one, too
		of, _, err := compliance.ListFindings(tx, compliance.Filter{Recipient: f.Recipient}, "", 1000)
		if err == nil && !slices.ContainsFunc(of, func(one *compliance.Finding) bool { return one.ID == f.ID }) {
			err = fmt.Errorf("finding %s is not among those of %s", f.ID, f.Recipient)
		}
		if err != nil {
			return err
		}
		c, err := compliance.GetCase(tx, f.Warning, f.Recipient)
		if err != nil {
			return err
		}
		if key := c.Warning + "/" + c.Recipient; !known[key] {
			known[key] = true
			s.Cases = append(s.Cases, c)
		}
	}
	if last := compliance.LastHour(tx); !last.IsZero() {
		s.LastJudged = &last
	}
	return nil
}

func (s *seen) readAir(tx *bbolt.Tx) error {
	warnings, err := alerts.ListWarnings(tx, "", 1000)
	if err != nil {
		return err
	}
	proposals, err := alerts.ListProposals(tx, "", "", 1000)
	if err != nil {
		return err
	}
	s.Warnings, s.Proposals, s.Forecasts = warnings.Items, proposals.Items, map[string]alerts.Forecast{}
	for _, p := range s.Proposals {
		if p.ForecastID != "" {
			f, err := alerts.GetForecast(tx, p.ForecastID)
			if err != nil {
				return err
			}
			s.Forecasts[p.ForecastID] = *f
		}
	}
	s.Feeds, err = alerts.Feeds(tx)
	return err
}

func (s *seen) readLists(tx *bbolt.Tx) error {
	versions, _, err := reductionlist.ListVersions(tx, "", 1000)
	if err != nil {
		return err
	}
	s.Recipients = map[string]json.RawMessage{}
	for _, v := range versions {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		s.Lists = append(s.Lists, text)
		rows, _, err := reductionlist.ScanRecipients(tx, v.ID, "", 1000)
		if err != nil {
			return err
		}
		if s.Recipients[v.ID], err = json.Marshal(rows); err != nil {
			return err
		}
	}
	return nil
}

func (s *seen) readOrders(tx *bbolt.Tx) (err error) {
	if s.Settings, err = notify.CurrentSettings(tx); err != nil {
		return err
	}
	nobody := notify.Vault{Contact: func(string) (name, phone string) { return "", "" }}
	s.Boards = map[string]json.RawMessage{}
	for _, w := range s.Warnings {
		board, err := notify.GetBoard(tx, w.ID)
		if err != nil {
			return err
		}
		if s.Boards[w.ID], err = json.Marshal(board); err != nil {
			return err
		}
		orders, _, err := notify.ListOrders(tx, notify.Filter{Warning: w.ID}, "", 1000)
		if err != nil {
			return err
		}
		for _, o := range orders {
			text, err := notify.JSON(tx, journal.ReadPos, nobody, o.ID)
			if err != nil {
				return err
			}
			s.Orders = append(s.Orders, text)
		}
	}
	return nil
}

func (s *seen) readRest(tx *bbolt.Tx) error {
	never := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	s.Waiting, _ = journal.DueOutbox(tx, channel.NATS, never, 10_000)
	s.Timers, _ = journal.DueTimers(tx, journal.Moment{At: never, Wall: never}, 10_000)
	return tx.Bucket([]byte("access.users")).ForEach(func(name, _ []byte) error {
		u, err := access.Get(tx, string(name))
		s.Users = append(s.Users, u)
		return err
	})
}

// holds lists where now lacks what was there or has it with another value. More members may have come; a list keeps its
// length and order.
func holds(was, now any, path string) (wrong []string) {
	switch was := was.(type) {
	case map[string]any:
		now, ok := now.(map[string]any)
		if !ok {
			return []string{path + " is no object any more"}
		}
		for name, v := range was {
			if next, ok := now[name]; ok {
				wrong = append(wrong, holds(v, next, path+"."+name)...)
			} else {
				wrong = append(wrong, path+"."+name+" is gone")
			}
		}
	case []any:
		now, ok := now.([]any)
		if !ok || len(now) != len(was) {
			return []string{fmt.Sprintf("%s has %d items, had %d", path, len(now), len(was))}
		}
		for i := range was {
			wrong = append(wrong, holds(was[i], now[i], fmt.Sprintf("%s[%d]", path, i))...)
		}
	default:
		if was != now {
			wrong = append(wrong, fmt.Sprintf("%s is %v, was %v", path, now, was))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// The story can still be played, so that the next version can be frozen, and has every kind that an act leads to.
func TestStory(t *testing.T) {
	never := kindsInSources(t)
	for _, raw := range tell(t) {
		b, err := journal.ParseBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Entries() {
			never = slices.DeleteFunc(never, func(k string) bool { return k == e.Kind })
		}
	}
	if want := []string{"notify.judged"}; !slices.Equal(never, want) { // no command records it yet
		t.Errorf("kinds that the story does not have: %v, want %v: play them in frozen_story_test.go", never, want)
	}
}

// A sight of a record is compared by what was there, not by what has come.
func TestFrozenSightMayGrow(t *testing.T) {
	was := parsed(t, []byte(`{"a":1,"b":[{"c":"x"},2.50]}`))
	for now, want := range map[string]int{
		`{"a":1,"b":[{"c":"x"},2.50]}`:                0,
		`{"a":1,"b":[{"c":"x","d":null},2.50],"e":1}`: 0,
		`{"b":[{"c":"x"},2.50]}`:                      1,
		`{"a":2,"b":[{"c":"y"},2.50]}`:                2,
		`{"a":1,"b":[{"c":"x"}]}`:                     1,
		`{"a":1,"b":[2.50,{"c":"x"}]}`:                2,
		`{"a":1,"b":null}`:                            1,
		`[]`:                                          1,
	} {
		if wrong := holds(was, parsed(t, []byte(now)), ""); len(wrong) != want {
			t.Errorf("%s: %q, want %d", now, wrong, want)
		}
	}
}

func parsed(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	var text, lines bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := errors.Join(e.Encode(v), json.Indent(&lines, text.Bytes(), "", "")); err != nil {
		t.Fatal(err)
	}
	return lines.Bytes()
}

// readBlocks reads a file of blocks and cuts it after each line with a block's hash.
func readBlocks(t *testing.T, path string) (blocks [][]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	begin := 0
	for at := 0; at < len(text); {
		line, _, ok := bytes.Cut(text[at:], []byte{'\n'})
		if !ok {
			t.Fatal("the file ends inside a line")
		}
		at += len(line) + 1
		if bytes.HasPrefix(line, []byte("sha256:")) {
			blocks, begin = append(blocks, text[begin:at:at]), at
		}
	}
	if begin != len(text) || len(blocks) == 0 {
		t.Fatal("the file ends inside a block")
	}
	return blocks
}

// freezeNext plays the story and writes it under the next number. What is written is what a replay sees.
func freezeNext(t *testing.T) {
	t.Helper()
	blocks := tell(t)
	got := replayed(t, blocks)
	if err := os.MkdirAll(frozenRecords, 0o755); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		base := filepath.Join(frozenRecords, fmt.Sprintf("v%d", n))
		err := writeNew(base+blocksEnd, zipped(t, bytes.Join(blocks, nil)))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = writeNew(base+goldenEnd, encoded(t, got))
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(text)
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// writeNew writes a file that must not be there.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func startNATS(t *testing.T) jetstream.JetStream {
	t.Helper()
	return natstest.Start(t, t.TempDir()).JS
}
