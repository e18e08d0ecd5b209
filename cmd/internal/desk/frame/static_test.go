package frame

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"strings"
	"testing"
)

// The vendored files are what VERSIONS says they are, and each has its licence beside it.
func TestVendoredFiles(t *testing.T) {
	text, err := staticFiles.ReadFile("static/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 5 {
			t.Fatalf("want file, package, version, licence file, sha256: %q", line)
		}
		listed[f[0]] = true
		data, err := staticFiles.ReadFile("static/" + f[0])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f[4] {
			t.Errorf("%s has SHA-256 %x", f[0], sum)
		}
		if !strings.Contains(f[0], f[2]) {
			t.Errorf("%s does not say its version %s", f[0], f[2])
		}
		if licence, err := staticFiles.ReadFile("static/" + f[3]); err != nil ||
			!strings.Contains(string(licence), "Permission to use, copy, modify") {
			t.Errorf("%s: licence %s: %v", f[0], f[3], err)
		}
	}
	files, err := fs.Glob(staticFiles, "static/*.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[strings.TrimPrefix(f, "static/")] {
			t.Errorf("%s is not in VERSIONS", f)
		}
	}
}

// The style sheet loads nothing.
func TestTheStyleSheetLoadsNothing(t *testing.T) {
	css, err := staticFiles.ReadFile("static/desk.css")
	if err != nil || strings.Contains(string(css), "url(") || strings.Contains(string(css), "@import") {
		t.Errorf("the style sheet loads something: %v", err)
	}
}
