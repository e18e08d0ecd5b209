// Package proofs puts what a bundle of evidence holds and proves into words: each entry by its kind, the report of a
// verification, what differs, and the page that people find in a bundle. It renders what it is given and reads nothing
// else, so that a shell that verifies offline, a page and the server that makes a bundle say the same.
package proofs

import (
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify/ledger/bundle"
)

// Kinds are the words of each kind of entry, in Chinese and in English.
func Kinds() map[string][2]string { return words(terms.Rule(terms.Entry, "")) }

// Rules are the words of each rule that a bundle may break ([bundle.RuleZip] and the others), in Chinese and in English.
func Rules() map[string][2]string { return words("verify.") }

// words are those of the catalogue whose rule begins so, by the rest of it.
func words(prefix string) map[string][2]string {
	all := map[string][2]string{}
	for _, rule := range refusal.Rules() {
		if name, ok := strings.CutPrefix(rule, prefix); ok {
			all[name] = [2]string{refusal.Text(rule, "zh-CN", nil), refusal.Text(rule, "en", nil)}
		}
	}
	return all
}

// Differs says in one line what of a bundle differs: its file, its entry and the rule, and in brackets what was found, in
// English.
func Differs(d *bundle.Difference, lang string) string {
	rule := "verify." + d.Rule
	if !refusal.Known(rule) {
		rule = "proof.unknown_rule"
	}
	args := refusal.Args{"file": d.File, "entry": d.Entry, "rule": refusal.Text(rule, lang, refusal.Args{"rule": d.Rule}), "say": clip(d.Say)}
	switch {
	case d.File == "":
		return refusal.Text("proof.differs", lang, args)
	case d.Entry < 0:
		return refusal.Text("proof.differs_file", lang, args)
	}
	return refusal.Text("proof.differs_entry", lang, args)
}

// About says in words what a bundle is about.
func About(s bundle.Subject, lang string) string {
	for _, one := range []struct{ word, id string }{{"order", s.Order}, {"recipient", s.Recipient}, {"warning", s.Warning}} {
		if one.id != "" {
			return told(one.word, clip(one.id), lang)
		}
	}
	return refusal.Text("proof.no_subject", lang, nil)
}

// Lacks says of content that is not in a bundle what it is and why it is not there.
func Lacks(m bundle.Missing, lang string) string {
	why := "proof.missing." + m.Why
	if !refusal.Known(why) {
		why = "proof.missing_unknown"
	}
	return refusal.Text("proof.lacks", lang, refusal.Args{"what": part(m.Name, lang), "why": refusal.Text(why, lang, refusal.Args{"why": clip(m.Why)})})
}

// part is a file of a bundle as people call it.
func part(name, lang string) string {
	folder, rest, _ := strings.Cut(name, "/")
	rule := "proof.part." + folder
	if !refusal.Known(rule) {
		return clip(name)
	}
	return refusal.Text(rule, lang, refusal.Args{"name": short(rest)})
}

// short is the beginning of a hash or a reference, enough to find it by.
func short(hash string) string {
	hash = strings.TrimPrefix(hash, "sha256:")
	if r := []rune(clip(hash)); len(r) > 14 {
		return string(r[:12]) + "…"
	}
	return clip(hash)
}

// longest is how many characters of a text are shown.
const longest = 120

// clip is a text in one line, cut short, and with nothing hidden: whoever made a bundle may have written it.
func clip(text string) string {
	if len(text) > longest { // bytes are cut first, for a text may have megabytes
		if r := []rune(text[:min(len(text), 4*longest)]); len(r) > longest {
			text = string(r[:longest]) + "…"
		}
	}
	return refusal.Visible(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " "))
}
