package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// Rules are what a district settles of inspections; no text fixes them ([?] in domain.md).
type Rules struct {
	TwoFor       []Disposition // that need a second inspector
	AnswerWithin time.Duration // for the enterprise to say something
	ClockOff     time.Duration // difference of a telephone's clock that is remarked
	FollowWithin time.Duration // for a second visit where no time is named
}

// UsualRules are the usual ones.
func UsualRules() Rules {
	return Rules{TwoFor: []Disposition{OpenCase}, AnswerWithin: 24 * time.Hour, ClockOff: 10 * time.Minute,
		FollowWithin: 24 * time.Hour}
}

// Bounds of what is handed in.
const (
	MostItems   = 300
	MostFiles   = 300                 // of one inspection
	mostTwice   = 10                  // other inspections of its task that are named
	MostAnswers = 5                   // of an enterprise to one inspection
	oldest      = 90 * 24 * time.Hour // before it comes, and how long it takes
)

// Record is that an inspection came in. One without a time was made as it came. Its id, result, remarks and what follows are decided; Offset is measured by whoever
// received it.
type Record struct{ Inspection Inspection }

// DecideRecord records an inspection, ends the task that it was made for where the inspector still has it, and opens the
// one of going there again. The same content under the same client id of the same account gives no event; other content is
// refused (conflict). What happened at the gate happened: that the order has ended or the task is another's now is
// remarked and not refused. Refused are what nobody could have found (an order of somebody else, or a drill's, a file that was not handed in, a day
// that has not come), a case without the second inspector that the rules ask for, whoever is recused, and a correction of
// what was corrected before.
func DecideRecord(tx *bbolt.Tx, actor string, rules Rules, cmd Record, now time.Time) ([]Event, *Inspection, error) {
	in := cmd.Inspection
	if in.Inspector, in.ReceivedAt = actor, now; in.At.IsZero() {
		in.At, in.Offset = now, 0
	}
	was, err := known(tx, &in)
	if was != nil || err != nil {
		return nil, was, err
	}
	in.aheadOf(now)
	if err := in.check(rules, now); err != nil {
		return nil, nil, err
	}
	if err := in.checkFiles(tx); err != nil {
		return nil, nil, err
	}
	if in.Signature == "" && !in.Refused {
		in.remark(Unsigned, "")
	}
	if err := in.adopt(tx); err != nil {
		return nil, nil, err
	}
	corrected, err := in.correction(tx)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case in.Disposition != Rectify || in.Due != nil:
	case corrected != nil && corrected.Due != nil: // which stays until another is named
		in.Due = new(*corrected.Due)
	default:
		in.Due = new(in.SetRight(in.At).Add(rules.FollowWithin))
	}
	if err := in.ofOrder(tx); err != nil {
		return nil, nil, err
	}
	task, err := in.ofTask(tx)
	if err != nil {
		return nil, nil, err
	}
	if off := time.Duration(in.Offset) * time.Second; off.Abs() > rules.ClockOff {
		in.remark(ClockOff, strconv.FormatInt(in.Offset, 10))
	}
	if in.Signature != "" && !slices.Contains(in.Evidence, in.Signature) { // so that whoever proves the files proves it, too
		in.Evidence = append(slices.Clone(in.Evidence), in.Signature)
	}
	in.ID, in.Result, in.AnswerBy = nextID(tx, now), resultOf(in.Items), now.Add(rules.AnswerWithin)
	follow, err := in.follow(tx, corrected, rules, now)
	if err != nil {
		return nil, nil, err
	}
	evs := []Event{&Recorded{Inspection: in.recorded()}}
	if task != nil && !slices.ContainsFunc(in.Remarks, func(r Remark) bool { return r.Rule == TaskReassigned }) {
		if ev := task.End(compliance.TaskDone); ev != nil {
			evs = append(evs, ev)
		}
	}
	return append(evs, follow...), &in, nil
}

// mostAhead is by how much a telephone's clock may have been ahead that is right again when it sends: it is set right as
// soon as it finds a network.
const mostAhead = 26 * time.Hour

// aheadOf sets an inspection right that was made after it came: the clock of the telephone was ahead by that much at least.
func (in *Inspection) aheadOf(now time.Time) {
	if ahead := in.SetRight(in.At).Sub(now); ahead > 0 && ahead <= mostAhead {
		in.Offset += int64((ahead + time.Second - 1) / time.Second)
	}
}

// Came reports whether an inspection of an account came under a client's id before.
func Came(tx *bbolt.Tx, account, client string) bool {
	return client != "" && tx.Bucket(clientBucket).Get(joined(account, client)) != nil
}

