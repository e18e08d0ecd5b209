package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

// Kinds of entries that a verifier reads for what they say of the bundle itself. All others are proved and told.
const (
	kindErased = "journal.vault_erased"
	kindSummed = "compliance.hour_summed"
)

// hashForm is how entries name content by its hash.
var hashForm = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)

// refLen is how long a reference of the vault is: "v" and 32 bytes in base64.
const refLen = 44

// References are the vault references that the data of an entry name, each once: strings of v and 43 characters of
// base64 for URLs.
func References(data []byte) (refs []string) {
	refs, _ = named(data)
	return refs
}

// named are the references in some data, and whether they may name evidence. It goes from one quotation mark to the next:
// entries have much text and few members.
func named(data []byte) (refs []string, evidence bool) {
	for {
		at := bytes.IndexByte(data, '"')
		if at < 0 {
			return refs, evidence
		}
		data = data[at+1:]
		if len(data) > refLen && data[0] == 'v' && data[refLen] == '"' && isReference(data[:refLen]) {
			if ref := string(data[:refLen]); !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
			data = data[refLen+1:]
		} else if len(data) > 0 && data[0] == 'e' && bytes.HasPrefix(data, []byte(`evidence":[`)) {
			evidence = true
		}
	}
}

func isReference(text []byte) bool {
	for _, c := range text {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// EvidenceOf are the hashes that the data of an entry name as evidence, as 64 hexadecimal digits, each once.
func EvidenceOf(data []byte) (hashes []string) {
	_, hashes = namedIn(data)
	return hashes
}

// namedIn are the references and the hashes that some data name.
func namedIn(data []byte) (refs, hashes []string) {
	refs, may := named(data)
	if may {
		hashes = evidenceIn(data)
	}
	return refs, hashes
}

func evidenceIn(data []byte) (hashes []string) {
	var all any
	if json.Unmarshal(data, &all) != nil {
		return nil
	}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, one := range v {
				list, ok := one.([]any)
				if !ok || name != "evidence" {
					look(one)
					continue
				}
				for _, text := range list {
					s, _ := text.(string)
					if m := hashForm.FindStringSubmatch(s); m != nil && !slices.Contains(hashes, m[1]) {
						hashes = append(hashes, m[1])
					}
				}
			}
		case []any:
			for _, one := range v {
				look(one)
			}
		}
	}
	look(all)
	slices.Sort(hashes)
	return hashes
}

// hourRoot is what an entry states of the results of an hour.
type hourRoot struct {
	Root string `json:"root"`
}

// learn reads an entry for what it says of keys, and of content.
func (v *verification) learn(l *line) error {
	wrong := func(say string) error { return &Difference{EntriesFile, l.index, RuleEntry, say} }
	if l.wrong != nil {
		return wrong(l.wrong.Error())
	}
	e := &l.Entry
	if e.At.Before(v.report.Last) {
		return wrong("it is of an earlier time than the entry before it")
	}
	if v.report.Entries++; v.report.Entries == 1 {
		v.report.First = e.At
	}
	v.report.Last = e.At
	for _, ref := range l.refs {
		if _, has := v.refs[ref]; !has {
			v.refs[ref] = l.index
		}
	}
	for _, hash := range l.evidence {
		if _, has := v.evidence[hash]; !has {
			v.evidence[hash] = l.index
		}
	}
	if err := v.learnKind(l.index, e); err != nil {
		return wrong(err.Error())
	}
	return nil
}

func (v *verification) learnKind(index int64, e *ledger.Entry) (err error) {
	switch e.Kind {
	case identity.KindOpened:
		v.chain, err = follow(e.Data, v.chain.Open)
	case identity.KindRotated:
		v.chain, err = follow(e.Data, v.chain.Rotate)
	case identity.KindMoved:
		v.chain, err = follow(e.Data, v.chain.Move)
	case kindErased:
		var erased struct {
			Ref string `json:"ref"`
		}
		if err = json.Unmarshal(e.Data, &erased); err == nil {
			if v.erased == nil {
				v.erased = map[string]struct{}{}
			}
			v.erased[erased.Ref] = struct{}{}
		}
	case kindSummed:
		var h hourRoot
		err = json.Unmarshal(e.Data, &h)
		v.roots[index] = h
	}
	return err
}

func follow[E any](data []byte, step func(*E) (identity.Chain, error)) (identity.Chain, error) {
	ev := new(E)
	if err := json.Unmarshal(data, ev); err != nil {
		return nil, err
	}
	return step(ev)
}

// content proves what entries name by hash, and that nothing of it is missing without a word.
func (v *verification) content() error {
	missing := map[string]string{}
	for _, m := range v.Manifest.Missing {
		missing[m.Name] = m.Why
	}
	for i := range v.files[1:] {
		m := &v.files[i+1]
		folder, name, ok := strings.Cut(m.name, "/")
		if !ok {
			continue
		}
		var err error
		switch folder + "/" {
		case Evidence:
			err = v.evidenceFile(m, name)
		case Personal:
			err = v.personalFile(m, name)
		}
		if err != nil {
			return err
		}
	}
	if err := v.missing(); err != nil {
		return err
	}
	for hash, entry := range v.evidence {
		if name := Evidence + hash; v.file(name) == nil && missing[name] == "" {
			return &Difference{name, entry, RuleMissing, "the entry names it, and it is neither here nor said to be missing"}
		}
	}
	for ref, entry := range v.refs {
		name := Personal + ref
		if v.Manifest.Personal && v.file(name) == nil && missing[name] == "" {
			return &Difference{name, entry, RuleMissing, "the entry names it, and it is neither here nor said to be missing"}
		}
		if _, is := v.erased[ref]; missing[name] == Erased && !is {
			return &Difference{name, entry, RuleMissing, "it is said to be erased, and no entry says so"}
		}
	}
	return nil
}

// missing refuses that something is missing which no entry names.
func (v *verification) missing() error {
	for _, m := range v.Manifest.Missing {
		folder, name, _ := strings.Cut(m.Name, "/")
		var has bool
		switch folder + "/" {
		case Evidence:
			_, has = v.evidence[name]
		case Personal:
			_, has = v.refs[name]
		case Measured:
			entry, err := strconv.ParseInt(name, 10, 64)
			_, has = v.roots[entry]
			has = has && err == nil && strconv.FormatInt(entry, 10) == name
		}
		if !has {
			return differs(m.Name, RuleMissing, "no entry names it")
		}
	}
	return nil
}

func (v *verification) evidenceFile(m *member, hash string) error {
	if _, has := v.evidence[hash]; !has {
		return differs(m.name, RuleReference, "no entry names it")
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, m.opened(v.r)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != hash {
		return differs(m.name, RuleReference, "its content has another hash than its name")
	}
	return nil
}

// personalFile proves an entry of the vault: the reference is "v" and the SHA-256 of salt and content, in base64 of URLs.
func (v *verification) personalFile(m *member, ref string) error {
	if _, has := v.refs[ref]; !has || !v.Manifest.Personal {
		return differs(m.name, RuleReference, "no entry names it, or the bundle is not personal")
	}
	text, err := v.read(m)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); "v"+base64.RawURLEncoding.EncodeToString(sum[:]) != ref {
		return differs(m.name, RuleReference, "its content has another reference than its name")
	}
	return nil
}
