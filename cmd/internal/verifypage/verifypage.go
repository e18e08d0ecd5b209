// Package verifypage is the page /verify: one HTML file that loads nothing, to be saved and opened from a disk, in which a
// browser verifies a bundle of evidence without network. Its script is written from docs/bundle.md and shares no code with
// package bundle; the words in which it says what was proved are the program's own. Hashes and signatures are those of
// noble, unchanged as published (static/VERSIONS).
package verifypage

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

//go:embed static
var static embed.FS

// Name is the file that the page is saved as.
const Name = "qingkong-verify.html"

// Page is the page and the policy that it is served under.
type Page struct {
	HTML   []byte
	Policy string // Content-Security-Policy; the file states the same of itself, but for who may frame it
}

// policy lets the page's own script and style run, and nothing load.
const policy = "default-src 'none'; connect-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'"

// New makes the page. words are those of package proofs, in which entries, rules and reasons are told; what they have no
// word for is shown by its name.
func New(words any) Page {
	said, err := json.Marshal(words) // which escapes what would end a script
	if err != nil {
		panic("verifypage: " + err.Error()) // strings always encode
	}
	script := "\"use strict\";\n(() => {\n" + noble() + read("bundle.js") + "const catalogue = " + string(said) + ";\n" +
		read("say.js") + read("page.js") + "})();\n"
	style := read("page.css")
	own := fmt.Sprintf(policy, hashOf(script), hashOf(style))
	html := strings.NewReplacer("{{policy}}", own, "{{style}}", style, "{{script}}", script, "{{name}}", Name).Replace(read("page.html"))
	return Page{HTML: []byte(html), Policy: own + "; frame-ancestors 'none'"}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func read(name string) string {
	text, err := static.ReadFile("static/" + name)
	if err != nil {
		panic("verifypage: " + err.Error()) // embedded, so wrong only when built wrong
	}
	return string(text)
}

// modules are the vendored files, each behind those that it imports, by the name that others import it by.
var modules = []struct{ file, name string }{
	{"noble-hashes-2.4.0-utils.js", "utils"},
	{"noble-hashes-2.4.0-u64.js", "_u64"},
	{"noble-hashes-2.4.0-md.js", "_md"},
	{"noble-hashes-2.4.0-sha2.js", "sha2"},
	{"noble-ed25519-3.2.0.js", "ed25519"},
}

var (
	importSome = regexp.MustCompile(`(?m)^import (\{[^}]*\}) from "\./(\w+)\.js";$`)
	importAll  = regexp.MustCompile(`(?m)^import \* as (\w+) from "\./(\w+)\.js";$`)
	exportOne  = regexp.MustCompile(`(?m)^export ((?:async )?(?:function|const|class) (\w+))`)
	exportList = regexp.MustCompile(`(?m)^export \{([^}]*)\};$`)
)

// noble is the vendored modules as one script, with their licences: each becomes a function that returns what the module exports. A script in
// a saved file can import none, and a policy could not name it by its hash.
func noble() string {
	var out strings.Builder
	for _, m := range modules {
		text := read(m.file)
		var exports []string
		for _, one := range exportOne.FindAllStringSubmatch(text, -1) {
			exports = append(exports, one[2])
		}
		for _, list := range exportList.FindAllStringSubmatch(text, -1) {
			exports = append(exports, strings.TrimSuffix(strings.TrimSpace(list[1]), ","))
		}
		text = importSome.ReplaceAllString(text, "const $1 = noble.$2;")
		text = importAll.ReplaceAllString(text, "const $1 = noble.$2;")
		text = exportOne.ReplaceAllString(text, "$1")
		text = exportList.ReplaceAllString(text, "")
		fmt.Fprintf(&out, "noble.%s = (() => {\n%s\nreturn {%s};\n})();\n", m.name, text, strings.Join(exports, ", "))
	}
	notices := "/*\n@noble/ed25519\n" + read("LICENSE-noble-ed25519") + "\n@noble/hashes\n" + read("LICENSE-noble-hashes") + "\n*/\n"
	return notices + "const noble = {};\n" + out.String() + "const {sha256, sha512} = noble.sha2, {Point} = noble.ed25519;\n"
}
