package reductionlist

import (
	"bytes"
	"encoding/json"

	"go.etcd.io/bbolt"
)

// SearchRecipients is ScanRecipients of those that match, within at most looked recipients. part is a text that every
// match holds in its own row (id, name, town, address): rows without it are passed over without being decoded. match is
// given that own row, without what the other sheets say; only what it takes is decoded whole, which is most of the
// work. next is the last id that was looked at, empty when there are no more.
func SearchRecipients(tx *bbolt.Tx, version, afterID, part string, limit, looked int,
	match func(*Recipient) bool) (page []*Recipient, next string, err error) {
	needle := jsonText(part)
	for s := rowsAfter(tx, version, afterID); s.ID != ""; s.Next() {
		if len(page) == limit || looked == 0 {
			return page, next, nil
		}
		looked--
		next = s.ID
		own := ownRowOf(s.Data)
		if !bytes.Contains(own, needle) {
			continue
		}
		if len(own) < len(s.Data) {
			var bare Recipient
			if err := json.Unmarshal(append(bytes.TrimSuffix(bytes.Clone(own), []byte{','}), '}'), &bare); err == nil &&
				!match(&bare) {
				continue
			}
		}
		r, err := readRow(tx, s.Key, s.Data)
		if err != nil {
			return nil, "", err
		}
		if match(r) {
			page = append(page, r)
		}
	}
	return page, "", nil
}

var ownRowEnds = [][]byte{[]byte(`"lines":[`), []byte(`"measures":[`)}

// ownRowOf is the part of a stored recipient before its lines and measures, or all of it where it has neither. Within a
// text both quotes of these names would be escaped.
func ownRowOf(data []byte) []byte {
	for _, end := range ownRowEnds {
		if i := bytes.Index(data, end); i >= 0 {
			return data[:i]
		}
	}
	return data
}

// jsonText is a text as it stands within a string of JSON.
func jsonText(text string) []byte {
	quoted := mustJSON(text)
	return quoted[1 : len(quoted)-1]
}
