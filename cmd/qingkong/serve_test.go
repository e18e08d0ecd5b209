package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// below is every name below a folder, nil where there is no folder.
func below(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// An unmounted disk looks like a new folder. Serving it would begin a second record, which the mounted disk hides or
// which hides the disk's; so that is refused before anything is written, and what to do for either case is said.
func TestServeIsRefusedWhereThereIsNoRecord(t *testing.T) {
	for name, there := range map[string][]string{
		"no folder":                nil,
		"an empty folder":          {""},
		"a folder without records": {"lost+found/", "addresses.json", "node-id", "lock", "feeds/"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			for _, name := range there {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if name == "" || strings.HasSuffix(name, "/") {
					if err := os.MkdirAll(path, 0o700); err != nil {
						t.Fatal(err)
					}
				} else if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before := below(t, dir)
			code, said := exitOf(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
			if code != 1 || strings.Count(said, "\n") != 1 {
				t.Errorf("exit code %d, said %q", code, said)
			}
			for _, want := range []string{"qingkong init --data " + dir, "未挂载", "not mounted"} {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in %q", want, said)
				}
			}
			if after := below(t, dir); !slices.Equal(before, after) {
				t.Errorf("the folder had %v and has %v", before, after)
			}
			if _, err := os.Stat(dir); (err == nil) != (there != nil) {
				t.Errorf("the folder was made: %v", err)
			}
		})
	}
}

// Half of a record is a record: the other half comes back from it. With an external NATS the record may lie there.
func TestServeIsNotRefusedWhereTheRecordMayBe(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	command(t, "init", "--data", dir)
	taken := start(t, filepath.Join(t.TempDir(), "other"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	for name, c := range map[string]struct {
		without string
		more    []string
		says    string
	}{
		"whole":         {"", nil, taken.addr.HTTP},
		"nats alone":    {"qingkong.db", nil, taken.addr.HTTP},
		"db alone":      {"nats", nil, taken.addr.HTTP},
		"external NATS": {".", []string{"--nats-url", "nats://127.0.0.1:1"}, "external server"},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(data, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if c.without != "" {
				if err := os.RemoveAll(filepath.Join(data, c.without)); err != nil {
					t.Fatal(err)
				}
			}
			// It gets as far as the next thing that is wrong.
			args := append([]string{"serve", "--data", data, "--listen", taken.addr.HTTP, "--nats-listen", "127.0.0.1:0"},
				c.more...)
			if code, said := exitOf(t, args...); code != 1 || !strings.Contains(said, c.says) ||
				strings.Contains(said, "qingkong init") {
				t.Errorf("exit code %d, said %q", code, said)
			}
		})
	}
}

// Who would be reached from elsewhere without TLS does not start, a demo neither, and says what to do in one line;
// nothing is written. What the certificate files lack is said as early.
func TestServeIsRefusedBeyondThisMachineWithoutTLS(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.pem")
	for name, c := range map[string]struct {
		env   []string
		args  []string
		wants []string
	}{
		"HTTP": {nil, []string{"--listen", "0.0.0.0:0", "--nats-listen", "127.0.0.1:0"},
			[]string{"listen.http", "http.tls", "insecure_listen: true", "127.0.0.1:0", "明文"}},
		"NATS": {nil, []string{"--listen", "127.0.0.1:0", "--nats-listen", "[::]:0"},
			[]string{"listen.nats", "nats.tls", "insecure_listen: true", "README"}},
		"no certificate": {[]string{"QINGKONG_HTTP_TLS_CERT=" + none, "QINGKONG_HTTP_TLS_KEY=" + none},
			[]string{"--listen", "0.0.0.0:0", "--nats-listen", "127.0.0.1:0"}, []string{"http.tls.cert", none, "读不出"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			for _, e := range c.env {
				name, value, _ := strings.Cut(e, "=")
				t.Setenv(name, value)
			}
			code, said := exitOf(t, append([]string{"serve", "--demo", "--data", dir}, c.args...)...)
			if code != 1 || strings.Count(said, "\n") != 1 {
				t.Errorf("exit code %d, said %q", code, said)
			}
			for _, want := range c.wants {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in %q", want, said)
				}
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("the folder was made: %v", err)
			}
		})
	}
}
