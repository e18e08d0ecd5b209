package main_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hurt says what a start may make of a damage.
type hurt int

const (
	noneHurt hurt = iota // the record is whole: the start is never refused
	// its file is gone or older, the stream is whole: it fills it, unless a mark says that it is short
	recordHurt
	bothHurt // the start may be refused, or the vault may say what it lacks
)

// damage is what is done to a folder while no program runs; do says what it did.
type damage struct {
	name  string
	hurts hurt
	do    func(to *torture, rng *rand.Rand) string
	room  func(to *torture, rng *rand.Rand) // runs the program for once where little can be written

	outside bool // of a folder whose streams lie on an external nats-server
	stays   bool // the program is not ended before it is held against what it promised
}

// The streams that matter, below the store of the NATS server.
const (
	journalStream = "jetstream/JOURNAL/streams/QINGKONG_JOURNAL"
	vaultStream   = "jetstream/JOURNAL/streams/KV_QINGKONG_VAULT"
	sessionStream = "jetstream/JOURNAL/streams/KV_QINGKONG_SESSIONS"
)

var damages = slices.Concat(
	[]damage{
		{name: "nothing", do: nothing},
		{name: "nothing more", do: nothing},
		{name: "nats/ removed", do: removes("nats")},
		{name: "sessions.db removed", do: removes("sessions.db")},
		{name: "height removed", do: removes("height")},
		{name: "nats/ and sessions.db removed", do: removes("nats", "sessions.db")},
		{name: "height and nats/ removed", do: removes("height", "nats")},
		{name: "file size limit", do: nothing, room: (*torture).belowLimit},
		{name: "disk full", do: nothing, room: fullData},
		{name: "disk of nats/ full", do: nothing, room: fullStream},
		{name: "disk of qingkong.db full", do: nothing, room: fullRecord},
		{name: "restored from a backup", do: takesRestored},
		{name: "qingkong.db removed", hurts: recordHurt, do: removes("qingkong.db")},
		{name: "qingkong.db and sessions.db removed", hurts: recordHurt, do: removes("qingkong.db", "sessions.db")},
		{name: "qingkong.db older", hurts: recordHurt, do: takesOlder},
		{name: "qingkong.db and nats/ removed", hurts: bothHurt, do: removes("qingkong.db", "nats")},
		{name: "qingkong.db older, nats/ removed", hurts: bothHurt, do: both(takesOlder, removes("nats"))},
	},
	onStream("journal", journalStream), onStream("vault", vaultStream), onStream("sessions", sessionStream),
)

// tortureSlice names the damages of the short slice.
var tortureSlice = []string{"nothing", "nats/ removed", "qingkong.db removed", "file size limit", "vault flipped",
	"qingkong.db and nats/ removed",
	"disk of nats/ full", "restored from a backup", "outside: nothing, and it goes on", "outside: qingkong.db removed"}

func damageNamed(name string) damage {
	all := append(slices.Clone(damages), outsideDamages()...)
	return all[slices.IndexFunc(all, func(d damage) bool { return d.name == name })]
}

// onStream are the damages of a stream's files, with the record whole and without it.
func onStream(name, stream string) (all []damage) {
	for how, do := range map[string]func([]byte, *rand.Rand) []byte{"removed": nil, "cut": cut, "flipped": flip} {
		hurts := fileOf(stream, do)
		all = append(all, damage{name: name + " " + how, do: hurts})
		if stream != sessionStream {
			all = append(all, damage{name: "qingkong.db removed, " + name + " " + how, hurts: bothHurt,
				do: both(removes("qingkong.db"), hurts)},
				damage{name: "qingkong.db older, " + name + " " + how, hurts: bothHurt, do: both(takesOlder, hurts)})
		}
	}
	slices.SortFunc(all, func(a, b damage) int { return strings.Compare(a.name, b.name) })
	return all
}

func nothing(*torture, *rand.Rand) string { return "" }

func both(a, b func(*torture, *rand.Rand) string) func(*torture, *rand.Rand) string {
	return func(to *torture, rng *rand.Rand) string { return strings.TrimSpace(a(to, rng) + " " + b(to, rng)) }
}

func removes(names ...string) func(*torture, *rand.Rand) string {
	return func(to *torture, _ *rand.Rand) string {
		for _, name := range names {
			if err := os.RemoveAll(filepath.Join(to.data, name)); err != nil {
				to.t.Fatal(err)
			}
		}
		return ""
	}
}

// usedBytes is how far qingkong.db is written; what it has beyond is room.
func usedBytes(to *torture) int {
	text, err := os.ReadFile(filepath.Join(to.data, "qingkong.db"))
	if err != nil {
		to.t.Fatal(err)
	}
	return len(bytes.TrimRight(text, "\x00"))
}

func takesOlder(to *torture, _ *rand.Rand) string {
	copyFile(to.t, to.older, filepath.Join(to.data, "qingkong.db"))
	return ""
}

