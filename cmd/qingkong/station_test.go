package main

import (
	"os"
	"path/filepath"
	"testing"

	"qingkong/alerts/refusal"
)

// A secret is one line of a file. An empty one is refused, for the server takes "" as not given, and nothing would change.
func TestSecretsAreOneLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	for text, want := range map[string]string{"123456": "123456", "123456\r\n": "123456", " 1 ": " 1 ", "": "", "\n": "",
		"\r\n\r\n": "", "123456\n654321\n": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for member, s := range map[string]stationSecrets{"password": {password: file}, "sm4_key": {key: file}} {
			r := &request{body: map[string]any{}}
			err := s.fill(r)
			if got, _ := r.body[member].(string); got != want || (err == nil) != (want != "") ||
				err != nil && (refusal.CodeOf(err) != refusal.Invalid || len(r.body) > 0) {
				t.Errorf("%s %q: %v, %v", member, text, r.body, err)
			}
		}
	}
}
