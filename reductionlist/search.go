package reductionlist

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// SearchRecipients is ScanRecipients of those that match, within at most looked recipients. part is a text that
// every match holds somewhere: rows without it are passed over without being decoded, which is most of the work.
// next is the last id that was looked at, empty when there are no more.
func SearchRecipients(tx *bbolt.Tx, version, afterID, part string, limit, looked int, match func(*Recipient) bool) (page []*Recipient, next string, err error) {
	prefix := rowKey(version, "")
	needle := jsonText(part)
	c := tx.Bucket(bucketRows).Cursor()
	k, data := c.Seek(rowKey(version, afterID))
	if afterID != "" && bytes.Equal(k, rowKey(version, afterID)) {
		k, data = c.Next()
	}
	for ; bytes.HasPrefix(k, prefix); k, data = c.Next() {
		if len(page) == limit || looked == 0 {
			return page, next, nil
		}
		looked--
		next = string(k[len(prefix):])
		if !bytes.Contains(data, needle) {
			continue
		}
		r, err := readRow(tx, k, data)
		if err != nil {
			return nil, "", err
		}
		if match(r) {
			page = append(page, r)
		}
	}
	return page, "", nil
}

// jsonText is a text as it stands within a string of JSON.
func jsonText(text string) []byte {
	quoted := mustJSON(text)
	return quoted[1 : len(quoted)-1]
}
