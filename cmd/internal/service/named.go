package service

import (
	"bytes"
	"regexp"
	"slices"
	"time"

	"qingkong/alerts"
)

// Ids under which blocks are found besides those of warnings, lists and tasks.
const namedLedger = "ledger" // the entries of the ledger's own keys

// namedHour is the id of the sum of an hour.
func namedHour(hour time.Time) string {
	return "hour " + hour.In(alerts.Shanghai()).Format(time.RFC3339)
}

// Leaves whose blocks are found by something else than the ids in them.
var (
	ledgerLeaf = []byte("\n" + `{"kind":"ledger.`)
	summedLeaf = regexp.MustCompile(`\n\{"kind":"compliance\.hour_summed",[^{]*\{"hour":"([^"]*)"`)
	erasedLeaf = regexp.MustCompile(`\n\{"kind":"journal\.vault_erased",[^{]*\{"ref":"([^"]*)"`)
	handedLeaf = regexp.MustCompile(`\n\{"kind":"compliance\.evidence_added",[^{]*\{"hash":"(sha256:[0-9a-f]{64})"`)
	rareLeaf   = [][]byte{[]byte("\n" + `{"kind":"compliance.hour_summed"`), []byte("\n" + `{"kind":"journal.vault_erased"`),
		[]byte("\n" + `{"kind":"compliance.evidence_added"`)}
)

// idsNamed are under which ids a block is found, each once: the warnings and drills ("W20161216-01", "D20161216-01"), the
// versions of the list ("L20161216-0a1b2c") and the tasks ("T20161216-0001") that it names at the beginning of a string, the
// hour that it sums, the references whose content it tells to be erased, the hashes of files that it tells to be handed in, and
// the ledger where it changes a key. Ids of
// orders, findings and messages begin with that of their warning.
func idsNamed(raw []byte) (ids []string) {
	for rest, last := raw, []byte(nil); ; {
		i := bytes.IndexByte(rest, '"')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		if last != nil && bytes.HasPrefix(rest, last) && !isHex(rest, len(last)) {
			continue // most of a block names one warning again and again
		}
		id := idAt(rest)
		if id == nil {
			continue
		}
		if last = id; !slices.Contains(ids, string(id)) {
			ids = append(ids, string(id))
		}
	}
	if bytes.Contains(raw, ledgerLeaf) {
		ids = append(ids, namedLedger)
	}
	if bytes.Contains(raw, rareLeaf[0]) {
		for _, m := range summedLeaf.FindAllSubmatch(raw, -1) {
			if hour, err := time.Parse(time.RFC3339, string(m[1])); err == nil {
				ids = append(ids, namedHour(hour))
			}
		}
	}
	if bytes.Contains(raw, rareLeaf[1]) {
		for _, m := range erasedLeaf.FindAllSubmatch(raw, -1) {
			if ref := string(m[1]); ref != "" && len(ref) < 100 && !slices.Contains(ids, ref) {
				ids = append(ids, ref)
			}
		}
	}
	if bytes.Contains(raw, rareLeaf[2]) {
		for _, m := range handedLeaf.FindAllSubmatch(raw, -1) {
			if hash := string(m[1]); !slices.Contains(ids, hash) {
				ids = append(ids, hash)
			}
		}
	}
	return ids
}

const dayLen = 1 + len("20161216") // with the letter before it

// idAt is the id that a text begins with; nil for none.
func idAt(text []byte) []byte {
	if len(text) < dayLen+2 || bytes.IndexByte([]byte("WDLT"), text[0]) < 0 || text[dayLen] != '-' {
		return nil
	}
	for _, c := range text[1:dayLen] {
		if c < '0' || c > '9' {
			return nil
		}
	}
	end := dayLen + 1
	for isHex(text, end) && end < dayLen+20 {
		end++
	}
	if end == dayLen+1 {
		return nil
	}
	return text[:end]
}

func isHex(text []byte, at int) bool {
	return at < len(text) && (text[at] >= '0' && text[at] <= '9' || text[at] >= 'a' && text[at] <= 'f')
}
