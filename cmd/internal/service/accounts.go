package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// Authenticate returns whose token it is, or nil for nobody's.
func (s *Service) Authenticate(token string) (*access.Principal, error) {
	now := s.J.Wall()
	return journal.Read(s.J, func(tx *bbolt.Tx) (*access.Principal, error) {
		return access.VerifyToken(tx, token, now), nil
	})
}

var _ = bind(calls.AddAccount, (*Service).AddAccount)

// AddAccount adds an account and returns its first password and token.
func (s *Service) AddAccount(ctx context.Context, a Ask, in calls.NewAccount) (calls.Issued, error) {
	err := s.noRecipient(in.User)
	if err == nil {
		err = s.knownTown(in)
	}
	if err != nil {
		return calls.Issued{}, err
	}
	cmd, issued := access.AddAccountCommand(a.Who.User, a.Key, in)
	return access.Submit(ctx, s.J, cmd, issued)
}

// noRecipient refuses a name that a recipient of the list in force, or of one that is to come into force, has as its
// id, in whatever case: with or without credentials, its acts would read as the account's.
func (s *Service) noRecipient(user string) error {
	var lists []string
	err := s.J.View(func(tx *bbolt.Tx) error {
		stands, err := reductionlist.StandingsAt(tx, s.J.Wall())
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
		same := ""
		err := s.eachListed(list, func(r *reductionlist.Recipient) {
			if same == "" && strings.EqualFold(r.ID, user) {
				same = r.ID
			}
		})
		if err != nil {
			return err
		}
		if same != "" {
			return refusal.Wrong("user", "access.recipient_name",
				refusal.Args{"user": user, "recipient": same, "list": list})
		}
	}
	return nil
}

// knownTown refuses an account for a town that neither the register nor the list in force has: it would never see
// anything. Without a register there is nothing to hold it to.
func (s *Service) knownTown(in calls.NewAccount) error {
	town := strings.TrimSpace(in.Town)
	if calls.Role(in.Role) != calls.Town || town == "" || s.List.Towns == nil {
		return nil
	}
	if register := s.List.Towns(s.Region); len(register) == 0 || slices.Contains(register, town) {
		return nil
	}
	v, err := journal.Read(s.J, s.listed)
	if err != nil || v.Towns[town] > 0 {
		return err
	}
	return refusal.Wrong("town", "access.unknown_town", refusal.Args{"town": town})
}

var _ = bind(calls.SetPhone, (*Service).SetPhone)

// SetPhone changes where the person of an account is called, and returns the account.
func (s *Service) SetPhone(ctx context.Context, a Ask, in calls.AccountPhone) (*calls.User, error) {
	phone := calls.PlainPhones(in.Phone)
	now, err := s.user(in.ID)
	if err != nil || now.Phone == phone {
		return now, err
	}
	cmd, set := a.command(access.CommandSetPhone, nil), access.SetPhone{User: in.ID}
	if phone != "" {
		set.PhoneRef, _ = s.seal(phone, a.Key, &cmd.Vault)
	}
	cmd.Payload = set
	return s.changed(ctx, in.ID, cmd)
}

var _ = bind(calls.SetOwnPhone, func(s *Service, ctx context.Context, a Ask, in calls.OwnPhone) (*calls.User, error) {
	return s.SetPhone(ctx, a, calls.AccountPhone{ByID: calls.ByID{ID: a.Who.User}, Phone: in.Phone})
})

// approversMost is how many approvers are named at once.
const approversMost = 50

// Approvers are those who may approve what somebody entered: accounts that may log in, with their telephones.
func (s *Service) Approvers(tx *bbolt.Tx, entered string) ([]*calls.User, error) {
	all, err := access.WhoMay(tx, calls.ActWarningsApprove, approversMost)
	return slices.DeleteFunc(all, func(u *calls.User) bool { return u.User == entered }), err
}

var _ = bind(calls.AddToken, (*Service).AddToken)

// AddToken gives a user one token more.
func (s *Service) AddToken(ctx context.Context, a Ask, in calls.NewToken) (calls.Issued, error) {
	cmd, issued := access.AddTokenCommand(a.Who.User, a.Key, in)
	return access.Submit(ctx, s.J, cmd, issued)
}

var _ = bind(calls.IssueCredentials, (*Service).IssueCredentials)

// IssueCredentials gives a recipient of the list in force a new password and token; the old ones end.
func (s *Service) IssueCredentials(ctx context.Context, a Ask, in calls.Nothing) (calls.Issued, error) {
	listed := access.Recipient{ID: in.ID}
	err := s.J.View(func(tx *bbolt.Tx) error {
		r, err := ListedRecipient(tx, in.ID, time.Now())
		if err == nil {
			listed.Name, listed.Town, listed.MNs = r.Name, r.Town, stations(r)
		}
		return err
	})
	if err != nil {
		return calls.Issued{}, err
	}
	cmd, issued := access.IssueCredentialsCommand(a.Who.User, a.Key, listed)
	return s.issue(ctx, in.ID, cmd, issued)
}

var _ = bind(calls.RenewAccount, (*Service).RenewAccount)

// RenewAccount gives an account a new password and token; the old ones end.
func (s *Service) RenewAccount(ctx context.Context, a Ask, in calls.Nothing) (calls.Issued, error) {
	cmd, issued := access.RenewAccountCommand(a.Who.User, a.Key, in.ID)
	return s.issue(ctx, in.ID, cmd, issued)
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
func (s *Service) issue(ctx context.Context, user string, cmd journal.Command, issued calls.Issued) (calls.Issued,
	error) {
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

var _ = bind(calls.DisableAccount, (*Service).Disable)

// Disable ends a user's logins until it is enabled again.
func (s *Service) Disable(ctx context.Context, a Ask, in calls.Nothing) (*calls.User, error) {
	return s.ends(ctx, in.ID, a.command(access.CommandDisable, access.Disable{User: in.ID}))
}

var _ = bind(calls.EnableAccount, (*Service).Enable)

// Enable lets a disabled user log in again with the secrets it has.
func (s *Service) Enable(ctx context.Context, a Ask, in calls.Nothing) (*calls.User, error) {
	return s.changed(ctx, in.ID, a.command(access.CommandEnable, access.Enable{User: in.ID}))
}

// changed submits a change of a user and returns what it is then.
func (s *Service) changed(ctx context.Context, user string, cmd journal.Command) (*calls.User, error) {
	if _, err := journal.Do[access.CredentialChange](ctx, s.J, cmd); err != nil {
		return nil, err
	}
	return s.user(user)
}

var _ = bind(calls.RevokeToken, (*Service).RevokeToken)

// RevokeToken ends one of a user's tokens.
func (s *Service) RevokeToken(ctx context.Context, a Ask, in calls.TokenOf) (*calls.User, error) {
	return s.ends(ctx, in.ID, a.command(access.CommandRevoke, access.Revoke{User: in.ID, TokenID: in.Token}))
}

var _ = bind(calls.RevokeCredentials, (*Service).RevokeCredentials)

// RevokeCredentials ends a recipient's password and tokens; it has none until new ones are issued. The recipient
// need not be in the list any more.
func (s *Service) RevokeCredentials(ctx context.Context, a Ask, in calls.ByID) (*calls.User, error) {
	return s.ends(ctx, in.ID, a.command(access.CommandRevokeCredentials, access.RevokeCredentials{Recipient: in.ID}))
}

// ends submits what ends secrets of a user, closes its connections and returns what it is then. Connections under
// secrets that are still good come back by themselves.
func (s *Service) ends(ctx context.Context, user string, cmd journal.Command) (*calls.User, error) {
	if _, err := journal.Do[access.CredentialChange](ctx, s.J, cmd); err != nil {
		return nil, err
	}
	s.kick(user)
	return s.user(user)
}

var _ = bind(calls.Account, (*Service).Account)

// Account returns an account or a recipient that was issued credentials.
func (s *Service) Account(_ context.Context, _ Ask, in calls.ByID) (*calls.User, error) {
	return s.user(in.ID)
}

func (s *Service) user(user string) (*calls.User, error) {
	return journal.ReadBy(s.J, access.Get, user)
}

var _ = bind(calls.Accounts, (*Service).Accounts)

// Accounts pages through the users of a role; without one, through the accounts: see [access.ListRole].
func (s *Service) Accounts(_ context.Context, _ Ask, in calls.AccountsQuery) (alerts.Page[*calls.User], error) {
	return pageOf(s, in.Paging, func(tx *bbolt.Tx) ([]*calls.User, string, error) {
		return access.ListRole(tx, calls.Role(in.Role), in.Cursor, in.Most())
	})
}

// pageOf is a page of what find finds, which is counted only where it is all there is.
func pageOf[T any](s *Service, in calls.Paging,
	find func(tx *bbolt.Tx) (found []T, next string, err error)) (alerts.Page[T], error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (alerts.Page[T], error) {
		found, next, err := find(tx)
		page := alerts.Page[T]{Items: append([]T{}, found...), Next: next, Total: len(found)}
		if in.Cursor != "" || next != "" {
			page.Total = -1
		}
		return page, err
	})
}
