package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
)

var _ = bind(calls.RecuseTask, (*Service).RecuseTask)

// RecuseTask has somebody do no tasks at a task's recipient any more: whoever asks, or, where the duty desk asks, another.
func (s *Service) RecuseTask(ctx context.Context, a Ask, in calls.Recusal) (none calls.TaskView, err error) {
	user := cmp.Or(in.User, a.Who.User)
	if user != a.Who.User && a.Who.Role != calls.Duty {
		return none, refusal.New(refusal.Forbidden, "task.recuse_other", refusal.Args{"user": refusal.Shown(user)})
	}
	var t *compliance.Task
	err = s.J.View(func(tx *bbolt.Tx) (err error) {
		if t, err = compliance.GetTask(tx, in.ID); err == nil {
			err = mayDoTasks(tx, "user", user)
		}
		return err
	})
	if err != nil {
		return none, err
	}
	cmd := a.command(judging.CommandRecuse, nil)
	step := compliance.Recuse{Recipient: t.Recipient, User: user, End: in.End, Desk: a.Who.Role == calls.Duty}
	if reason := strings.TrimSpace(in.Reason); reason != "" && !in.End {
		step.ReasonRef, _ = s.seal(reason, a.Key, &cmd.Vault)
	}
	cmd.Payload = step
	if _, err := journal.Do[bool](ctx, s.J, cmd); err != nil {
		return none, err
	}
	return s.taskFor(a, in.ID)
}

// RecusalView is a recusal as an officer reads it.
type RecusalView struct {
	User, Recipient, Name string
	At                    time.Time
	By                    string
	Times                 int // that the account was recused there before
	Reason                string
	Erased                bool // what was said is kept no more
	EndedAt               time.Time
	EndedBy               string
}

// ReadsRecusals reports whether who asks may read who is recused, and why: the officers who send inspectors.
func ReadsRecusals(a Ask) bool { return a.Who.Role == calls.Duty }

// Recusals are the latest recusals at a recipient, of an account, or of all where both are empty, those that ended as well.
// They are for officers alone, see [ReadsRecusals]; others are refused (forbidden). That the reasons were shown counts as
// reading them.
func (s *Service) Recusals(a Ask, recipient, user string) (out []RecusalView, more bool, err error) {
	if !ReadsRecusals(a) {
		return nil, false, refusal.New(refusal.Forbidden, "task.recusals", nil)
	}
	owners, err := s.Owners()
	if err != nil {
		return nil, false, err
	}
	var personal []string
	err = s.J.View(func(tx *bbolt.Tx) error {
		var all []*compliance.Recusal
		if all, more, err = compliance.Recusals(tx, recipient, user); err != nil {
			return err
		}
		for _, r := range all {
			v := RecusalView{User: r.User, Recipient: r.Recipient, Name: owners[r.Recipient].Name, At: r.At, By: r.By, Times: r.Times,
				EndedAt: r.EndedAt, EndedBy: r.EndedBy}
			text := journal.ReadVault(tx, r.ReasonRef)
			if v.Reason, v.Erased = string(text), text == nil; !v.Erased && !slices.Contains(personal, r.Recipient) {
				personal = append(personal, r.Recipient)
			}
			out = append(out, v)
		}
		return nil
	})
	s.sawFindings(a, personal)
	return out, more, err
}
