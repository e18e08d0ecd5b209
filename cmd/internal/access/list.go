package access

import (
	"bytes"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
)

// Get returns a user, or a not_found refusal.
func Get(tx *bbolt.Tx, user string) (*calls.User, error) {
	r, err := must(tx, user)
	if err != nil {
		return nil, err
	}
	return r.user(tx), nil
}

// MaxPage is the most users that a page has (contract.md §3).
const MaxPage = 1000

// ListRole returns the users of a role after cursor in the order of their names' bytes, at most limit of them (1 to
// [MaxPage]; anything else is taken as the nearest), and the cursor of the next page, "" when there is none. Without a
// role it lists the accounts: the recipients, who may be a hundred thousand, are the users of the role enterprise.
func ListRole(tx *bbolt.Tx, role calls.Role, cursor string, limit int) (page []*calls.User, next string, err error) {
	limit = min(max(limit, 1), MaxPage)
	c := tx.Bucket(usersBucket).Cursor()
	k, data := c.Seek([]byte(cursor))
	if cursor != "" && string(k) == cursor {
		k, data = c.Next()
	}
	for ; k != nil; k, data = c.Next() {
		if bytes.Contains(data, recipientKey) != (role == calls.Enterprise) {
			continue
		}
		r, err := parseRow(data)
		if err != nil {
			return nil, "", err
		}
		if role != "" && r.Role != role {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].User, nil
		}
		page = append(page, r.user(tx))
	}
	return page, "", nil
}

// recipientKey stands in the JSON of a recipient's row and in no other: within a text its quotes are escaped. A list
// passes a hundred thousand recipients by without reading their rows.
var recipientKey = []byte(`"recipient":"`)

func (r *row) user(tx *bbolt.Tx) *calls.User {
	u := &calls.User{User: r.User, Role: r.Role, Name: r.name(tx), Phone: r.phone(tx), Town: r.Town,
		Recipient: r.Recipient, MNs: r.MNs, Disabled: r.Disabled, Tokens: make([]calls.Token, len(r.Tokens)), AddedAt: r.AddedAt, AddedBy: r.AddedBy}
	u.Reset, u.SecretSeen = r.Reset, r.sight()
	if r.Factor != nil {
		u.FactorAt = &r.Factor.At
	}
	if !r.revoked() {
		u.PasswordAt = &r.Password.At
	}
	for i, t := range r.Tokens {
		u.Tokens[i] = calls.Token{ID: t.ID, Name: t.Name, At: t.At, ExpiresAt: t.ExpiresAt}
	}
	return u
}
