package service

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
)

var _ = bind(calls.Tasks, (*Service).Tasks)

// Tasks pages through the tasks that the caller may see: those that wait for somebody by their rank, those that are done or
// dropped the latest first. A rank may change between two pages, which then show a task twice or not at all.
func (s *Service) Tasks(_ context.Context, a Ask, in calls.TasksQuery) (alerts.Page[calls.TaskView], error) {
	owners, err := s.Owners()
	if err != nil {
		return alerts.Page[calls.TaskView]{}, err
	}
	wanted, err := s.tasksWanted(a, in)
	if err != nil {
		return alerts.Page[calls.TaskView]{}, err
	}
	f := compliance.TaskFilter{State: in.State, Assignee: in.Assignee, Wanted: wanted}
	f.Undone = in.State == "" || in.State == compliance.TaskOpen || in.State == compliance.TaskTaken
	var personal []string
	page, err := pageOf(s, in.Paging, func(tx *bbolt.Tx) (page []calls.TaskView, next string, err error) {
		r := s.rankedBy(tx, a.Who, owners)
		if f.Undone {
			page, next, err = r.page(f, in.Paging)
		} else {
			var found []*compliance.Task
			if found, next, err = compliance.ListTasks(tx, f, in.Cursor, in.Most()); err != nil {
				return nil, "", err
			}
			page, next, err = fillPage(found, next, func(t *compliance.Task) string { return t.ID },
				func(t *compliance.Task) (calls.TaskView, error) { return r.view(t), nil })
		}
		personal = r.personal
		return page, next, err
	})
	s.sawFindings(a, personal)
	return page, err
}

// tasksWanted is which tasks a query and the caller's scope leave.
func (s *Service) tasksWanted(a Ask, in calls.TasksQuery) (func(t *compliance.Task) bool, error) {
	var end time.Time
	if in.Day != "" {
		day, err := time.ParseInLocation(time.DateOnly, in.Day, alerts.Shanghai())
		if err != nil {
			return nil, refusal.Wrong("day", "day.date_wrong", refusal.Args{"value": in.Day})
		}
		end = day.AddDate(0, 0, 1)
	}
	return func(t *compliance.Task) bool {
		return Visible(a.Who, t.Recipient, t.Town) && (in.Town == "" || t.Town == in.Town) &&
			(end.IsZero() || t.Due.Before(end)) && (in.On == "" || t.Day == in.On)
	}, nil
}

var _ = bind(calls.OneTask, (*Service).OneTask)

// OneTask is a task that the caller may see.
func (s *Service) OneTask(_ context.Context, a Ask, in calls.ByID) (calls.TaskView, error) {
	return s.taskFor(a, in.ID)
}

func (s *Service) taskFor(a Ask, id string) (v calls.TaskView, err error) {
	owners, err := s.Owners()
	if err != nil {
		return v, err
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		t, err := compliance.GetTask(tx, id)
		if err == nil && !Visible(a.Who, t.Recipient, t.Town) {
			err = refusal.New(refusal.NotFound, "task.not_found", refusal.Args{"id": refusal.Shown(id)})
		}
		if err != nil {
			return err
		}
		r := s.rankedBy(tx, a.Who, owners)
		if v = r.view(t); t.State == compliance.TaskOpen || t.State == compliance.TaskTaken {
			rank, err := r.rank(t)
			if err != nil {
				return err
			}
			v.Rank = &rank
		}
		s.sawFindings(a, r.personal)
		return nil
	})
	return v, err
}

// TaskFor is a task with what who may read of it; nobody reads no notes. Who may see it is for its caller to know.
func (s *Service) TaskFor(tx *bbolt.Tx, who *access.Principal, id string) (v calls.TaskView, err error) {
	t, err := compliance.GetTask(tx, id)
	if err != nil {
		return v, err
	}
	owner, err := s.ownerOf(tx, t.Recipient)
	return s.rankedBy(tx, who, map[string]Owner{t.Recipient: owner}).view(t), err
}

var _ = bind(calls.AddTask, (*Service).AddTask)

