package feed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"qingkong/alerts/refusal"
)

const (
	// settleTime is how long a file must have been left alone, from one look to another, before it is read: longer
	// than a program that writes in pieces, or a copy over a slow share, pauses between two of them.
	settleTime = 5 * time.Second
	// completeTime is how long a file that is plainly not complete, empty or JSON cut short, may still become so.
	// After that it is offered as it is, so that its sender is told what is wrong with it.
	completeTime = 2 * time.Minute
)

// arrival is a file that a look found.
type arrival struct {
	name string // as it may be shown and written to JSON
	path string
	info fs.FileInfo
}

// sighting is how a file looked, and since when it has looked so.
type sighting struct {
	size     int64
	modified time.Time
	since    time.Time
}

// errUnsettled says that a file is still being written, so that it waits for another look.
var errUnsettled = errors.New("still being written")

// lookFolder offers every file that has settled, the oldest first, and returns when to look again for those that
// have not, or that the handler was not ready for.
func (f *feed) lookFolder(ctx context.Context) (again time.Duration) {
	arrivals, err := f.arrivals()
	if err != nil {
		f.met("watched folder cannot be read; create it or grant access", "path", f.Path, "error", err)
		return 0
	}
	f.met("")
	sooner := func(wait time.Duration) {
		if again == 0 || wait < again {
			again = wait
		}
	}
	failed := false
	for _, a := range arrivals {
		if f.isLeft(a) {
			continue
		}
		if !f.settled(a) {
			sooner(settleTime)
			continue
		}
		err := f.bring(ctx, a)
		switch {
		case ctx.Err() != nil:
			return 0
		case errors.Is(err, errUnsettled):
			sooner(settleTime)
		case later(err):
			failed = true
			f.log.Warn("file not taken yet and offered again later", "file", a.name, "error", err)
		}
		if refusal.CodeOf(err) == refusal.NotReady || refusal.CodeOf(err) == refusal.RateLimited {
			break // nothing will be taken now, so the others keep their order
		}
	}
	if failed {
		sooner(f.retry())
	}
	return again
}

// arrivals lists the files that a feed takes, the oldest first, and forgets what it knew of files that are gone.
func (f *feed) arrivals() ([]arrival, error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, err
	}
	var out []arrival
	present := map[string]bool{}
	for _, e := range entries {
		if !e.Type().IsRegular() || !f.wanted(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // went away meanwhile
		}
		a := arrival{name: shown(e.Name()), path: filepath.Join(f.Path, e.Name()), info: info}
		present[a.name] = true
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b arrival) int {
		return cmp.Or(a.info.ModTime().Compare(b.info.ModTime()), cmp.Compare(a.name, b.name))
	})
	f.forget(present)
	return out, nil
}

// forget drops what is known of files that are no longer in the folder.
func (f *feed) forget(present map[string]bool) {
	for name := range f.seen {
		if !present[name] {
			delete(f.seen, name)
		}
	}
	for name, l := range f.get().Left {
		if !present[name] || l.Path != f.Path {
			f.set(func(s *state) { delete(s.Left, name) })
		}
	}
}