// known is the inspection that came under a client's id before; a conflict where it says something else.
func known(tx *bbolt.Tx, in *Inspection) (*Inspection, error) {
	if in.Client == "" {
		return nil, nil
	}
	id := tx.Bucket(clientBucket).Get(joined(in.Inspector, in.Client))
	if id == nil {
		return nil, nil
	}
	was, err := Get(tx, string(id))
	if err == nil && was.Digest != in.Digest {
		return nil, refusal.New(refusal.Conflict, "inspection.other_content", refusal.Args{"id": was.ID})
	}
	return was, err
}

// check refuses what contradicts itself, all of it at once.
func (in *Inspection) check(rules Rules, now time.Time) error {
	var wrong []refusal.Field
	bad := func(path, rule string, args refusal.Args) {
		wrong = append(wrong, refusal.Field{Path: path, Rule: rule, Args: args})
	}
	at := in.SetRight(in.At)
	if at.After(now.Add(5*time.Minute)) || at.Before(now.Add(-oldest)) {
		bad("at", "inspection.at", refusal.Args{"value": in.At})
	}
	if !in.StartedAt.IsZero() && (in.StartedAt.After(in.At) || in.StartedAt.Before(in.At.Add(-oldest))) {
		bad("started_at", "inspection.started", refusal.Args{"value": in.StartedAt})
	}
	if len(in.Items) == 0 {
		bad("items", "inspection.items", nil)
	}
	if !slices.Contains(Dispositions(), in.Disposition) {
		bad("disposition", "inspection.disposition", refusal.Args{"value": refusal.Shown(string(in.Disposition))})
	}
	if in.Due != nil && (!in.Due.After(at) || in.Due.After(at.Add(compliance.LatestDue))) {
		bad("due", "inspection.due", refusal.Args{"value": *in.Due})
	}
	switch {
	case in.With == in.Inspector:
		bad("with", "task.same_person", refusal.Args{"user": in.With})
	case in.With == "" && slices.Contains(rules.TwoFor, in.Disposition):
		bad("with", "inspection.two", refusal.Args{"disposition": terms.Words(terms.Disposition, in.Disposition)})
	}
	if len(wrong) > 0 {
		return refusal.Input(wrong)
	}
	return nil
}

// checkFiles refuses files that nobody handed in.
func (in *Inspection) checkFiles(tx *bbolt.Tx) error {
	var wrong []refusal.Field
	look := func(path, hash string) error {
		file, err := compliance.GetEvidence(tx, hash, "")
		if err == nil && hash == in.Signature && !strings.HasPrefix(file.Type, "image/") {
			wrong = append(wrong, refusal.Field{Path: path, Rule: "inspection.signed", Args: refusal.Args{"type": file.Type}})
		}
		if refusal.CodeOf(err) == refusal.NotFound {
			wrong = append(wrong, refusal.Field{Path: path, Rule: "evidence.not_found",
				Args: refusal.Args{"hash": refusal.Shown(hash)}})
			return nil
		}
		return err
	}
	for i := range in.Items {
		for k, hash := range in.Items[i].Evidence {
			if err := look(fmt.Sprintf("items[%d].evidence[%d]", i, k), hash); err != nil {
				return err
			}
		}
	}
	for k, hash := range in.Evidence {
		if err := look(fmt.Sprintf("evidence[%d]", k), hash); err != nil {
			return err
		}
	}
	if in.Signature != "" {
		if err := look("signature.image", in.Signature); err != nil {
			return err
		}
	}
	if len(in.Files()) > MostFiles {
		wrong = append(wrong, refusal.Field{Path: "evidence", Rule: "inspection.files", Args: refusal.Args{"limit": MostFiles}})
	}
	if len(wrong) > 0 {
		return refusal.Input(wrong)
	}
	return nil
}

// adopt has an inspection that names no order be of the one that its task is about, or that what it corrects is about:
// what was found there counts for that order.
func (in *Inspection) adopt(tx *bbolt.Tx) error {
	if in.Order != "" {
		return nil
	}
	if in.Corrects != "" {
		was, err := Get(tx, in.Corrects)
		if err == nil && was.Recipient == in.Recipient {
			in.Order = was.Order
		}
		return err
	}
	if in.Task == "" {
		return nil
	}
	t, err := compliance.GetTask(tx, in.Task)
	if err == nil && t.Recipient == in.Recipient {
		in.Order = t.Order
	}
	return err
}

// correction is the inspection that this one corrects, or nil.
func (in *Inspection) correction(tx *bbolt.Tx) (*Inspection, error) {
	if in.Corrects == "" {
		return nil, nil
	}
	was, err := Get(tx, in.Corrects)
	if err != nil {
		return nil, err
	}
	switch {
	case was.Inspector != in.Inspector && was.With != in.Inspector:
		return nil, refusal.New(refusal.Forbidden, "inspection.not_yours", refusal.Args{"id": was.ID})
	case was.Recipient != in.Recipient || was.Order != in.Order:
		return nil, refusal.Wrong("corrects", "inspection.corrects", refusal.Args{"id": was.ID})
	case was.CorrectedBy != "":
		return nil, refusal.New(refusal.Conflict, "inspection.corrected",
			refusal.Args{"id": was.ID, "by": was.CorrectedBy})
	}
	in.Task = was.Task
	return was, nil
}

