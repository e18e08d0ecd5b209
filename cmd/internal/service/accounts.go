package service

import (
	"context"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// Authenticate returns whose token it is, or nil for nobody's.
func (s *Service) Authenticate(token string) (p *access.Principal, err error) {
	now := s.J.Wall()
	err = s.J.View(func(tx *bbolt.Tx) error {
		if found, ok := access.VerifyToken(tx, token, now); ok {
			p = found
		}
		return nil
	})
	return p, err
}

// AddAccount adds an account (body of POST /accounts) and returns its first password and token.
func (s *Service) AddAccount(ctx context.Context, actor, key string, body []byte) (access.Issued, error) {
	var in access.NewAccount
	if err := refusal.Unmarshal(body, &in); err != nil {
		return access.Issued{}, err
	}
	cmd, issued, err := access.AddAccountCommand(actor, key, in)
	if err == nil {
		err = s.noRecipient(in.User)
	}
	if err != nil {
		return access.Issued{}, err
	}
	return access.Submit(ctx, s.J, cmd, issued)
}

// recipientsAtOnce is how many recipients one transaction looks at.
const recipientsAtOnce = 2000

// noRecipient refuses a name that a recipient of the list in force, or of one that is to come into force, has as its id, in whatever
// case: with or without credentials, its acts would read as the account's.
func (s *Service) noRecipient(user string) error {
	var lists []string
	err := s.J.View(func(tx *bbolt.Tx) error {
		stands, err := reductionlist.StandsAt(tx, s.J.Wall())
		if err != nil {
			return err
		}
		versions, _, err := reductionlist.ListVersions(tx, "", 1000)
		for i := range versions {
			at, err := stands.Of(&versions[i])
			if err != nil {
				return err
			}
			if at.Status == reductionlist.StatusInForce || at.Status == reductionlist.StatusScheduled {
				lists = append(lists, versions[i].ID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, list := range lists {
		for after, more := "", true; more; {
			var found []*reductionlist.Recipient
			err := s.J.View(func(tx *bbolt.Tx) (err error) {
				found, after, err = reductionlist.SearchRecipients(tx, list, after, "", 1, recipientsAtOnce, func(r *reductionlist.Recipient) bool {
					return strings.EqualFold(r.ID, user)
				})
				return err
			})
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return refusal.Input([]refusal.Field{{Path: "user", Rule: "access.recipient_name", Args: refusal.Args{"user": user, "recipient": found[0].ID, "list": list}}})
			}
			more = after != ""
		}
	}
	return nil
}

// AddToken gives a user one token more (body of POST /accounts/{user}/tokens).
func (s *Service) AddToken(ctx context.Context, actor, key, user string, body []byte) (access.Issued, error) {
	var in access.NewToken
	if err := refusal.Unmarshal(body, &in); err != nil {
		return access.Issued{}, err
	}
	in.User = user
	cmd, issued, err := access.AddTokenCommand(actor, key, in)
	if err != nil {
		return access.Issued{}, err
	}
	return access.Submit(ctx, s.J, cmd, issued)
}

// IssueCredentials gives a recipient of the list in force a new password and token; the old ones end.
func (s *Service) IssueCredentials(ctx context.Context, actor, key, recipient string) (access.Issued, error) {
	in := access.Recipient{ID: recipient}
	err := s.J.View(func(tx *bbolt.Tx) error {
		r, err := ListedRecipient(tx, recipient, time.Now())
		if err == nil {
			in.Name, in.Town, in.MNs = r.Name, r.Town, stations(r)
		}
		return err
	})
	if err != nil {
		return access.Issued{}, err
	}
	cmd, issued, err := access.IssueCredentialsCommand(actor, key, in)
	if err != nil {
		return access.Issued{}, err
	}
	return s.issue(ctx, recipient, cmd, issued)
}

// RenewAccount gives an account a new password and token; the old ones end.
func (s *Service) RenewAccount(ctx context.Context, actor, key, user string) (access.Issued, error) {
	cmd, issued, err := access.RenewAccountCommand(actor, key, user)
	if err != nil {
		return access.Issued{}, err
	}
	return s.issue(ctx, user, cmd, issued)
}

// ChangePassword puts a password of an account's own choosing in the place of the one in force; nil for a wrong current
// one. Connections under a token come back by themselves.
func (s *Service) ChangePassword(ctx context.Context, user, current, password string) (*access.Principal, error) {
	who, err := s.Passwords.Change(ctx, user, current, password)
	if who != nil {
		s.kick(user)
	}
	return who, err
}

// issue submits what puts new secrets in the place of a user's old ones.
func (s *Service) issue(ctx context.Context, user string, cmd journal.Command, issued access.Issued) (access.Issued, error) {
	issued, err := access.Submit(ctx, s.J, cmd, issued)
	// A repeat comes after an answer that was lost, and the connections may not have been closed then.
	if err == nil || access.ShownBefore(err) {
		s.kick(user)
	}
	return issued, err
}

func (s *Service) kick(user string) {
	if s.Kick != nil {
		s.Kick(user)
	}
}

// Disable ends a user's logins until it is enabled again.
func (s *Service) Disable(ctx context.Context, actor, key, user string) (*access.User, error) {
	return s.ends(ctx, user, journal.Command{Kind: access.CommandDisable, Key: key, Actor: actor, Payload: access.Disable{User: user}})
}

// Enable lets a disabled user log in again with the secrets it has.
func (s *Service) Enable(ctx context.Context, actor, key, user string) (*access.User, error) {
	cmd := journal.Command{Kind: access.CommandEnable, Key: key, Actor: actor, Payload: access.Enable{User: user}}
	if _, err := journal.Do[access.Granted](ctx, s.J, cmd); err != nil {
		return nil, err
	}
	return s.User(user)
}

// RevokeToken ends one of a user's tokens.
func (s *Service) RevokeToken(ctx context.Context, actor, user, token string) (*access.User, error) {
	return s.ends(ctx, user, journal.Command{Kind: access.CommandRevoke, Actor: actor, Payload: access.Revoke{User: user, TokenID: token}})
}

// RevokeCredentials ends a recipient's password and tokens; it has none until new ones are issued. The recipient
// need not be in the list any more.
func (s *Service) RevokeCredentials(ctx context.Context, actor, recipient string) (*access.User, error) {
	return s.ends(ctx, recipient, journal.Command{Kind: access.CommandRevokeCredentials, Actor: actor,
		Payload: access.RevokeCredentials{Recipient: recipient}})
}

// ends submits what ends secrets of a user, closes its connections and returns what it is then. Connections under
// secrets that are still good come back by themselves.
func (s *Service) ends(ctx context.Context, user string, cmd journal.Command) (*access.User, error) {
	if _, err := journal.Do[access.Granted](ctx, s.J, cmd); err != nil {
		return nil, err
	}
	s.kick(user)
	return s.User(user)
}

// User returns an account or a recipient that was issued credentials.
func (s *Service) User(user string) (u *access.User, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error { u, err = access.Get(tx, user); return err })
	return u, err
}

// Users pages through the users of a role; without one, through the accounts: see [access.ListRole].
func (s *Service) Users(role, cursor string, limit int) (alerts.Page[*access.User], error) {
	page := alerts.Page[*access.User]{Items: []*access.User{}}
	if role != "" {
		if _, err := access.ParseRole(role); err != nil {
			return page, err
		}
	}
	err := s.J.View(func(tx *bbolt.Tx) error {
		found, next, err := access.ListRole(tx, access.Role(role), cursor, limit)
		page.Items, page.Next = append(page.Items, found...), next
		if page.Total = len(found); cursor != "" || next != "" {
			page.Total = -1
		}
		return err
	})
	return page, err
}