// fileOf hurts one file of a stream; without change it is removed.
func fileOf(stream string, change func([]byte, *rand.Rand) []byte) func(*torture, *rand.Rand) string {
	return func(to *torture, rng *rand.Rand) string {
		files := filesBelow(to.t, filepath.Join(to.store(), stream))
		files = slices.DeleteFunc(files, func(name string) bool {
			i, err := os.Stat(name)
			return err != nil || i.Size() == 0
		})
		blocks := slices.DeleteFunc(slices.Clone(files), func(name string) bool { return filepath.Ext(name) != ".blk" })
		if len(blocks) > 0 && rng.IntN(2) == 0 {
			files = blocks
		}
		if len(files) == 0 {
			return "(no file)"
		}
		path := files[rng.IntN(len(files))]
		name := strings.TrimPrefix(path, to.store()+"/"+stream+"/")
		if change == nil {
			if err := os.Remove(path); err != nil {
				to.t.Fatal(err)
			}
			return name
		}
		text, err := os.ReadFile(path)
		if err != nil {
			to.t.Fatal(err)
		}
		after := change(bytes.Clone(text), rng)
		if err := os.WriteFile(path, after, 0o600); err != nil {
			to.t.Fatal(err)
		}
		if len(after) < len(text) {
			return fmt.Sprintf("%s at %d of %d", name, len(after), len(text))
		}
		for i := range text {
			if text[i] != after[i] {
				return fmt.Sprintf("%s byte %d of %d", name, i, len(text))
			}
		}
		return name
	}
}

func cut(text []byte, rng *rand.Rand) []byte { return text[:rng.IntN(len(text))] }

func flip(text []byte, rng *rand.Rand) []byte {
	text[rng.IntN(len(text))] ^= 1 << rng.IntN(8)
	return text
}

// there is what a folder holds of the record before a start: the files of the streams, and the entries of the record.
type there struct {
	blocks map[string][]byte
	db     bool
}

func (to *torture) whatIsThere() (left there) {
	t := to.t
	t.Helper()
	left.blocks = map[string][]byte{}
	for _, stream := range []string{journalStream, vaultStream} {
		for _, path := range filesBelow(t, filepath.Join(to.store(), stream)) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(path) == ".blk" {
				left.blocks[stream+"/msgs/"+filepath.Base(path)] = text
			}
		}
	}
	if _, err := os.Stat(filepath.Join(to.data, "qingkong.db")); err == nil {
		left.db = true
	}
	return left
}

// stillThere holds a folder whose start was refused against what it held: each file of a stream stands there, or aside,
// with at least the same bytes; and so does the record.
func (left there) stillThere(to *torture) {
	t := to.t
	t.Helper()
	now := append(filesBelow(t, to.data), filesBelow(t, to.store())...)
	for name, text := range left.blocks {
		stream := filepath.Base(filepath.Dir(filepath.Dir(name)))
		kept := slices.ContainsFunc(now, func(path string) bool {
			if !strings.HasSuffix(path, filepath.Join(stream, "msgs", filepath.Base(name))) {
				return false
			}
			have, err := os.ReadFile(path)
			return err == nil && bytes.HasPrefix(have, text)
		})
		if !kept {
			t.Errorf("the refused start left nothing that holds the %d bytes of %s", len(text), name)
		}
	}
	if left.db && !slices.ContainsFunc(now,
		func(path string) bool { return strings.HasPrefix(filepath.Base(path), "qingkong.db") }) {
		t.Error("the refused start left no record")
	}
}

// refusalIsRight holds a refused start against what was done to the folder.
func (to *torture) refusalIsRight(d damage) {
	to.t.Helper()
	said := to.out.String()
	code := to.cmd.ProcessState.ExitCode()
	to.cmd = nil
	if code != 1 || strings.Contains(said, "goroutine ") || !strings.HasPrefix(lastLine(said), "error: ") {
		to.t.Errorf("a refused start ends with %d and no sentence", code)
	}
	if !slices.ContainsFunc([]string{"backup", "restore", "rebuild", "move ", "remove ", "mount "},
		func(step string) bool { return strings.Contains(lastLine(said), step) }) {
		to.t.Error("a refused start does not say what to do")
	}
	switch height, err := os.ReadFile(filepath.Join(to.copied(), "height")); {
	case d.hurts == noneHurt:
		to.t.Error("a start was refused with the record whole")
	case d.hurts == recordHurt && (err != nil || !bytes.Contains(height, []byte("short_from"))):
		to.t.Errorf("a start was refused with the stream whole; height %s, %v", height, err)
	}
}

func filesBelow(t *testing.T, dir string) (all []string) {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// copyFolder copies a folder that no program uses, without what only a running one means.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	_ = os.Remove(filepath.Join(from, "control.sock")) // a killed program leaves its socket, which nobody copies
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(to, "addresses.json"))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
