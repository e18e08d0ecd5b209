package feed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// Where files go, below the watched folder and so on the same file system.
const (
	takenDir   = "taken"
	refusedDir = "refused"
	whyEnding  = ".why.txt"
	// maxSame ends the search for a free name.
	maxSame = 10_000
)

// putAside moves a file to taken/, or with a why to refused/ beside a text that says it. No file is overwritten: one
// of the same name gets -2, -3, … before its ending. It returns the file's new name.
func (f *feed) putAside(a arrival, why *refusal.Error) (string, error) {
	dir := filepath.Join(f.Path, takenDir)
	if why != nil {
		dir = f.refusedFolder()
	}
	// #nosec G301 -- who drops forecasts there reads why one was refused
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	name := filepath.Base(a.path)
	stem, ending := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
	for n := 1; n <= maxSame; n++ {
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ending)
		}
		err := moveTo(a.path, filepath.Join(dir, name), f.explain(a.name, why))
		if !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
	return "", fmt.Errorf("%s holds %d files of the name %s", dir, maxSame, a.name)
}

// moveTo moves a file to a name that must be free (fs.ErrExist), with the text why beside it unless that is empty.
// The name is reserved by an empty file first, for a rename would replace silently what is there; the text is
// written before the move, so that nothing lies in refused/ unexplained.
func moveTo(from, to, why string) (err error) {
	made := []string{}
	defer func() {
		if err != nil {
			for _, name := range made {
				_ = os.Remove(name) // ours, and empty or the text alone
			}
		}
	}()
	if err := create(to, ""); err != nil {
		return err
	}
	made = append(made, to)
	if why != "" {
		if err := create(to+whyEnding, why); err != nil {
			return err
		}
		made = append(made, to+whyEnding)
	}
	return os.Rename(from, to)
}

// create writes a file that must not exist.
func create(name, text string) error {
	// #nosec G302 -- who drops forecasts there reads why one was refused
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(name) // a text cut short explains nothing
	}
	return err
}

// explain is the text beside a refused document, Chinese and English; "" for no refusal. A mark and CRLF, for it is
// read where the file was written, and that is often an old Windows.
func (f *feed) explain(name string, why *refusal.Error) string {
	if why == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(utf8BOM)
	args := refusal.Args{"file": name, "feed": f.Name, "at": refusal.Clock(f.moment(time.Now()))}
	title := "feed.why_title"
	if f.URL != "" {
		title = "feed.why_title_address"
	}
	for _, lang := range languages {
		fmt.Fprintf(&b, "%s\r\n%s\r\n", refusal.Text(title, lang, args), why.Detail(lang))
		for _, field := range why.Fields {
			fmt.Fprintf(&b, "  %s: %s\r\n", field.Path, field.Message(lang))
		}
		b.WriteString("\r\n")
	}
	return b.String()
}