// ofOrder takes over what the order says, and remarks that it is in force no more.
func (in *Inspection) ofOrder(tx *bbolt.Tx) error {
	if in.Order == "" {
		return nil
	}
	o, err := notify.Get(tx, in.Order)
	if refusal.CodeOf(err) == refusal.NotFound || err == nil && (o.RecipientID != in.Recipient || o.Drill) {
		return refusal.Wrong("order_id", "task.order",
			refusal.Args{"id": refusal.Shown(in.Order), "recipient": in.Recipient})
	}
	if err != nil {
		return err
	}
	in.Warning, in.Town, in.Sector = o.WarningID, o.Town, o.Sector
	switch o.State {
	case notify.StateSuperseded:
		in.remark(OrderReplaced, o.ID)
	case notify.StateReleased, notify.StateExempted:
		in.remark(OrderEnded, o.ID)
	}
	return nil
}

// ofTask is the task that was carried out; nil for none.
func (in *Inspection) ofTask(tx *bbolt.Tx) (*compliance.Task, error) {
	for _, user := range []string{in.Inspector, in.With} {
		if user != "" && compliance.Recused(tx, in.Recipient, user) {
			return nil, refusal.New(refusal.Conflict, "task.recused", refusal.Args{"user": user, "recipient": in.Recipient})
		}
	}
	if in.Task == "" {
		return nil, nil
	}
	t, err := compliance.GetTask(tx, in.Task)
	if err != nil {
		return nil, err
	}
	if t.Recipient != in.Recipient || t.Desk || in.Warning != "" && t.Warning != "" && t.Warning != in.Warning {
		return nil, refusal.Wrong("task_id", "inspection.task", refusal.Args{"id": t.ID, "recipient": in.Recipient})
	}
	mine := t.Assignee == in.Inspector || t.With == in.Inspector || in.With != "" && t.Assignee == in.With
	switch {
	case t.State == compliance.TaskTaken && !mine:
		in.remark(TaskReassigned, t.Assignee)
	case t.State == compliance.TaskDropped:
		in.remark(TaskDropped, t.ID)
	}
	others, err := in.others(tx)
	for _, other := range others[:min(len(others), mostTwice)] {
		in.remark(Twice, other.ID)
	}
	return t, err
}

func (in *Inspection) remark(rule, of string) {
	in.Remarks = append(in.Remarks, Remark{Rule: rule, Of: of})
}

// recorded is an inspection as its event has it: who made it and when it came stand with the event itself.
func (in *Inspection) recorded() Inspection {
	bare := *in
	bare.Inspector, bare.ReceivedAt, bare.CorrectedBy, bare.Answers = "", time.Time{}, "", nil
	return bare
}

// Reply is what an enterprise says of an inspection.
type Reply struct {
	ID        string
	Recipient string
	NoteRef   string
	Evidence  []string
}

// DecideReply records what an enterprise says, until [Inspection.AnswerBy]; then it is refused (transition_refused), and so
// is more than [MostAnswers]. Another's inspection is not_found.
func DecideReply(tx *bbolt.Tx, cmd Reply, now time.Time) ([]Event, *Inspection, error) {
	in, err := Get(tx, cmd.ID)
	if err == nil && in.Recipient != cmd.Recipient {
		err = refusal.New(refusal.NotFound, "inspection.not_found", refusal.Args{"id": refusal.Shown(cmd.ID)})
	}
	if err != nil {
		return nil, nil, err
	}
	same := func(a Answer) bool { return a.NoteRef == cmd.NoteRef && slices.Equal(a.Evidence, cmd.Evidence) }
	switch {
	case cmd.NoteRef == "" && len(cmd.Evidence) == 0:
		return nil, nil, refusal.Wrong("note", "finding.note", nil)
	case slices.ContainsFunc(in.Answers, same):
		return nil, in, nil
	case now.After(in.AnswerBy):
		return nil, nil, terms.Transition(terms.Inspected, "inspection.answer_late", in.Result,
			refusal.Args{"id": in.ID, "at": in.AnswerBy})
	case len(in.Answers) >= MostAnswers:
		return nil, nil, terms.Transition(terms.Inspected, "inspection.answers", in.Result,
			refusal.Args{"id": in.ID, "limit": MostAnswers})
	}
	if err := compliance.OwnEvidence(tx, cmd.Evidence, cmd.Recipient); err != nil {
		return nil, nil, err
	}
	in.Answers = append(in.Answers, Answer{At: now, NoteRef: cmd.NoteRef, Evidence: cmd.Evidence})
	return []Event{&Answered{Inspection: in.ID, Order: in.Order, Recipient: in.Recipient, NoteRef: cmd.NoteRef,
		Evidence: cmd.Evidence}}, in, nil
}
