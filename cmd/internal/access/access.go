// Package access says who may act: accounts, the credentials of recipients, tokens, and which role may do what.
//
// A user is an account (a person or a program, named by an administrator) or a recipient of the reduction list,
// whose name is its recipient id. Both log in the same way, to the console, the API and NATS. No account has the
// name of a recipient or the other way round, whatever the case of the letters.
//
// # Secrets
//
// Every secret is made by the machine, with 128 bits or more, is shown once to whoever asked for it and is kept
// as its SHA-256 in the vault: the record holds the vault's reference alone. An account may put a password of its own
// choosing in the place of the first one; that is kept as argon2id: see [Passwords]. Erasing the vault entry ends the
// secret. [AddAccountCommand] and its like make the secrets, so that no plain one ever stands in a command, its
// payload, its result, a log line or an error:
//
//	cmd, issued := access.AddAccountCommand(actor, key, in)
//	if err != nil {
//		return err
//	}
//	issued, err = access.Submit(ctx, j, cmd, issued) // what cmd made true is the only thing that is shown
//
// A request repeated under its idempotency key carries new references and cannot be answered with the first
// answer, whose secrets nobody keeps: [Submit] refuses it with the rule access.secret_shown_once.
//
// What ends a credential (new or revoked credentials, a revoked token, a disabled user) is in force for the next login
// as soon as it is recorded. The caller closes live NATS connections and drops console sessions whose
// [Principal.Credential] is no longer the current one.
//
// A recipient whose credentials were revoked has none until it is issued new ones. A disabled user keeps its
// secrets, and they are good again once it is enabled.
//
// # State
//
//	access.users  user -> row, JSON; the key is the name as it is written
//	access.names  lower case of the name, 0, the name -> nothing; finds names that differ in case alone
//	access.meta   "users" -> number of users, 8 bytes big-endian; "login_key" -> vault reference of the login key
//
// and who read personal data, see personal.go.
//
// A second factor is in factor.go, and what an administrator who saw a secret leaves on the acts of its account in
// sight.go.
package access

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

var (
	usersBucket = []byte("access.users")
	namesBucket = []byte("access.names")
	metaBucket  = []byte("access.meta")
	countKey    = []byte("users")
)

// Buckets are the buckets of this package; all are journaled.
func Buckets() []string {
	return []string{string(usersBucket), string(namesBucket), string(metaBucket), string(seenBucket), string(seenByBucket)}
}

// maxTokens is how many tokens a user has at most at one time. A login compares with all of them.
const maxTokens = 8

var (
	recipientID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
)

// reserved are the actors of the record that are nobody's account.
var reserved = map[string]bool{"system": true, "public": true, "anonymous": true}

// row is a user as it is stored. Names and secrets are vault references.
type row struct {
	User      string       `json:"user"`
	Role      calls.Role   `json:"role"`
	NameRef   string       `json:"name_ref,omitempty"`
	PhoneRef  string       `json:"phone_ref,omitempty"`
	Town      string       `json:"town,omitempty"`
	Recipient string       `json:"recipient,omitempty"`
	MNs       []string     `json:"mns,omitempty"`
	Password  secretRow    `json:"password"`
	Tokens    []token      `json:"tokens,omitempty"`
	TokenSeq  int          `json:"token_seq"` // tokens ever made; the last one's id
	Disabled  bool         `json:"disabled,omitempty"`
	Ended     int          `json:"ended,omitempty"` // how often all its sessions were ended
	AddedAt   time.Time    `json:"added_at"`
	AddedBy   string       `json:"added_by"`
	Seen      *calls.Sight `json:"seen,omitempty"`  // the last time an administrator came by its secret, see sight.go
	Reset     *calls.Sight `json:"reset,omitempty"` // the last time its factor was reset
	Factor    *factor      `json:"factor,omitempty"`
}

type secretRow struct {
	Ref string    `json:"ref"`
	At  time.Time `json:"at"`
}

type token struct {
	ID   string    `json:"id"` // t1, t2, …: never used again for the same user
	Ref  string    `json:"ref"`
	At   time.Time `json:"at"`
	Name string    `json:"name,omitempty"`

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil for never
}

// revoked says whether the user has no credentials: they were revoked and no new ones issued.
func (r *row) revoked() bool { return r.Password.Ref == "" }

func tokenID(n int) string { return fmt.Sprintf("t%d", n) }

// find returns a user's row, or nil.
func find(tx *bbolt.Tx, user string) (*row, error) {
	data := tx.Bucket(usersBucket).Get([]byte(user))
	if data == nil {
		return nil, nil
	}
	return parseRow(data)
}

func parseRow(data []byte) (*row, error) {
	r := new(row)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("access: a user's row is damaged: %w", err)
	}
	return r, nil
}

// must is find for an act on a user that has to be there.
func must(tx *bbolt.Tx, user string) (*row, error) {
	r, err := find(tx, user)
	if err == nil && r == nil {
		err = refusal.New(refusal.NotFound, "access.not_found", refusal.Args{"user": user})
	}
	return r, err
}

func put(tx *bbolt.Tx, r *row) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Bucket(usersBucket).Put([]byte(r.User), data)
}

// add stores the row of a user that was not there.
func add(tx *bbolt.Tx, r *row) error {
	if err := tx.Bucket(namesBucket).Put(nameKey(r.User), nil); err != nil {
		return err
	}
	if err := tx.Bucket(metaBucket).Put(countKey, binary.BigEndian.AppendUint64(nil, uint64(Count(tx)+1))); err != nil {
		return err
	}
	return put(tx, r)
}

func nameKey(user string) []byte { return append(namePrefix(user), user...) }

func namePrefix(user string) []byte { return append([]byte(strings.ToLower(user)), 0) }

// namesake returns a user whose name differs from user at most in case and for which clash holds.
func namesake(tx *bbolt.Tx, user string, clash func(*row) bool) (*row, error) {
	prefix := namePrefix(user)
	c := tx.Bucket(namesBucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		r, err := must(tx, string(k[len(prefix):]))
		if err != nil || clash(r) {
			return r, err
		}
	}
	return nil, nil
}

// Namesake is the account that has a name in whatever case, "" for none; a recipient's credentials are no account.
func Namesake(tx *bbolt.Tx, name string) (user string, err error) {
	r, err := namesake(tx, name, func(r *row) bool { return r.Recipient == "" })
	if r == nil || err != nil {
		return "", err
	}
	return r.User, nil
}

// Count is the number of users, disabled ones included.
func Count(tx *bbolt.Tx) int {
	n := tx.Bucket(metaBucket).Get(countKey)
	if n == nil {
		return 0
	}
	return int(binary.BigEndian.Uint64(n))
}
