package access

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
)

// SetPhone is where to call the person of an account: the vault's reference of the number, empty for none.
type SetPhone struct {
	User     string `json:"user"`
	PhoneRef string `json:"phone_ref,omitempty"`
}

// PhoneChanged says that the person of an account is called under another number from now on.
type PhoneChanged struct {
	User     string `json:"user"`
	PhoneRef string `json:"phone_ref,omitempty"`
}

// Kind implements journal.Event.
func (PhoneChanged) Kind() string { return "access.phone_changed" }

// DecideSetPhone refuses a recipient, whose contact stands in the list.
func DecideSetPhone(tx *bbolt.Tx, _ string, in SetPhone, _ time.Time) ([]journal.Event, CredentialChange, error) {
	r, err := must(tx, in.User)
	switch {
	case err != nil:
		return nil, CredentialChange{}, err
	case r.Recipient != "":
		return nil, CredentialChange{}, refusal.New(refusal.Conflict, "access.phone_of_recipient",
			refusal.Args{"recipient": r.Recipient})
	case r.PhoneRef == in.PhoneRef:
		return nil, CredentialChange{User: in.User}, nil
	}
	return []journal.Event{PhoneChanged(in)}, CredentialChange{User: in.User}, nil
}

// WhoMay are the accounts whose role allows an act and that may log in, in the order of their names, at most limit.
func WhoMay(tx *bbolt.Tx, act string, limit int) (all []*calls.User, err error) {
	c := tx.Bucket(usersBucket).Cursor()
	for k, data := c.First(); k != nil && len(all) < limit; k, data = c.Next() {
		if bytes.Contains(data, recipientKey) {
			continue
		}
		r, err := parseRow(data)
		if err != nil {
			return nil, err
		}
		if calls.Allowed(r.Role, act) && !r.Disabled && !r.revoked() {
			all = append(all, r.user(tx))
		}
	}
	return all, nil
}

// AccountRefs adds the vault's references that an event gives a user's name and telephone to found.
func AccountRefs(ev journal.Event, user string, found map[string]bool) {
	switch ev := ev.(type) {
	case AccountAdded:
		if ev.User == user {
			found[ev.NameRef], found[ev.PhoneRef] = true, true
		}
	case CredentialsIssued:
		if ev.Recipient == user {
			found[ev.NameRef] = true
		}
	case PhoneChanged:
		if ev.User == user {
			found[ev.PhoneRef] = true
		}
	}
}
