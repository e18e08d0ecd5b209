// Package papers makes the papers of a reduction list: each recipient's operation plan (一厂一策操作方案) and the
// board at its gate (公示牌), the list for the public and the list by town.
//
// A paper says what the list says and nothing else. What the list leaves out stands there as a blank that is marked as
// one, for the enterprise, an inspector or an office to fill. [Write] prints one as HTML (one file: no script, nothing
// loaded) or as .docx, with the same content. A text of the list can't become markup, a formula or anything but text in
// any of the forms. In this package the operation plan is called the handbook, so that a plan is always a plant's.
//
// [Public] and [Roll.PublicHTML] leave out everything personal: contacts, who is responsible, notes, columns that the
// program doesn't know, and any mobile number within a text.
package papers

import (
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// Facts are all that a recipient's papers can say.
type Facts struct {
	Recipient *reductionlist.Recipient
	List      ListFacts
	Contact   Contact
	District  string // the district's name
	Watch     string // the telephone for complaints (监督电话); empty is a blank
	Page      string // address of the recipient's public page, for the QR code; empty is none
	Lang      string // zh-CN, or en; the list's own texts stay as they are
}

// ListFacts say which list a paper follows.
type ListFacts struct {
	Name       string
	Version    string
	CompiledBy string
	From, To   string // days; To empty is open
	Example    bool   // the list was loaded for a demo
}

// ListOf describes a version of a list; example says that it is a demo's.
func ListOf(version string, l *reductionlist.List, example bool) ListFacts {
	return ListFacts{Name: l.Name, Version: version, CompiledBy: l.CompiledBy, From: l.EffectiveFrom, To: l.EffectiveTo,
		Example: example}
}

// ContactState says why a contact stands in a paper or not.
type ContactState int

// The states of a contact. A paper says which of them it is.
const (
	NoContact ContactState = iota // the list names nobody
	Known
	Erased   // it was there and was erased
	Withheld // it is there, but not for this reader
)

// Contact is the contact that a recipient names.
type Contact struct {
	State ContactState
	reductionlist.Contact
}

// ContactOf is the contact of a recipient that was read from a workbook.
func ContactOf(r *reductionlist.Recipient) Contact {
	if r.Contact == nil || *r.Contact == (reductionlist.Contact{}) {
		return Contact{}
	}
	return Contact{Known, *r.Contact}
}

// exampleMark stands in the notes of rows that were invented for a demo (contract.md §5).
const exampleMark = "示例"

// example reports whether a paper must not be taken for a real one.
func (f *Facts) example() bool {
	return f.List.Example || strings.Contains(f.Recipient.Note, exampleMark)
}

// words are the catalogue in one language.
type words struct{ lang string }

// t words a rule of papers; args are names and values in turn.
func (w words) t(rule string, args ...any) string {
	named := refusal.Args{}
	for i := 0; i+1 < len(args); i += 2 {
		named[args[i].(string)] = args[i+1]
	}
	return refusal.Text("papers."+rule, w.lang, named)
}
