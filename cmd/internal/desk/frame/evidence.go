package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/photos"
	"qingkong/cmd/internal/web/serve"
)

// EvidenceRow is a file that was handed in, as it is shown. Of one that there is not, or that the reader may not see, only the
// name is: the beginning of its hash.
type EvidenceRow struct {
	Hash, Name, Href string
	What             string     // its kind and size
	Small            string     // address of a small picture of it; empty where there is none
	Taken, Claimed   *time.Time // when a photo says that it was taken, and the device that handed it in
	Remarks          []string
}

// smallPicture is how large a picture in a row of evidence is, in pixels of its longer side.
const smallPicture = "?size=320"

// EvidenceRows are files by their hashes.
func (q *Request) EvidenceRows(hashes []string) (rows []EvidenceRow, err error) {
	all := make([]calls.EvidenceView, len(hashes))
	if q.May(calls.ActEvidenceRead) {
		if all, err = q.frame.Svc.EvidenceOf(q.Ask(), hashes); err != nil {
			return nil, err
		}
	}
	for i, hash := range hashes {
		short := strings.TrimPrefix(hash, "sha256:")
		row := EvidenceRow{Hash: hash, Name: short[:min(8, len(short))]}
		if e := &all[i]; e.Type != "" {
			row.Href = "/api/v1/evidence/" + url.PathEscape(hash)
			if photos.Scales(e.Type) {
				row.Small = row.Href + smallPicture
			}
			row.What = q.T("evidence."+kindOf(e.Type), "size", sizeText(e.Size))
			row.Taken, row.Claimed = e.TakenAt, e.ClaimedAt
			for _, r := range e.Remarks {
				row.Remarks = append(row.Remarks, r.Text)
			}
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

// MostEvidence is how many files an explanation, an answer or a report names.
const MostEvidence = 100

// EvidenceTexts are what a form of a note with evidence has before its file.
var EvidenceTexts = []serve.Text{{Name: "note", Bytes: 16 << 10, Times: 1}, {Name: "evidence", Bytes: 80, Times: MostEvidence},
	{Name: "back", Bytes: 20, Times: 1}}

// ReportTexts are what the form of a report on an order has before its file: a value of each measure, of which an answer has
// 200 at most, and what [EvidenceTexts] are.
var ReportTexts = append([]serve.Text{{Name: "at", Bytes: 80, Times: 1}, {Name: "correction", Bytes: 8, Times: 1},
	{Name: "value.*", Bytes: 80, Times: 200}}, EvidenceTexts...)

// EvidenceForm is what a form of a note takes along: files that were handed in for it already, and one input for a further
// one, which is handed in at the form's own address behind which stands /evidence.
type EvidenceForm struct {
	Href     string
	Evidence []EvidenceRow
	File     []Field
	Accept   string // the files that a browser offers to choose: a phone then makes a JPEG of a photo in its own form
	Words    string // that handin.js says, as JSON, with the largest size that it takes; empty where no file comes in pieces
}

const fileAccept = "image/jpeg,image/png,image/gif,image/webp,image/bmp,application/pdf,video/mp4,video/webm,.xlsx,.docx,.zip,.txt,.csv"

// EvidenceForm is that of a form below an address, with the files of these hashes. form sets the fields of several forms on
// a page apart.
func (q *Request) EvidenceForm(href, form string, hashes []string) (f EvidenceForm, err error) {
	file := q.Field("file", "file", false)
	file.Label, file.Form = q.T("asked.file"), form
	file.Hint = q.T("asked.file.hint", "limit", calls.MostEvidence>>20)
	f = EvidenceForm{Href: href, File: []Field{file}, Accept: fileAccept, Words: q.handInWords()}
	f.Evidence, err = q.EvidenceRows(hashes[:min(len(hashes), MostEvidence)])
	return f, err
}

// handInWords are what the script of a form with files says of them. What it fills in itself stands in braces.
func (q *Request) handInWords() string {
	most := q.frame.MostUpload
	if most <= 0 {
		return ""
	}
	own := func(name string) string { return "{" + name + "}" }
	rule := func(rule string, args refusal.Args) string { return refusal.Text(rule, q.Lang, args) }
	words := map[string]any{"most": most, "hint": q.T("handin.hint", "limit", most>>20),
		"remove": q.T("handin.remove"), "stop": q.T("handin.stop"), "login": q.T("login"),
		"file":    q.T("handin.file", "n", own("n"), "all", own("all"), "name", own("name")),
		"waiting": q.T("handin.waiting", "s", own("s")), "away": q.T("handin.away", "why", own("why")),
		"stopped": q.T("handin.stopped"), "unsure": q.T("handin.unsure"), "expired": q.T("handin.expired"),
		"refused": q.T("handin.refused", "n", own("n")), "handed": q.T("handin.handed", "n", own("n")),
		"sent": q.T("handin.sent"), "sending": q.T("handin.sending"), "unread": q.T("handin.unread"),
		"had":   q.T("asked.evidence", "n", own("n")),
		"empty": rule("evidence.empty", nil), "none": rule("evidence.none", nil),
		"large": rule("evidence.size", refusal.Args{"limit": most >> 20}),
		"type":  rule("evidence.type", refusal.Args{"type": own("type")})}
	text, err := json.Marshal(words)
	if err != nil {
		panic("desk: " + err.Error()) // texts and a number always encode
	}
	return string(text)
}

// besideTyped are the texts of a form with evidence that nobody types.
var besideTyped = []string{"evidence", "key", "back"}

// HandIn takes in the file of a form that is not sent yet and leads back to the page of the form, which says done. may
// refuses who may not hand in there.
func (q *Request) HandIn(page, done string, may func() error) (to string, err error) {
	file, err := q.ReadForm()
	if file != nil {
		defer file.Close()
	}
	if err != nil {
		return "", OfFile(err)
	}
	if err := may(); err != nil {
		return "", err
	}
	if file == nil {
		return "", refusal.Input([]refusal.Field{{Path: "file", Rule: "evidence.none"}})
	}
	if err := q.TakeIn(file); err != nil {
		return "", err
	}
	query, typed := url.Values{}, url.Values{}
	for name, values := range q.PostForm {
		if !slices.Contains(besideTyped, name) && strings.TrimSpace(values[0]) != "" {
			typed[name] = values[:1]
		}
	}
	if len(typed) > 0 {
		if query, err = q.ToEdit(typed); err != nil {
			return "", err
		}
	}
	query["evidence"] = q.PostForm["evidence"]
	query.Set("done", done)
	return page + "?" + query.Encode(), nil
}

// TakeIn keeps a file of a form and adds it to the form's evidence. It goes without the form's key, which is that of what
// the form says: the same file again is the same.
func (q *Request) TakeIn(file *serve.Upload) error {
	ask := q.Ask()
	ask.Key = ""
	e, err := q.frame.Svc.AddEvidence(q.Context(), ask, file.Reader(), file.Size())
	if err == nil && !slices.Contains(q.PostForm["evidence"], e.Hash) {
		q.PostForm.Add("evidence", e.Hash)
	}
	return OfFile(err)
}

// ReadEvidence reads a form with evidence. A file that was chosen and not handed in by its own button is taken in.
func (q *Request) ReadEvidence() error {
	file, err := q.ReadForm()
	if file != nil {
		defer file.Close()
		return q.TakeIn(file)
	}
	return OfFile(err)
}

// ReadNote reads the form of a note with evidence, see [Request.ReadEvidence]. A form that says nothing is refused by the rule.
func (q *Request) ReadNote(rule string) (note string, evidence []string, err error) {
	if err := q.ReadEvidence(); err != nil {
		return "", nil, err
	}
	note, evidence = strings.TrimSpace(q.PostForm.Get("note")), q.PostForm["evidence"]
	if note == "" && len(evidence) == 0 {
		return "", nil, refusal.Input([]refusal.Field{{Path: "note", Rule: rule}})
	}
	return note, evidence, nil
}

// OfFile has what is refused of a file stand beside its input, whatever it is.
func OfFile(err error) error {
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