// AddTask makes a task by hand, at a recipient of the list in force. An order that is given is one of its own, and no
// drill's.
func (s *Service) AddTask(ctx context.Context, a Ask, in calls.NewTask) (none calls.TaskView, err error) {
	t := compliance.Task{Origin: compliance.ByHand, Recipient: in.RecipientID, Order: in.OrderID, Due: in.Due,
		Assignee: in.Assignee, With: in.With, Day: in.Day}
	if in.Complaint {
		t.Origin = compliance.FromComplaint
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		r, err := ListedRecipient(tx, in.RecipientID, s.J.Wall())
		if refusal.CodeOf(err) == refusal.NotFound {
			return refusal.Wrong("recipient_id", "recipient.unknown", refusal.Args{"id": refusal.Shown(in.RecipientID)})
		}
		if err != nil {
			return err
		}
		t.Town = r.Town
		if in.OrderID != "" {
			o, err := notify.Get(tx, in.OrderID)
			if refusal.CodeOf(err) == refusal.NotFound || err == nil && (o.RecipientID != in.RecipientID || o.Drill) {
				return refusal.Wrong("order_id", "task.order",
					refusal.Args{"id": refusal.Shown(in.OrderID), "recipient": in.RecipientID})
			}
			if err != nil {
				return err
			}
			t.Warning = o.WarningID
		}
		if err := mayDoTasks(tx, "assignee", in.Assignee); err != nil {
			return err
		}
		return mayGoAlong(tx, in.With)
	})
	if err != nil {
		return none, err
	}
	cmd := a.command(judging.CommandTask, nil)
	if in.Note != "" {
		t.NoteRef, _ = s.seal(in.Note, a.Key, &cmd.Vault)
	}
	cmd.Payload = compliance.OpenTask{Task: t}
	return s.taskDone(ctx, a, cmd)
}

// mayDoTasks refuses an assignee who may not do tasks; an empty one is nobody.
func mayDoTasks(tx *bbolt.Tx, path, user string) error {
	if user == "" {
		return nil
	}
	if p := access.PrincipalOf(tx, user); p == nil || !calls.Allowed(p.Role, calls.ActTasksWrite) {
		return refusal.Wrong(path, "task.nobody", refusal.Args{"value": refusal.Shown(user)})
	}
	return nil
}

// mayGoAlong refuses a second person who is no inspector; an empty one is nobody.
func mayGoAlong(tx *bbolt.Tx, user string) error {
	if user == "" {
		return nil
	}
	if p := access.PrincipalOf(tx, user); p == nil || !calls.Allowed(p.Role, calls.ActInspectionsWrite) {
		return refusal.Wrong("with", "task.no_inspector", refusal.Args{"value": refusal.Shown(user)})
	}
	return nil
}

// wentAlong is mayGoAlong of somebody who was there: that an account was disabled since changes nothing of that.
func wentAlong(tx *bbolt.Tx, user string) error {
	if u, err := access.Get(tx, user); err == nil && calls.Allowed(u.Role, calls.ActInspectionsWrite) {
		return nil
	}
	return mayGoAlong(tx, user)
}

var _ = bind(calls.ChangeTask, (*Service).ChangeTask)

// ChangeTask says how a task stands. Who takes one without naming anybody takes it himself, unless somebody else has it.
func (s *Service) ChangeTask(ctx context.Context, a Ask, in calls.TaskStep) (none calls.TaskView, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		if err := mayDoTasks(tx, "assignee", in.Assignee); err != nil || in.With == nil {
			return err
		}
		return mayGoAlong(tx, *in.With)
	})
	if err != nil {
		return none, err
	}
	step := compliance.ChangeTask{ID: in.ID, State: in.State, Assignee: in.Assignee, With: in.With, Day: in.Day,
		Desk: a.Who.Role == calls.Duty}
	if step.State == compliance.TaskTaken && step.Assignee == "" {
		step.Assignee, step.Own = a.Who.User, true
	}
	cmd := a.command(judging.CommandTaskStep, nil)
	if in.Reason != "" {
		step.ReasonRef, _ = s.seal(in.Reason, a.Key, &cmd.Vault)
	}
	cmd.Payload = step
	return s.taskDone(ctx, a, cmd)
}

func (s *Service) taskDone(ctx context.Context, a Ask, cmd journal.Command) (none calls.TaskView, _ error) {
	t, err := journal.Do[*compliance.Task](ctx, s.J, cmd)
	if err != nil {
		return none, err
	}
	return s.taskFor(a, t.ID)
}

