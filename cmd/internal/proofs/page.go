package proofs

import (
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Words are what a program in another language needs to say of a bundle what this package says: the page /verify has them
// as JSON. Each word is in Chinese and in English.
type Words struct {
	Kinds       map[string][2]string            `json:"kinds"`        // of entries
	UnknownKind [2]string                       `json:"unknown_kind"` // of {kind}
	Parts       []Part                          `json:"parts"`        // what is told of an entry, in this order
	Said        map[string][2]string            `json:"said"`         // how a part is told, of {value}
	Several     [2]string                       `json:"several"`      // of {few} of {count}
	Names       map[string]map[string][2]string `json:"names"`        // of codes, by what Part names
	Rules       map[string][2]string            `json:"rules"`        // that a bundle may break
	Missing     map[string][2]string            `json:"missing"`      // why content is missing
}

// Part is a member of an entry's data that is told.
type Part struct {
	Of    string `json:"of"`              // what the kind begins with; empty for every kind
	At    string `json:"at"`              // the member, or with a dot one within it
	Word  string `json:"word"`            // of Said
	Form  string `json:"form"`            // how its value is told
	Names string `json:"names,omitempty"` // of form name
}

// PageWords are those of this program.
func PageWords() Words {
	pair := func(rule string) [2]string {
		return [2]string{refusal.Text(rule, "zh-CN", nil), refusal.Text(rule, "en", nil)}
	}
	w := Words{Kinds: Kinds(), UnknownKind: pair("proof.unknown_kind"), Said: words("proof.say."), Several: pair("proof.several"),
		Names: map[string]map[string][2]string{}, Rules: Rules(), Missing: words("proof.missing.")}
	for i := range parts {
		p := &parts[i]
		w.Parts = append(w.Parts, Part{p.of, p.at, p.word, p.form.name, string(p.form.of)})
		if of := p.form.of; of == explanation {
			w.Names[string(of)] = words("proof.explanation.")
		} else if of != "" {
			w.Names[string(of)] = words(terms.Rule(of, ""))
		}
	}
	return w
}
