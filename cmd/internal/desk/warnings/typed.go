package warnings

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
)

// An act that binds many, or ends what binds them, is confirmed by typing a word: the name of the level, or of the act
// where it ends a warning. A drill is confirmed by its button alone.

// wordToType is what confirms the act, in the user's language; empty for nothing.
func (a act) wordToType(q *frame.Request, s *subject, v url.Values) string {
	switch l := a.levelToType(s, v); {
	case l != alerts.None:
		return terms.ShortLevel(l, q.Lang)
	case a.ends && !s.drill:
		return terms.Name(terms.WarningAct, a.name, q.Lang)
	}
	return ""
}

// confirmedBy reports whether a text is what confirms the act, in either language and in any spelling that the desk shows.
func (a act) confirmedBy(typed string, s *subject, v url.Values) bool {
	var words []string
	l := a.levelToType(s, v)
	for _, lang := range []string{frame.ZH, frame.EN} {
		switch {
		case l != alerts.None:
			full := terms.Name(terms.Level, l, lang)
			words = append(words, full, terms.ShortLevel(l, lang), numeralOf(full))
		case a.ends:
			words = append(words, terms.Name(terms.WarningAct, a.name, lang))
		}
	}
	typed = plainWord(typed)
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && plainWord(w) == typed })
}

// numeralOf is what a level's name has in brackets: Ⅰ级.
func numeralOf(name string) string {
	name = norm.NFKC.String(name)
	from, to := strings.Index(name, "("), strings.LastIndex(name, ")")
	if from < 0 || to < from {
		return ""
	}
	return name[from+1 : to]
}

// plainWord takes off a word what its spelling is free in: width, case, blanks, brackets and the word for a warning.
func plainWord(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	s = strings.NewReplacer(" ", "", "(", "", ")", "", "“", "", "”", "", "\"", "").Replace(s)
	return strings.TrimSuffix(strings.TrimSuffix(s, "预警"), "warning")
}
