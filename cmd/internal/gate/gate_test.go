package gate

import (
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"

	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	New(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// The vendored files are what VERSIONS says they are, and each has its licence beside it.
func TestVendoredFiles(t *testing.T) {
	listed := map[string]bool{}
	for line := range strings.Lines(read("VERSIONS")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 6 {
			t.Fatalf("want file, package, version, path in it, licence file, sha256: %q", line)
		}
		listed[f[0]] = true
		if sum := sha256.Sum256([]byte(read(f[0]))); hex.EncodeToString(sum[:]) != f[5] {
			t.Errorf("%s has SHA-256 %x", f[0], sum)
		}
		if !strings.Contains(f[0], f[2]) || !strings.Contains(read(f[4]), "Permission to use, copy, modify") {
			t.Errorf("%s does not say its version %s, or %s is no ISC licence", f[0], f[2], f[4])
		}
	}
	for _, m := range modules {
		if strings.ContainsAny(m, "0123456789") && !listed[m] {
			t.Errorf("%s is not in VERSIONS", m)
		}
	}
}

// Every file that is there is served, under a name that its content gives, and every name in them leads to one.
func TestFilesAreServedByTheirContent(t *testing.T) {
	all, err := fs.Glob(static, "static/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		name := strings.TrimPrefix(path, "static/")
		if !slices.Contains(slices.Concat(plain, modules, []string{manifest, shell, worker, "VERSIONS", "LICENSE-idb"}), name) {
			t.Errorf("%s is served nowhere", name)
		}
	}
	links := regexp.MustCompile(`"(/gate/static/[^"]+|\./[\w.-]+\.js)"`)
	for name, f := range files.byName {
		path := "/gate/static/" + name
		w := get(t, path)
		h := w.Header()
		if w.Code != http.StatusOK || w.Body.String() != string(f.data) || h.Get("Content-Type") != f.media || f.media == "" ||
			h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Content-Security-Policy") != Policy {
			t.Errorf("%s is answered by %d, %v", path, w.Code, h)
		}
		sum := sha256.Sum256(f.data)
		if !strings.Contains(name, "."+hex.EncodeToString(sum[:8])+".") {
			t.Errorf("%s has other content than its name says", name)
		}
		for _, link := range links.FindAllStringSubmatch(string(f.data), -1) {
			to := strings.TrimPrefix(strings.TrimPrefix(link[1], "/gate/static/"), "./")
			if files.byName[to] == nil {
				t.Errorf("%s names %s, which is not there", name, link[1])
			}
		}
		if strings.Contains(string(f.data), "{{") {
			t.Errorf("%s has a mark that was not filled in", name)
		}
	}
	for path, status := range map[string]int{"/gate": http.StatusSeeOther, "/gate/": http.StatusOK, "/gate/worker.js": http.StatusOK,
		"/gate/static/app.js": http.StatusNotFound, "/gate/static/": http.StatusNotFound, "/gate/x": http.StatusNotFound} {
		w := get(t, path)
		if w.Code != status || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s is answered by %d, %v", path, w.Code, w.Header())
		}
	}
}

// The worker keeps what the page is made of by its content names, all of it and nothing else.
func TestTheWorkerKeepsTheShellAlone(t *testing.T) {
	text := get(t, "/gate/worker.js").Body.String()
	var kept []string
	_, rest, _ := strings.Cut(text, "const files = ")
	list, _, _ := strings.Cut(rest, ";")
	if err := json.Unmarshal([]byte(list), &kept); err != nil {
		t.Fatalf("%v in %s", err, list)
	}
	if len(kept) != len(files.byName) || !slices.Contains(kept, "/gate/static/"+files.shell.name) {
		t.Errorf("%d files are kept of %d", len(kept), len(files.byName))
	}
	for _, path := range kept {
		if files.byName[strings.TrimPrefix(path, "/gate/static/")] == nil {
			t.Errorf("%s is kept and is not there", path)
		}
	}
	if strings.Contains(text, "{{") || strings.Contains(text, `"/api`) || strings.Contains(text, `"/desk`) {
		t.Error("the worker has a mark that was not filled in, or knows other addresses than its own")
	}
}

