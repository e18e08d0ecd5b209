package service

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/proofs"
)

// Each kind of entry of every record that is kept, and each code in what is told of one, has a word in both languages:
// `qingkong verify`, the page of a bundle and /verify say no code to a person.
func TestEveryCodeOfRecordsHasAWord(t *testing.T) {
	words := proofs.PageWords()
	kinds, codes := 0, 0
	look := func(where, kind string, data []byte) {
		if w := words.Kinds[kind]; w[0] == "" || w[1] == "" || w[0] == w[1] {
			t.Errorf("%s: the kind %s has no word", where, kind)
		}
		kinds++
		for _, part := range words.Parts {
			if part.Form != "name" || !strings.HasPrefix(kind, part.Of) {
				continue
			}
			value := json.RawMessage(data)
			for name := range strings.SplitSeq(part.At, ".") {
				var all map[string]json.RawMessage
				if json.Unmarshal(value, &all) != nil {
					value = nil
					break
				}
				value = all[name]
			}
			var code string
			if len(value) == 0 || json.Unmarshal(value, &code) != nil || code == "" {
				continue
			}
			codes++
			if w := words.Names[part.Names][code]; w[0] == "" || w[1] == "" {
				t.Errorf("%s: %s of %s is %q, for which there is no word of a %s", where, part.At, kind, code, part.Names)
			}
		}
	}
	records, err := filepath.Glob(filepath.Join(frozenRecords, "v*"+blocksEnd))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range records {
		for _, raw := range readBlocks(t, path) {
			b, err := journal.ParseBlock(raw)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range b.Entries() {
				_, data, _ := strings.Cut(string(e.Leaf), `,"data":`)
				look(filepath.Base(path), e.Kind, []byte(strings.TrimSuffix(data, "}")))
			}
		}
	}
	forms, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range forms {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimSuffix(filepath.Base(path), ".json")
		if _, is := words.Kinds[kind]; !is {
			kind = kind[:strings.LastIndexByte(kind, '.')]
		}
		look(filepath.Base(path), kind, data)
	}
	if len(records) == 0 || kinds < 1000 || codes < 300 {
		t.Errorf("only %d entries of %d records with %d codes were looked at", kinds, len(records), codes)
	}
}