// shown is a file name as text: names that came over a share are sometimes not UTF-8.
func shown(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// wanted reports whether the feed takes a file of that name: .csv and .json, and .txt where CSV is what it reads.
// Hidden files and unfinished ones are how well-behaved programs write.
func (f *feed) wanted(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	switch strings.ToLower(filepath.Ext(name)) { // .tmp, .part and .new are none of these
	case ".csv", ".json":
		return true
	case ".txt":
		return f.Format == "csv"
	}
	return false
}

// isLeft reports whether a file was answered before and could not be moved away.
func (f *feed) isLeft(a arrival) bool {
	l, known := f.get().Left[a.name]
	return known && l.Size == a.info.Size() && l.Modified.Equal(a.info.ModTime())
}

// settled reports whether a file looks as it did at an earlier look, and has looked so for settleTime. The modification
// time is compared but not trusted: a file server's clock may be ahead, and a copy may carry its original's time
// while it is still being written.
func (f *feed) settled(a arrival) bool {
	s, known := f.seen[a.name]
	if !known || s.size != a.info.Size() || !s.modified.Equal(a.info.ModTime()) {
		f.seen[a.name] = sighting{size: a.info.Size(), modified: a.info.ModTime(), since: time.Now()}
		return false
	}
	return time.Since(s.since) >= settleTime
}

// bring reads a file, offers it and moves it away by the answer. An error of the handler that means "later" and
// errUnsettled leave the file where it is; a refusal, whoever it came from, is returned after it was dealt with.
func (f *feed) bring(ctx context.Context, a arrival) error {
	body, err := f.read(a)
	sum := ""
	if body != nil {
		sum = digest(body)
		if l, known := f.get().Left[a.name]; known && l.SHA256 == sum {
			f.leave(a, sum) // touched, with the same content
			return nil
		}
	}
	var d Document
	if err == nil {
		d, err = f.document(a, body)
	}
	if err == nil {
		err = f.offer(ctx, d)
	}
	if later(err) {
		return err
	}
	var why *refusal.Error
	if errors.As(err, &why) {
		f.log.Error("file refused", "file", a.name, "error", why)
	}
	if moved := f.answered(a, why); moved != nil {
		f.log.Warn("file cannot be moved away and is remembered instead; let this program write in the folder", "file",
			a.name, "error", moved)
		f.leave(a, sum)
	}
	delete(f.seen, a.name)
	return err
}

// answered moves away a file that was taken or refused, and notes the refusal.
func (f *feed) answered(a arrival, why *refusal.Error) error {
	name, err := f.putAside(a, why)
	if err != nil {
		name = ""
	}
	if why != nil {
		f.noteRefused(a.name, shown(name), why)
	}
	return err
}

// read returns the bytes of a file that is still the one that was listed, or a refusal of one too large.
func (f *feed) read(a arrival) ([]byte, error) {
	if a.info.Size() > maxSize {
		return nil, refusal.New(refusal.TooLarge, "feed.too_large", refusal.Args{"size": a.info.Size(), "limit": maxSize})
	}
	file, err := os.Open(a.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, err
	}
	now, err := file.Stat()
	if err != nil {
		return nil, err
	}
	unchanged := now.Size() == a.info.Size() && now.Size() == int64(len(body)) && now.ModTime().Equal(a.info.ModTime())
	if !unchanged || !os.SameFile(a.info, now) {
		return nil, errUnsettled // written to, or replaced, since it was listed
	}
	return body, nil
}

// document makes a document of a file's bytes: errUnsettled for one that may still become complete, a refusal for
// one that is not text or not of the feed's format.
func (f *feed) document(a arrival, body []byte) (Document, error) {
	d := Document{Feed: f.Name, Source: f.Source.Source, Name: a.name, Format: "csv", At: f.moment(a.info.ModTime())}
	ending := strings.ToLower(filepath.Ext(a.path))
	if ending == ".json" {
		d.Format = "json"
	}
	if f.Format != "" && f.Format != d.Format {
		return d, refusal.New(refusal.UnsupportedMedia, "feed.format_other",
			refusal.Args{"ending": ending, "format": f.Format})
	}
	text, err := DecodeText(body)
	if time.Since(f.seen[a.name].since) < completeTime &&
		(len(body) == 0 || d.Format == "json" && (err != nil || !complete(text))) {
		return d, errUnsettled
	}
	d.Body = text
	return d, err
}

// complete reports whether text is one whole JSON value; what is in it is for the handler to judge.
func complete(text []byte) bool {
	return jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true))
}

// leave remembers a file that was answered and stays where it is.
func (f *feed) leave(a arrival, sum string) {
	f.set(func(s *state) {
		if s.Left == nil {
			s.Left = map[string]leftover{}
		}
		s.Left[a.name] = leftover{Path: f.Path, Size: a.info.Size(), Modified: a.info.ModTime().In(refusal.Shanghai()), SHA256: sum}
	})
}

// digest is the SHA-256 of data in hexadecimal.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
