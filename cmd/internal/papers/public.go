package papers

import (
	"io"
	"net/url"
	"strings"
	"time"

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
	Now     string // what is in force while the page is made
	Levels  []publicLevel
	List    string // address of the public list; empty shows none
}

type publicLevel struct {
	Level    alerts.Level
	Name     string
	Now      bool // it is in force
	Measures []string
}

// Standing is what a district's warning asks for while a page is made. Drills are none.
type Standing struct {
	Level alerts.Level // in force, since Since; None for none
	Since time.Time
	Next  alerts.Level // takes effect by itself at From; None for none
	From  time.Time
	Ends  time.Time // zero until further notice
}

// StandingOf is what a warning that was approved asks for at a time; nil is no warning.
func StandingOf(w *alerts.Warning, now time.Time) Standing {
	st := Standing{Level: alerts.None, Next: alerts.None}
	if w == nil || w.State != alerts.Scheduled && w.State != alerts.Active {
		return st
	}
	if w.EndsAt != nil {
		st.Ends = *w.EndsAt
	}
	for _, stage := range w.Stages {
		switch {
		case !stage.From.After(now):
			st.Level, st.Since = stage.Level, stage.From
		case st.Next == alerts.None && (w.EndsAt == nil || stage.From.Before(st.Ends)):
			st.Next, st.From = stage.Level, stage.From
		}
	}
	return st
}

// now says what is in force, what comes next and when it ends.
func (w words) now(st Standing) string {
	if st.Level == alerts.None && st.Next == alerts.None {
		return w.t("public.now.none")
	}
	var said []string
	switch st.Level {
	case alerts.None:
		said = append(said, w.t("public.now.none"))
	case alerts.Advisory:
		said = append(said, w.t("public.now.asked", "level", w.level(st.Level), "since", alerts.StartText(st.Since)))
	default:
		said = append(said, w.t("public.now.active", "level", w.level(st.Level), "since", alerts.StartText(st.Since)))
	}
	if st.Next != alerts.None {
		said = append(said, w.t("public.now.next", "from", alerts.StartText(st.From), "level", w.level(st.Next)))
	}
	if !st.Ends.IsZero() {
		said = append(said, w.t("public.now.ends", "at", alerts.EndText(st.Ends)))
	}
	return strings.Join(said, map[bool]string{true: " "}[w.lang == "en"])
}

// T words a rule for the template.
func (v *publicView) T(rule string) string { return v.t(rule) }

// Public writes the page that the QR code of a recipient's board opens: what is in force now, what 公示 needs, and nothing
// personal. list is the address of the public list.
func Public(w io.Writer, f Facts, now Standing, list string) error {
	word, r := words{f.Lang}, f.Recipient
	name := reductionlist.MaskPhones(r.Name)
	v := publicView{words: word, Title: name + " · " + word.t("public.recipient"), Lang: f.Lang, Class: "page",
		Example: f.example(), Name: name, ID: r.ID, List: list, Now: word.now(now)}
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
		level := publicLevel{Level: l, Name: word.level(l), Now: l == now.Level}
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