// ranked shows tasks to somebody, and ranks them, within a transaction.
type ranked struct {
	s        *Service
	tx       *bbolt.Tx
	who      *access.Principal
	owners   map[string]Owner
	from     *compliance.Place // from where the caller sets out
	version  string            // of the list in force
	earlier  []string          // warnings, for what was before
	known    map[[2]string]*compliance.Pressing
	personal []string // recipients about whom a note was shown
}

func (s *Service) rankedBy(tx *bbolt.Tx, who *access.Principal, owners map[string]Owner) *ranked {
	return &ranked{s: s, tx: tx, who: who, owners: owners, known: map[[2]string]*compliance.Pressing{}}
}

// view is a task as others read it, without its rank.
func (r *ranked) view(t *compliance.Task) calls.TaskView {
	v := calls.TaskView{ID: t.ID, Origin: t.Origin, Warning: t.Warning, Recipient: t.Recipient,
		RecipientName: r.owners[t.Recipient].Name, Town: t.Town, Order: t.Order, Finding: t.Finding, About: t.About,
		Desk: t.Desk, Due: t.Due, State: t.State, Assignee: t.Assignee, With: t.With, Day: t.Day, OpenedAt: t.OpenedAt, OpenedBy: t.OpenedBy,
		ChangedAt: t.ChangedAt, ChangedBy: t.ChangedBy}
	if r.who == nil || !MayReadCallNotes(r.who, t.Town) {
		return v
	}
	if t.NoteRef != "" {
		v.Note = string(journal.ReadVault(r.tx, t.NoteRef))
	}
	if t.ReasonRef != "" {
		v.Reason = string(journal.ReadVault(r.tx, t.ReasonRef))
	}
	if v.Note+v.Reason != "" {
		r.personal = append(r.personal, t.Recipient)
	}
	return v
}

// page is a page of tasks by their rank. Its cursor is the score and the id of the last one.
func (r *ranked) page(f compliance.TaskFilter, paging calls.Paging) (page []calls.TaskView, next string, err error) {
	type one struct {
		*compliance.Task
		rank compliance.Rank
	}
	var all []one
	for cursor, more := "", true; more; more = cursor != "" {
		var found []*compliance.Task
		if found, cursor, err = compliance.ListTasks(r.tx, f, cursor, compliance.MaxPage); err != nil {
			return nil, "", err
		}
		for _, t := range found {
			rank, err := r.rank(t)
			if err != nil {
				return nil, "", err
			}
			all = append(all, one{t, rank})
		}
	}
	order := func(score float64, id string, other float64, than string) int {
		return cmp.Or(cmp.Compare(other, score), strings.Compare(id, than))
	}
	slices.SortFunc(all, func(a, b one) int { return order(a.rank.Score, a.ID, b.rank.Score, b.ID) })
	if paging.Cursor != "" {
		score, id, err := rankCursor(paging.Cursor)
		if err != nil {
			return nil, "", err
		}
		all = slices.DeleteFunc(all, func(t one) bool { return order(t.rank.Score, t.ID, score, id) <= 0 })
	}
	behind := func(t one) string { return strconv.FormatFloat(t.rank.Score, 'g', -1, 64) + "~" + t.ID }
	if len(all) > paging.Most() {
		all = all[:paging.Most()]
		next = behind(all[len(all)-1])
	}
	return fillPage(all, next, behind, func(t one) (calls.TaskView, error) {
		v := r.view(t.Task)
		v.Rank = &t.rank
		return v, nil
	})
}

func rankCursor(cursor string) (score float64, id string, err error) {
	text, id, ok := strings.Cut(cursor, "~")
	if score, err = strconv.ParseFloat(text, 64); !ok || err != nil {
		return 0, "", refusal.Wrong("cursor", "task.cursor", refusal.Args{"value": refusal.Shown(cursor)})
	}
	return score, id, nil
}

// rank is that of a task.
func (r *ranked) rank(t *compliance.Task) (compliance.Rank, error) {
	key := [2]string{t.Warning, t.Recipient}
	p := r.known[key]
	if p == nil {
		p = &compliance.Pressing{}
		if err := r.press(p, t); err != nil {
			return compliance.Rank{}, err
		}
		r.known[key] = p
	}
	return compliance.RankOf(*p, r.s.ranking), nil
}

