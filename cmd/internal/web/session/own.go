package session

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"qingkong/cmd/internal/calls"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/logins"
)

const (
	ownMost     = 100 // sessions of one user: beyond them the one that was used longest ago ends
	ownSlack    = 20  // logins of a user between two looks at how many there are
	browserMost = 160 // characters of what a browser says it is
	idBytes     = 8
)

// ownSession is a session with the key that it is kept under.
type ownSession struct {
	calls.Session
	key string
}

// Own are the live sessions of a user, the one that was used last in front.
func (s *Sessions) Own(r *http.Request, user string) (all []calls.Session, err error) {
	found, err := s.of(user)
	mine := keyOf(tokenOf(r))
	for _, one := range found {
		one.Current = one.key == mine
		all = append(all, one.Session)
	}
	return all, err
}

// of reads the sessions of a user. Rows hold the name as it is, so that few of others' are taken apart.
func (s *Sessions) of(user string) (all []ownSession, err error) {
	now := s.now()
	err = s.rows.Each("", func(key string, data []byte) bool {
		if strings.HasPrefix(key, draftPrefix) || !bytes.Contains(data, []byte(user)) {
			return true
		}
		var kept row
		if json.Unmarshal(data, &kept) != nil || kept.User != user { // what cannot be read is no session
			return true
		}
		if kept.over(now) || s.current(user, kept.Credential) == nil {
			return true
		}
		one := ownSession{calls.Session{ID: idOf(key), BegunAt: time.UnixMilli(kept.Began),
			SeenAt:  time.UnixMilli(kept.Seen),
			Address: kept.Address, Device: kept.Device, Browser: kept.Browser}, key}
		all = append(all, one)
		return true
	})
	slices.SortFunc(all, func(a, b ownSession) int {
		return cmp.Or(b.SeenAt.Compare(a.SeenAt), b.BegunAt.Compare(a.BegunAt), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// idOf is by what a session that is kept under a key is named: hexadecimal digits, for in a shell an id that begins with
// "-", as one key in 64 does, would be an option.
func idOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:idBytes])
}

// keyOf is under which key the session of a token is kept.
func keyOf(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// browserOf is what a browser says it is, as one line.
func browserOf(r *http.Request) string {
	line := strings.Map(func(c rune) rune {
		if !unicode.IsGraphic(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.UserAgent(), ""))
	if runes := []rune(line); len(runes) > browserMost {
		return string(runes[:browserMost])
	}
	return line
}

// End ends one of a user's sessions; false where it has none of that id.
func (s *Sessions) End(r *http.Request, user, id string) (found bool, err error) {
	all, err := s.of(user)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(all, func(one ownSession) bool { return one.ID == id })
	if i < 0 {
		return false, nil
	}
	if err := s.rows.End(r.Context(), all[i].key); err != nil {
		return false, err
	}
	s.done(r, logins.Sessions, user)
	return true, nil
}

// EndAll ends all sessions of a user, that of the request among them, and has no browser know it any more. It is
// recorded: other nodes know it with the block.
func (s *Sessions) EndAll(w http.ResponseWriter, r *http.Request, user string) error {
	all, err := s.of(user)
	if err != nil {
		return err
	}
	mine := s.Still(r)
	_, err = journal.Do[access.CredentialChange](r.Context(), s.j,
		journal.Command{Kind: access.CommandEndSessions, Actor: user, Payload: access.EndSessions{User: user}})
	if err != nil {
		return err
	}
	s.done(r, logins.Sessions, user)
	for _, one := range all { // none is good any more: what is left of one is removed when its time is up
		if err := s.rows.End(r.Context(), one.key); err != nil {
			s.log.Warn("a session that has ended could not be removed", "user", user, "err", err)
		}
	}
	if mine != nil && mine.User == user {
		s.writeCookie(w, r, "")
	}
	return nil
}

// crowd counts the logins of users since it was last seen to that their sessions are not too many.
type crowd struct {
	mu    sync.Mutex
	since map[string]int
}

func newCrowd() *crowd { return &crowd{since: map[string]int{}} }

// began counts a login, and says now and then that the user's sessions should be looked at.
func (c *crowd) began(user string) (due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.since) >= maxCounts {
		clear(c.since)
	}
	c.since[user]++
	if due = c.since[user] >= ownSlack; due {
		delete(c.since, user)
	}
	return due
}

// thin ends the sessions of a user beyond as many as it may have.
func (s *Sessions) thin(ctx context.Context, user string) error {
	all, err := s.of(user)
	if err != nil {
		return err
	}
	for _, one := range all[min(len(all), ownMost):] {
		if err := s.rows.End(ctx, one.key); err != nil {
			return err
		}
	}
	return nil
}
