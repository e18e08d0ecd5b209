package verifypage

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
)

// The vendored files are what VERSIONS says they are, all of them are in the page, and each has its licence beside it.
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
		if !strings.Contains(f[0], f[2]) {
			t.Errorf("%s does not say its version %s", f[0], f[2])
		}
		if !strings.Contains(read(f[4]), "Permission is hereby granted, free of charge") {
			t.Errorf("%s is no MIT licence", f[4])
		}
	}
	files, err := static.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "noble-") && !listed[f.Name()] {
			t.Errorf("%s is not in VERSIONS", f.Name())
		}
	}
	page := string(New(nil).HTML)
	for _, m := range modules {
		if !listed[m.file] {
			t.Errorf("%s is not in VERSIONS", m.file)
		}
		// But for what binds them together, their lines stand in the page as they were published.
		for line := range strings.Lines(read(m.file)) {
			if !bound.MatchString(line) && !strings.Contains(page, line) {
				t.Fatalf("%s: the page lacks %q", m.file, line)
			}
		}
	}
	for _, f := range []string{"LICENSE-noble-ed25519", "LICENSE-noble-hashes"} {
		if !strings.Contains(page, strings.SplitN(read(f), "\n", 4)[2]) {
			t.Errorf("the page lacks the notice of %s", f)
		}
	}
}

// No word of the page stands in the place of another: of two of one name the script would take the last.
func TestEveryWordOfThePageStandsOnce(t *testing.T) {
	_, words, ok := strings.Cut(read("page.js"), "const words = {\n")
	if !ok {
		t.Fatal("the page has no words")
	}
	words, _, _ = strings.Cut(words, "\n};")
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z_]+): `).FindAllStringSubmatch(words, -1) {
		if seen[m[1]] {
			t.Errorf("the word %s stands twice", m[1])
		}
		seen[m[1]] = true
	}
	if len(seen) < 40 {
		t.Errorf("%d words are found", len(seen))
	}
}

var bound = regexp.MustCompile(`^(import|export) `)

// The page is one file, the same at each start: nothing in it loads anything, and nothing in its words ends its
// script.
func TestThePageIsOneFile(t *testing.T) {
	words := map[string][2]string{"a": {"</script><script>alert(1)</script>", "<!--"}, "b": {"签收", "acknowledged"}}
	page := New(words)
	html := string(page.HTML)
	if again := New(words); string(again.HTML) != html || again.Policy != page.Policy {
		t.Error("the same program has two pages")
	}
	if strings.Count(html, "<script") != 1 || strings.Count(html, "</script") != 1 || strings.Contains(html, "<!--") || strings.Contains(html, "{{") {
		t.Error("the script of the page is not all of its script")
	}
	for _, loads := range []string{"<img", "<iframe", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "innerHTML", "outerHTML",
		"insertAdjacentHTML", "document.write", "eval(", "new Function", "crypto.subtle.", "localStorage"} {
		own := read("bundle.js") + read("say.js") + read("page.js") + read("page.css") + read("page.html")
		if strings.Contains(own, loads) {
			t.Errorf("the page has %s", loads)
		}
	}
	if strings.Contains(html, "http://") || regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).MatchString(html) {
		t.Error("the page names an address")
	}
}