// press is what is known of a task's recipient and its orders.
func (r *ranked) press(p *compliance.Pressing, t *compliance.Task) error {
	if t.Warning != "" {
		c, err := compliance.GetCase(r.tx, t.Warning, t.Recipient)
		if err != nil {
			return err
		}
		p.Verdict = c.Verdict
		unknown := 0
		for i := range c.Monitors {
			if c.Monitors[i].Verdict == judge.Unknown {
				unknown++
			}
		}
		if len(c.Monitors) > 0 {
			p.NoData = float64(unknown) / float64(len(c.Monitors))
		}
		if c.Order == "" {
			c.Order = t.Order
		}
		if c.Order != "" {
			o, err := notify.Get(r.tx, c.Order)
			if err != nil {
				return err
			}
			p.AtStake = o.AtStake()
		}
	}
	if err := r.history(p, t); err != nil {
		return err
	}
	var err error
	if p.Visits, p.Failed, err = inspect.Latest(r.tx, t.Recipient); err != nil {
		return err
	}
	if err := r.setsOut(); err != nil {
		return err
	}
	place, err := r.placeOf(t.Recipient)
	p.Distance = r.from.To(place)
	return err
}

// mostEarlier is how many earlier warnings say what a recipient is like.
const mostEarlier = 20

func (r *ranked) history(p *compliance.Pressing, t *compliance.Task) error {
	if r.earlier == nil {
		page, err := alerts.ListWarnings(r.tx, "", mostEarlier)
		if err != nil {
			return err
		}
		r.earlier = []string{}
		for _, w := range page.Items {
			if !w.Drill {
				r.earlier = append(r.earlier, w.ID)
			}
		}
	}
	for _, id := range r.earlier {
		if id == t.Warning {
			continue
		}
		c, err := compliance.GetCase(r.tx, id, t.Recipient)
		if err != nil {
			return err
		}
		switch {
		case c.Worst == judge.Violated:
			p.Violated++
			p.Judged++
		case c.Worst == judge.Suspected, c.Worst == judge.Compliant:
			p.Judged++
		}
	}
	return nil
}

// Office is the district's office, from which inspectors set out; the zero value where none is configured.
func (s *Service) Office() compliance.Place { return s.office }

// setsOut finds from where the caller sets out: the place of what he took or did last today, or the district's office.
func (r *ranked) setsOut() error {
	if r.from != nil {
		return nil
	}
	r.from = &r.s.office
	today := r.s.J.Wall().In(alerts.Shanghai()).Format(time.DateOnly)
	var last *compliance.Task
	found, _, err := compliance.ListTasks(r.tx, compliance.TaskFilter{Assignee: r.who.User}, "", compliance.MaxPage)
	for _, t := range found {
		mine := (t.State == compliance.TaskTaken || t.State == compliance.TaskDone) && !t.Desk &&
			t.ChangedAt.In(alerts.Shanghai()).Format(time.DateOnly) == today
		if mine && (last == nil || t.ChangedAt.After(last.ChangedAt)) {
			last = t
		}
	}
	if err != nil || last == nil {
		return err
	}
	place, err := r.placeOf(last.Recipient)
	if place != (compliance.Place{}) {
		r.from = &place
	}
	return err
}

// placeOf is where a recipient of the list in force is; the zero place where that is not known.
func (r *ranked) placeOf(recipient string) (p compliance.Place, err error) {
	one, err := r.listed(recipient)
	if one == nil {
		return p, err
	}
	return listedPlace(one), nil
}

// listed is a recipient of the list in force; nil where that has none of the id.
func (r *ranked) listed(recipient string) (*reductionlist.Recipient, error) {
	if r.version == "" {
		v, err := reductionlist.Current(r.tx, r.s.J.Wall())
		if err != nil {
			if refusal.CodeOf(err) == refusal.NotFound {
				err = nil
			}
			return nil, err
		}
		r.version = v.ID
	}
	one, err := reductionlist.GetRecipient(r.tx, r.version, recipient)
	switch {
	case refusal.CodeOf(err) == refusal.NotFound:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("service: where %s is: %w", recipient, err)
	}
	return one, nil
}
