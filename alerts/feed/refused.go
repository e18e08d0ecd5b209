package feed

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// The documents that are kept of an address are bounded, for its publisher may repeat a refused document for ever.
// Files in a folder belong to somebody and stay.
const (
	keptRefused      = 20       // documents
	keptRefusedBytes = 64 << 20 // of all of them
)

// Refused is what a feed brought that was not taken.
type Refused struct {
	Total  int    // since the feed's state began
	Kept   int    // documents in Folder; where that cannot be read, 0
	Folder string // they lie there, each beside a text that says why
	Last   Refusal
}

// Refusal is one document that was not taken. Why is by language; File is its name in the folder, empty for one that is
// not kept.
type Refusal struct {
	At       time.Time         `json:"at"`
	Document string            `json:"document"` // the file's name, or the URL without user, password and query
	File     string            `json:"file,omitzero"`
	Why      map[string]string `json:"why"`
}

// refusals is what is remembered of it over a restart.
type refusals struct {
	Total int     `json:"total"`
	Last  Refusal `json:"last"`
}

// refusedFolder is where refused documents lie. An address has no folder of its own; its documents lie in the folder of
// all feeds.
func (f *feed) refusedFolder() string {
	if f.Kind == "url" {
		return filepath.Join(f.dir, f.Name, refusedDir)
	}
	return filepath.Join(f.Path, refusedDir)
}

// refusedSoFar is what was refused, with a look at what lies in the folder.
func (f *feed) refusedSoFar(s state) Refused {
	out := Refused{Total: s.Refused.Total, Folder: f.refusedFolder(), Last: s.Refused.Last}
	if out.Total == 0 {
		return out
	}
	entries, err := os.ReadDir(out.Folder)
	if err != nil {
		return out
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), whyEnding) {
			out.Kept++
		}
	}
	return out
}

// noteRefused remembers a refusal; file is the name under which the document is kept.
func (f *feed) noteRefused(document, file string, why *refusal.Error) {
	last := Refusal{At: f.moment(time.Now()), Document: document, File: file, Why: map[string]string{}}
	for _, lang := range languages {
		last.Why[lang] = whyText(why, lang)
	}
	f.set(func(s *state) { s.Refused = refusals{Total: s.Refused.Total + 1, Last: last} })
}

var languages = []string{"zh-CN", "en"}

// maxWhy bounds what is remembered of a reason: a document may be wrong in thousands of places, which the text beside
// it names.
const maxWhy = 5

func whyText(why *refusal.Error, lang string) string {
	text := why.Detail(lang)
	for i, field := range why.Fields {
		if i == maxWhy {
			return text + "\n…"
		}
		text += "\n" + field.Path + ": " + field.Message(lang)
	}
	return text
}

// refuseFetched keeps what an address brought, as it came, beside a text that says why it was refused. The document
// itself is left out where it was too large to be read. A failure to keep it is logged only: the document is refused
// all the same.
func (f *feed) refuseFetched(raw []byte, format string, why *refusal.Error) {
	document := redact(f.URL)
	file, err := f.keepFetched(raw, format, document, why)
	if err != nil {
		f.log.Warn("refused document could not be kept", "folder", f.refusedFolder(), "error", err)
		file = ""
	}
	f.noteRefused(document, file, why)
}

func (f *feed) keepFetched(raw []byte, format, document string, why *refusal.Error) (file string, err error) {
	dir := f.refusedFolder()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	sum := digest(raw)[:16]
	if raw == nil {
		sum = "too-large"
	} else if have, err := filepath.Glob(filepath.Join(dir, "*-"+sum+".*")); err == nil {
		for _, name := range have {
			if !strings.HasSuffix(name, whyEnding) {
				return filepath.Base(name), nil // published before, and kept
			}
		}
	}
	now := f.moment(time.Now())
	stem := fmt.Sprintf("%s-%06d-%s", now.Format("20060102T150405.000"), f.get().Refused.Total+1, sum)
	explained := stem + whyEnding
	if raw != nil {
		file = stem + "." + cmp.Or(format, "txt") // nothing says what it is
		explained = file + whyEnding
	}
	if err := create(filepath.Join(dir, explained), f.explain(document, why)); err != nil {
		return "", err
	}
	if raw != nil {
		if err := create(filepath.Join(dir, file), string(raw)); err != nil {
			return "", errors.Join(err, os.Remove(filepath.Join(dir, explained)))
		}
	}
	return file, prune(dir, stem)
}

// keptDocument is a document that lies aside with its explanation, or the explanation of one that does not.
type keptDocument struct {
	stem  string
	files []string
	size  int64
}

// prune removes the oldest documents and their explanations until what is left is within the bounds. The newest stays.
func prune(dir, newest string) error {
	entries, err := os.ReadDir(dir) // by name, which begins with the time
	if err != nil {
		return err
	}
	var all []keptDocument
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // went away meanwhile, or is none of ours
		}
		stem := e.Name()[:strings.LastIndexByte(e.Name(), '-')+1]
		if n := len(all); n == 0 || all[n-1].stem != stem {
			all = append(all, keptDocument{stem: stem})
		}
		last := &all[len(all)-1]
		last.files, last.size = append(last.files, e.Name()), last.size+info.Size()
		total += info.Size()
	}
	var failed error
	left := len(all)
	for _, a := range all {
		if left <= keptRefused && total <= keptRefusedBytes {
			break
		}
		if strings.HasPrefix(newest, a.stem) {
			continue
		}
		slices.Reverse(a.files) // the document last: nothing lies there unexplained for long
		for _, name := range a.files {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = errors.Join(failed, err)
			}
		}
		left, total = left-1, total-a.size
	}
	return failed
}