// The manifest is what a browser wants of a page to be installed.
func TestManifest(t *testing.T) {
	var m struct {
		Name     string
		StartURL string `json:"start_url"`
		Scope    string
		Display  string
		Icons    []struct{ Src, Sizes string }
	}
	for name, f := range files.byName {
		if strings.HasSuffix(name, ".webmanifest") {
			if err := json.Unmarshal(f.data, &m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if m.Name == "" || m.StartURL != "/gate/" || m.Scope != "/gate/" || m.Display != "standalone" || len(m.Icons) != 3 {
		t.Errorf("the manifest is %+v", m)
	}
}

// The page makes no markup of text, keeps nothing beside its database, and loads nothing from elsewhere.
func TestThePageMakesNoMarkup(t *testing.T) {
	for _, name := range append([]string{shell, worker, "gate.css"}, modules[1:]...) {
		text := read(name)
		for _, not := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
			"localStorage", "sessionStorage", "document.cookie", "@import", "url(", "http://www.example", "https://"} {
			if strings.Contains(text, not) {
				t.Errorf("%s has %s", name, not)
			}
		}
	}
}

// What is named here is called as it is everywhere else.
func TestNamesAreThoseOfTheCatalogue(t *testing.T) {
	kinds := map[string]terms.Kind{"result": terms.Item, "disposition": terms.Disposition, "inspection_result": terms.Inspected,
		"task_state": terms.TaskState, "origin": terms.TaskOrigin, "order_state": terms.OrderState, "verdict": terms.OrderState}
	named := regexp.MustCompile(`"([a-z_]+)\.([a-z_]+)": \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\]`)
	compared := 0
	for _, m := range named.FindAllStringSubmatch(read("words.js"), -1) {
		kind, ok := kinds[m[1]]
		if !ok || !refusal.Known(terms.Rule(kind, m[2])) && m[1] == "verdict" { // what has no verdict yet
			continue
		}
		if zh, en := terms.Name(kind, m[2], "zh-CN"), terms.Name(kind, m[2], "en"); m[3] != zh || m[4] != en {
			t.Errorf("%s.%s is %q, %q, and elsewhere %q, %q", m[1], m[2], m[3], m[4], zh, en)
		}
		compared++
	}
	if compared < 30 {
		t.Errorf("only %d names were compared", compared)
	}
}

// Every word is there in both languages, and every word that is asked for is there.
func TestWords(t *testing.T) {
	there := map[string]bool{}
	pair := regexp.MustCompile(`(?:^|[ {,])"?([a-z_]+(?:\.[a-z_]+)?)"?: \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\]`)
	for _, m := range pair.FindAllStringSubmatch(read("words.js"), -1) {
		if there[m[1]] {
			t.Errorf("%s stands twice", m[1])
		}
		there[m[1]] = true
		chinese := strings.ContainsFunc(m[2], func(c rune) bool { return c >= 0x3000 })
		if !chinese && m[1] != "pin" || m[3] == "" || strings.ContainsFunc(m[3], func(c rune) bool { return c >= 0x3000 }) {
			t.Errorf("%s is %q and %q", m[1], m[2], m[3])
		}
		for _, mark := range []string{"{0}", "{1}", "{2}", "{3}"} {
			if strings.Contains(m[2], mark) != strings.Contains(m[3], mark) {
				t.Errorf("%s has %s in one language alone", m[1], mark)
			}
		}
	}
	if len(there) < 200 {
		t.Fatalf("only %d words are found", len(there))
	}
	asked := regexp.MustCompile(`(?:\b(?:say|NotTaken)\((?:[^()"]*, )?|\blacks\(.*, )"([a-z_]+)"`)
	whole := regexp.MustCompile(`say\([^"()]*\? "([a-z_]+)" : "([a-z_]+)"`)
	for _, name := range modules[1:] {
		for _, m := range asked.FindAllStringSubmatch(read(name), -1) {
			if !there[m[1]] && !strings.HasSuffix(m[1], "_") {
				t.Errorf("%s asks for %s", name, m[1])
			}
		}
		for _, m := range whole.FindAllStringSubmatch(read(name), -1) {
			if !there[m[1]] || !there[m[2]] {
				t.Errorf("%s asks for %s or %s", name, m[1], m[2])
			}
		}
	}
}
