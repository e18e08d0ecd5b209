package monitoring

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/web/serve"
)

// evidenceRow is a file that was handed in, as it is shown. Of one that there is not, or that the reader may not see, only the
// name is: the beginning of its hash.
type evidenceRow struct {
	Hash, Name, Href string
	What             string // its kind and size
	Picture          bool
}

// evidenceRows are the files of an explanation.
func (d *desk) evidenceRows(q *frame.Request, hashes []string) (rows []evidenceRow, err error) {
	all := make([]calls.EvidenceView, len(hashes))
	if q.May(calls.ActEvidenceRead) {
		if all, err = d.Svc.EvidenceOf(q.Ask(), hashes); err != nil {
			return nil, err
		}
	}
	for i, hash := range hashes {
		short := strings.TrimPrefix(hash, "sha256:")
		row := evidenceRow{Hash: hash, Name: short[:min(8, len(short))]}
		if e := &all[i]; e.Type != "" {
			row.Href = "/api/v1/evidence/" + url.PathEscape(hash)
			row.Picture = strings.HasPrefix(e.Type, "image/") && slices.Contains(calls.Shown, e.Type)
			row.What = q.T("evidence."+kindOf(e.Type), "size", sizeText(e.Size))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// kindOf is the word of a media type that is taken.
func kindOf(media string) string {
	switch kind, of, _ := strings.Cut(media, "/"); {
	case kind == "image", kind == "video", kind == "text":
		return kind
	case of == "pdf":
		return of
	}
	return "archive"
}

// sizeText is a size in bytes as people read it.
func sizeText(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// mostEvidence is how many files an explanation names.
const mostEvidence = 100

// texts are what the form of an explanation has before its file.
var texts = []serve.Text{{Name: "note", Bytes: 16 << 10, Times: 1}, {Name: "evidence", Bytes: 80, Times: mostEvidence},
	{Name: "back", Bytes: 20, Times: 1}}

// fileAccept are the files that a browser offers to choose: a phone then makes a JPEG of a photo in its own form.
const fileAccept = "image/jpeg,image/png,image/gif,image/webp,image/bmp,application/pdf,video/mp4,video/webm,.xlsx,.docx,.zip,.txt,.csv"

// handIn takes in the file of an explanation that is not sent yet, and leads back to it.
func (d *desk) handIn(q *frame.Request) (to string, err error) {
	file, err := q.ReadForm()
	if file != nil {
		defer file.Close()
	}
	if err != nil {
		return "", ofFile(err)
	}
	if _, err := d.Svc.Finding(q.Context(), q.Ask(), calls.ByID{ID: q.ID()}); err != nil {
		return "", err
	}
	if file == nil {
		return "", refusal.Input([]refusal.Field{{Path: "file", Rule: "evidence.none"}})
	}
	if err := d.takeIn(q, file); err != nil {
		return "", err
	}
	query := url.Values{}
	if note := q.PostForm.Get("note"); strings.TrimSpace(note) != "" {
		if query, err = q.ToEdit(url.Values{"note": {note}}); err != nil {
			return "", err
		}
	}
	query["evidence"] = q.PostForm["evidence"]
	query.Set("done", "finding.handed_in")
	return findingPath(q.ID()) + "?" + query.Encode(), nil
}

// takeIn keeps a file of a form and adds it to the form's evidence. It goes without the form's key, which is the
// explanation's: the same file again is the same.
func (d *desk) takeIn(q *frame.Request, file *serve.Upload) error {
	ask := q.Ask()
	ask.Key = ""
	e, err := d.Svc.AddEvidence(q.Context(), ask, file.Reader(), file.Size())
	if err == nil && !slices.Contains(q.PostForm["evidence"], e.Hash) {
		q.PostForm.Add("evidence", e.Hash)
	}
	return ofFile(err)
}

// ofFile has what is refused of a file stand beside its input, whatever it is.
func ofFile(err error) error {
	var e *refusal.Error
	if !errors.As(err, &e) || len(e.Fields) > 0 {
		return err
	}
	if e.Code == refusal.TooLarge {
		e = refusal.New(e.Code, "evidence.size", refusal.Args{"limit": calls.MostEvidence >> 20})
	}
	beside := *e
	beside.Fields = []refusal.Field{{Path: "file", Rule: e.Rule, Args: e.Args}}
	return &beside
}
