package papers

import (
	"io"
	"net/url"
	"strings"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// publicView holds what anybody may know of a recipient.
type publicView struct {
	words
	Title   string
	Lang    string
	Class   string
	Example bool
	Gone    string // why there is nothing; empty when there is
	Name    string
	ID      string
	Facts   [][2]string
	Levels  []publicLevel
	List    string // address of the public list; empty shows none
}

type publicLevel struct {
	Level    alerts.Level
	Name     string
	Measures []string
}

// T words a rule for the template.
func (v *publicView) T(rule string) string { return v.t(rule) }

// Public writes the page that the QR code of a recipient's board opens: what 公示 needs, and nothing personal. list is
// the address of the public list.
func Public(w io.Writer, f Facts, list string) error {
	word, r := words{f.Lang}, f.Recipient
	name := reductionlist.MaskPhones(r.Name)
	v := publicView{words: word, Title: name + " · " + word.t("public.recipient"), Lang: f.Lang, Class: "page",
		Example: f.example(), Name: name, ID: r.ID, List: list}
	for _, fact := range [][2]string{
		{"type", word.kind(r.Type)}, {"town", r.Town}, {"industry", r.Sector()}, {"grade", word.grade(r.Grade)},
		{"category", word.category(r.Category)}, {"max_load", reductionlist.MaskPhones(r.MaxLoad)},
		{"list", f.List.Name + " " + f.List.Version},
		{"in_force", word.fromTo(f.List.From, f.List.To)},
		{"watch", f.Watch},
	} {
		if fact[1] != "" {
			v.Facts = append(v.Facts, [2]string{word.t(fact[0]), fact[1]})
		}
	}
	for _, l := range alerts.Levels() {
		level := publicLevel{Level: l, Name: word.level(l)}
		for _, m := range reductionlist.MeasuresAt(r, l) {
			level.Measures = append(level.Measures, reductionlist.MaskPhones(m.Text))
		}
		v.Levels = append(v.Levels, level)
	}
	return writePage(w, "recipient.html", &v)
}

// PublicGone writes the page for an id that the list in force does not have.
func PublicGone(w io.Writer, lang, id, list string) error {
	word := words{lang}
	return writePage(w, "recipient.html",
		&publicView{words: word, Title: word.t("public.recipient"), Lang: lang, Class: "page",
			Gone: word.t("public.gone", "id", id), List: list})
}

// PublicAddress is the address of a recipient's public page below the address of the server.
func PublicAddress(server, id string) string {
	return strings.TrimRight(server, "/") + calls.PublicRecipientPath + url.PathEscape(id)
}
