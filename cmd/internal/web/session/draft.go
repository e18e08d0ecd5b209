package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// A draft is a form that was filled in and waits to be looked at once more before it is carried out. It is kept beside
// the sessions and of its user, so that a new login of the same user finds it. It outlasts its use, so that whoever goes
// back to it finds what became of it, and ends with a logout of its user or its time. Nothing secret belongs in one.

const (
	draftLife  = 12 * time.Hour
	draftBytes = 64 << 10
	draftsMost = 20 // of a user: beyond them the oldest ends

	draftPrefix = "draft." // of keys, which no key of a session begins with
)

var draftID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// draft is what is kept of one.
type draft struct {
	Made int64      `json:"made"` // Unix milliseconds
	Form url.Values `json:"form"`
}

func draftsOf(user string) string {
	sum := sha256.Sum256([]byte(user))
	return draftPrefix + base64.RawURLEncoding.EncodeToString(sum[:16]) + "."
}

// KeepDraft keeps a user's form and gives the id, 32 hexadecimal digits, under which [Sessions.Draft] finds it. A form of
// more than 64 KiB is refused.
func (s *Sessions) KeepDraft(ctx context.Context, user string, form url.Values) (id string, err error) {
	data, err := json.Marshal(draft{Made: s.now().UnixMilli(), Form: form})
	if err != nil {
		return "", err
	}
	if len(data) > draftBytes {
		return "", refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": draftBytes})
	}
	if err := s.thinDrafts(ctx, user, draftsMost-1); err != nil {
		return "", err
	}
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails
	id = hex.EncodeToString(bits[:])
	return id, s.rows.Put(ctx, draftsOf(user)+id, data, time.Now().Add(draftLife))
}

// Draft is the form that a user's draft holds; false where it has none of that id, or no more.
func (s *Sessions) Draft(ctx context.Context, user, id string) (url.Values, bool) {
	if !draftID.MatchString(id) {
		return nil, false
	}
	data, ok := s.rows.Get(ctx, draftsOf(user)+id)
	if !ok {
		return nil, false
	}
	var d draft
	if err := json.Unmarshal(data, &d); err != nil {
		s.log.Warn("a draft cannot be read and counts as none", "err", err)
		return nil, false
	}
	if s.now().After(time.UnixMilli(d.Made).Add(draftLife)) {
		return nil, false
	}
	return d.Form, true
}

// thinDrafts ends the oldest of a user's drafts beyond as many as are to remain.
func (s *Sessions) thinDrafts(ctx context.Context, user string, remain int) error {
	type one struct {
		key  string
		made int64
	}
	var all []one
	err := s.rows.Each(draftsOf(user), func(key string, data []byte) bool {
		var d draft
		_ = json.Unmarshal(data, &d) // what cannot be read is the oldest
		all = append(all, one{strings.Clone(key), d.Made})
		return true
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(b.made, a.made) })
	for _, old := range all[min(len(all), remain):] {
		if err := s.rows.End(ctx, old.key); err != nil {
			return err
		}
	}
	return nil
}
