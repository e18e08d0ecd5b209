package gate

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"qingkong/cmd/internal/scripts"
)

//go:embed static
var static embed.FS

// file is what the area serves under a name.
type file struct {
	name, media string
	data        []byte
}

// area is all that is served, made once.
type area struct {
	shell, worker *file
	byName        map[string]*file // by the name that the content gives
}

var mediaTypes = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".html": "text/html; charset=utf-8",
	".webmanifest": "application/manifest+json; charset=utf-8"}

// The files without names of others in them, the modules, each behind those that it imports, and what the shell names.
var (
	plain   = []string{"gate.css", "icon.svg", "icon-180.png", "icon-192.png", "icon-512.png"}
	modules = []string{"idb-8.0.4.js", "words.js", "dom.js", "api.js", "tus.js", "store.js", "vault.js", "photos.js",
		"upload.js", "drafts.js", "sync.js", "chart.js", "sign.js", "parts.js", "day.js", "inspect.js", "review.js", "kept.js",
		"settings.js", "app.js"}
	named = regexp.MustCompile(`\{\{([\w.-]+)\}\}`)
)

const (
	manifest = "gate.webmanifest"
	shell    = "shell.html"
	worker   = "worker.js"
)

var files = func() *area {
	a := &area{byName: map[string]*file{}}
	names := map[string]string{} // of the source -> by content
	add := func(source string, text []byte) *file {
		sum := sha256.Sum256(text)
		ext := path.Ext(source)
		f := &file{strings.TrimSuffix(source, ext) + "." + hex.EncodeToString(sum[:8]) + ext, mediaTypes[ext], text}
		a.byName[f.name], names[source] = f, f.name
		return f
	}
	for _, source := range plain {
		add(source, []byte(read(source)))
	}
	for _, source := range modules {
		add(source, []byte(scripts.Linked(read(source), names)))
	}
	address := func(text string) []byte {
		return []byte(named.ReplaceAllStringFunc(text, func(mark string) string {
			return "/gate/static/" + must(names, strings.Trim(mark, "{}"))
		}))
	}
	add(manifest, address(read(manifest)))
	a.shell = add(shell, address(read(shell)))
	a.worker = &file{worker, mediaTypes[".js"], []byte(workerOf(a, names[shell]))}
	return a
}()

func must(names map[string]string, source string) string {
	name, ok := names[source]
	if !ok {
		panic(fmt.Sprintf("gate: %s is not among the files in front", source)) // so wrong only when built wrong
	}
	return name
}

// workerOf is the worker with the names of what it keeps. It is another one with each change of any of them, which is how
// a browser learns that there is a new page.
func workerOf(a *area, shell string) string {
	var all []string
	for name := range a.byName {
		all = append(all, "/gate/static/"+name)
	}
	slices.Sort(all)
	list, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic("gate: " + err.Error()) // strings always encode
	}
	sum := sha256.Sum256(list)
	return strings.NewReplacer(`"{{files}}"`, string(list), "{{shell}}", "/gate/static/"+shell,
		"{{version}}", hex.EncodeToString(sum[:8])).Replace(read(worker))
}

// read is a file of the area, or one of the modules that it shares with others.
func read(name string) string {
	if text, ok := scripts.Read(name); ok {
		return text
	}
	text, err := static.ReadFile("static/" + name)
	if err != nil {
		panic("gate: " + err.Error()) // embedded, so wrong only when built wrong
	}
	return string(text)
}
