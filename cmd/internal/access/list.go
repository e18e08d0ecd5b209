package access

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"
)

// User is a user as others see it, without its secrets.
type User struct {
	User       string     `json:"user"`
	Role       Role       `json:"role"`
	Name       string     `json:"name"` // empty when it was erased
	Town       string     `json:"town,omitempty"`
	Recipient  string     `json:"recipient,omitempty"`
	MNs        []string   `json:"mns,omitempty"`
	Disabled   bool       `json:"disabled"`
	PasswordAt *time.Time `json:"password_at"` // null when its credentials were revoked
	Tokens     []Token    `json:"tokens"`
	AddedAt    time.Time  `json:"added_at"`
	AddedBy    string     `json:"added_by"`
	FactorAt   *time.Time `json:"factor_at"`              // since when it has its second factor; null for none
	Reset      *Sight     `json:"factor_reset,omitempty"` // the last time its factor was reset
	SecretSeen *Sight     `json:"secret_seen,omitempty"`  // the last time an administrator came by its secret
}

// Token is one of a user's tokens, without its secret.
type Token struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`

	ExpiresAt *time.Time `json:"expires_at"` // null for never
}

// Get returns a user, or a not_found refusal.
func Get(tx *bbolt.Tx, user string) (*User, error) {
	r, err := must(tx, user)
	if err != nil {
		return nil, err
	}
	return r.user(tx), nil
}

// MaxPage is the most users that a page has (contract.md §3).
const MaxPage = 1000

// ListRole returns the users of a role after cursor in the order of their names' bytes, at most limit of them (1 to
// [MaxPage]; anything else is taken as the nearest), and the cursor of the next page, "" when there is none. Without a role
// it lists the accounts: the recipients, who may be a hundred thousand, are the users of the role enterprise.
func ListRole(tx *bbolt.Tx, role Role, cursor string, limit int) (page []*User, next string, err error) {
	limit = min(max(limit, 1), MaxPage)
	c := tx.Bucket(usersBucket).Cursor()
	k, data := c.Seek([]byte(cursor))
	if cursor != "" && string(k) == cursor {
		k, data = c.Next()
	}
	for ; k != nil; k, data = c.Next() {
		if bytes.Contains(data, recipientKey) != (role == Enterprise) {
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

func (r *row) user(tx *bbolt.Tx) *User {
	u := &User{User: r.User, Role: r.Role, Name: r.name(tx), Town: r.Town, Recipient: r.Recipient, MNs: r.MNs,
		Disabled: r.Disabled, Tokens: make([]Token, len(r.Tokens)), AddedAt: r.AddedAt, AddedBy: r.AddedBy}
	u.Reset, u.SecretSeen = r.Reset, r.sight()
	if r.Factor != nil {
		u.FactorAt = &r.Factor.At
	}
	if !r.revoked() {
		u.PasswordAt = &r.Password.At
	}
	for i, t := range r.Tokens {
		u.Tokens[i] = Token{ID: t.ID, Name: t.Name, At: t.At, ExpiresAt: t.ExpiresAt}
	}
	return u
}
