package proofs

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

// mostRows is how many entries the page of a bundle shows.
const mostRows = 2000

// Facts are what the page of a bundle says.
type Facts struct {
	Subject  bundle.Subject
	Name     string // of what the bundle is about, as people call it; empty for none
	Origin   string
	Key      string // vkey of the log
	MadeAt   time.Time
	Size     int64 // of the tree of the checkpoint
	Root     tlog.Hash
	Cosigned []bundle.Cosigned              // who cosigned this checkpoint
	Earlier  []bundle.Checkpoint            // that witnesses cosigned
	Entries  iter.Seq2[int64, ledger.Entry] // ascending; all are counted, about 2,000 rows shown
	Missing  []bundle.Missing
	Personal bool
	Reason   string // why it is personal
}

//go:embed templates/index.html
var indexText string

var indexPage = template.Must(template.New("index").Funcs(template.FuncMap{
	"zh": func(rule string) string { return refusal.Text(rule, "zh-CN", nil) },
	"en": func(rule string) string { return refusal.Text(rule, "en", nil) },
}).Parse(indexText))

// both is a text in both languages.
type both struct{ ZH, EN string }

func inBoth(text func(lang string) string) both { return both{text("zh-CN"), text("en")} }

// row is an entry on the page, or with More how many like the one before are left out.
type row struct {
	Index     int64
	At, Actor string
	What      both
	More      *both
}

// rows gathers the entries that are shown. A long warning has an entry of each hour, one after the other: of those the first
// and the last of a row stand there, and how many are between.
type rows struct {
	shown       []row
	count, rest int // entries, and those of them behind the last that is shown

	hours int // that one like the other came last
	last  row
}

// hourly is the kind of entry that comes each hour.
const hourly = "compliance.hour_summed"

func (r *rows) add(index int64, e *ledger.Entry) {
	r.count++
	if e.Kind != hourly {
		r.between()
	}
	if len(r.shown) >= mostRows {
		r.rest++
		return
	}
	one := row{Index: index, At: Time(e.At), Actor: clip(e.Actor), What: inBoth(func(lang string) string { return Say(e.Kind, e.Data, lang) })}
	if e.Kind == hourly {
		if r.hours++; r.hours > 1 {
			r.last = one
			return
		}
	}
	r.shown = append(r.shown, one)
}

// between ends a row of hours.
func (r *rows) between() {
	if r.hours > 2 {
		r.shown = append(r.shown, row{More: more(r.hours - 2)})
	}
	if r.hours > 1 {
		r.shown = append(r.shown, r.last)
	}
	r.hours = 0
}

// indexView is what the template shows.
type indexView struct {
	*Facts
	About                 both
	Name, Origin, Reason  string
	Fingerprint, Made     string
	Root                  string
	Witnesses             []both
	Rows                  []row
	Count                 int
	MoreRows, MoreMissing *both
	Missing               []both
}

// Index writes the page for people that a bundle has: one file that needs nothing else, has no script, and can be printed.
// The same facts give the same bytes.
func Index(w io.Writer, f Facts) error {
	v := indexView{Facts: &f, About: inBoth(func(lang string) string { return About(f.Subject, lang) }), Name: clip(f.Name),
		Origin: clip(f.Origin), Reason: clip(f.Reason), Fingerprint: identity.Fingerprint(f.Key), Made: Time(f.MadeAt), Root: f.Root.String()}
	for _, c := range append([]bundle.Checkpoint{{Size: f.Size, Witnesses: f.Cosigned}}, f.Earlier...) {
		for _, by := range c.Witnesses {
			v.Witnesses = append(v.Witnesses, inBoth(func(lang string) string { return cosigned(c.Size, by, lang) }))
		}
	}
	if f.Entries != nil {
		var all rows
		for index, e := range f.Entries {
			all.add(index, &e)
		}
		all.between()
		v.Rows, v.Count, v.MoreRows = all.shown, all.count, more(all.rest)
	}
	v.MoreMissing = more(len(f.Missing) - mostMissing)
	for _, m := range f.Missing[:min(len(f.Missing), mostMissing)] {
		v.Missing = append(v.Missing, inBoth(func(lang string) string { return Lacks(m, lang) }))
	}
	if err := indexPage.Execute(w, &v); err != nil {
		return fmt.Errorf("page of a bundle: %w", err)
	}
	return nil
}

// more says how many are not shown; nil for none.
func more(n int) *both {
	if n <= 0 {
		return nil
	}
	said := inBoth(func(lang string) string { return refusal.Text("proof.report.more", lang, refusal.Args{"count": n}) })
	return &said
}

// cosigned says of a checkpoint of a size who saw it, and when.
func cosigned(size int64, by bundle.Cosigned, lang string) string {
	return refusal.Text("proof.report.of_size", lang, refusal.Args{"size": size}) + "; " +
		refusal.Text("proof.report.cosigned", lang, refusal.Args{"name": clip(by.Name), "at": Time(by.At)})
}
