package bus

import (
	"os"
	"path/filepath"
	"testing"
)

// The server passes over a stream whose configuration or its checksum is damaged. The stream that is made again has the
// messages it had, and is there by itself at the start after, and in a copy of the store; what was damaged lies aside.
func TestAStreamWhoseConfigurationIsDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"a flipped bit of meta.inf": func(t *testing.T, dir string) { change(t, filepath.Join(dir, "meta.inf"), flipFirst) },
		"a flipped bit of meta.sum": func(t *testing.T, dir string) { change(t, filepath.Join(dir, "meta.sum"), flipFirst) },
		"a cut meta.inf":            func(t *testing.T, dir string) { change(t, filepath.Join(dir, "meta.inf"), half) },
		"an empty meta.inf":         func(t *testing.T, dir string) { change(t, filepath.Join(dir, "meta.inf"), nothing) },
		"no meta.inf":               func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "meta.inf")) },
		"no meta.sum":               func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "meta.sum")) },
	} {
		t.Run(name, func(t *testing.T) {
			store := t.TempDir()
			run := func(make bool) (msgs uint64, there bool) {
				b, err := Start(Config{StoreDir: store})
				if err != nil {
					t.Fatal(err)
				}
				defer closeBus(t, b)
				_, js := b.Public()
				if make {
					if err := b.EnsureStreams(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				s, err := js.Stream(t.Context(), StreamEvents)
				if err != nil {
					return 0, false
				}
				if s.CachedInfo().State.Msgs == 0 {
					publishEvents(t, b, 1, 7)
				}
				info, err := s.Info(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return info.State.Msgs, true
			}
			run(true)
			dir := filepath.Join(store, "jetstream", accountPublic, "streams", StreamEvents)
			damage(t, dir)
			if n, _ := run(true); n != 7 {
				t.Errorf("the stream that was made again holds %d messages, it had 7", n)
			}
			if n, there := run(false); !there || n != 7 {
				t.Errorf("at the start after it the stream is there: %v, with %d messages", there, n)
			}
		})
	}
}

// A start leaves a stream alone that the server can read.
func TestAStreamThatIsReadKeepsItsConfiguration(t *testing.T) {
	store := t.TempDir()
	for range 3 {
		b, err := Start(Config{StoreDir: store})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.EnsureStreams(t.Context()); err != nil {
			t.Error(err)
		}
		closeBus(t, b)
	}
	if aside, err := filepath.Glob(filepath.Join(store, "jetstream", "*", "streams", "*",
		metaFile+metaDamaged)); err != nil || len(aside) > 0 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

func flipFirst(text []byte) []byte { text[0] ^= 1; return text }
func half(text []byte) []byte      { return text[:len(text)/2] }
func nothing([]byte) []byte        { return nil }

func change(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, how(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
