package service

import (
	"context"
	"encoding/json"
	"strconv"
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
)

var _ = bind(calls.Findings, (*Service).Findings)

// Findings pages through the findings that the caller may see, the latest warning first. A page looks at so many and may be
// shorter than asked, with a cursor to go on.
func (s *Service) Findings(_ context.Context, a Ask, in calls.FoundQuery) (alerts.Page[calls.FindingView], error) {
	none := alerts.Page[calls.FindingView]{Items: []calls.FindingView{}}
	f := compliance.Filter{Warning: in.Warning, Recipient: in.Recipient, Verdict: in.Verdict}
	if a.Who.Role == calls.Enterprise {
		if a.Who.Recipient == "" || f.Recipient != "" && f.Recipient != a.Who.Recipient {
			return none, nil
		}
		f.Recipient = a.Who.Recipient
	}
	owners, err := s.Owners()
	if err != nil {
		return none, err
	}
	var personal []string
	page, err := pageOf(s, in.Paging, func(tx *bbolt.Tx) (page []calls.FindingView, next string, err error) {
		shown := s.foundBy(tx, a.Who, owners)
		if in.Order != "" {
			o, err := VisibleOrder(tx, a.Who, in.Order)
			if refusal.CodeOf(err) == refusal.NotFound || err == nil && (f.Warning != "" && f.Warning != o.WarningID ||
				f.Recipient != "" && f.Recipient != o.RecipientID) {
				return nil, "", nil
			}
			if err != nil {
				return nil, "", err
			}
			f.Warning, f.Recipient = o.WarningID, o.RecipientID
		}
		f.Wanted = func(one *compliance.Finding) bool {
			return (in.Open == "" || strconv.FormatBool(!one.Cleared) == in.Open) &&
				(in.Waiting == "" || strconv.FormatBool(one.Waits()) == in.Waiting) && shown.sees(one) &&
				(in.Town == "" || shown.town(one) == in.Town)
		}
		found, next, err := compliance.ListFindings(tx, f, in.Cursor, in.Most())
		if err != nil {
			return nil, "", err
		}
		page, next, err = fillPage(found, next, func(one *compliance.Finding) string { return one.ID },
			func(one *compliance.Finding) (calls.FindingView, error) { return shown.view(one, false), nil })
		personal = shown.personal
		if err == nil {
			err = shown.err
		}
		return page, next, err
	})
	s.sawFindings(a, personal)
	return page, err
}

var _ = bind(calls.Finding, (*Service).Finding)

// Finding is a finding that the caller may see. One that it may not see is not found, as one that there is not.
func (s *Service) Finding(_ context.Context, a Ask, in calls.ByID) (calls.FindingView, error) {
	return s.findingFor(a, in.ID)
}

// findingFor is a finding as it stands now, for who is shown it: what of it is personal counts as read.
func (s *Service) findingFor(a Ask, id string) (v calls.FindingView, err error) {
	owners, err := s.Owners()
	if err != nil {
		return v, err
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		shown := s.foundBy(tx, a.Who, owners)
		f, err := shown.get(id)
		if err != nil {
			return err
		}
		v = shown.view(f, true)
		s.sawFindings(a, shown.personal)
		return shown.err
	})
	return v, err
}

func (s *Service) sawFindings(a Ask, recipients []string) {
	if len(recipients) > 0 {
		s.Saw(a, Reading{Kind: access.SeenNote, Recipients: recipients, Still: true})
	}
}

// found shows findings to somebody, within a transaction.
type found struct {
	s        *Service
	tx       *bbolt.Tx
	who      *access.Principal // nil shows no notes
	owners   map[string]Owner
	towns    map[string]string // of orders
	personal []string          // recipients about whom a note was shown
	err      error             // why something could not be read
}

func (s *Service) foundBy(tx *bbolt.Tx, who *access.Principal, owners map[string]Owner) *found {
	return &found{s: s, tx: tx, who: who, owners: owners, towns: map[string]string{}}
}

// town is that of a finding's order.
func (v *found) town(f *compliance.Finding) string {
	town, ok := v.towns[f.Order]
	if !ok {
		o, err := notify.Get(v.tx, f.Order)
		if err != nil {
			v.err = err
			return ""
		}
		town = o.Town
		v.towns[f.Order] = town
	}
	return town
}

func (v *found) sees(f *compliance.Finding) bool { return Visible(v.who, f.Recipient, v.town(f)) }

// get is a finding that may be seen, or a not_found refusal.
func (v *found) get(id string) (*compliance.Finding, error) {
	f, err := compliance.GetFinding(v.tx, id)
	if err != nil {
		return nil, err
	}
	sees := v.sees(f)
	if err = v.err; err == nil && !sees {
		err = refusal.New(refusal.NotFound, "finding.not_found", refusal.Args{"id": refusal.Shown(id)})
	}
	return f, err
}

// view is a finding as others read it; hours has it list them.
func (v *found) view(f *compliance.Finding, hours bool) calls.FindingView {
	out := calls.FindingView{ID: f.ID, WarningID: f.Warning, OrderID: f.Order, RecipientID: f.Recipient,
		RecipientName: v.owners[f.Recipient].Name, Town: v.town(f), MeasureID: f.Measure, Source: f.Source, Ref: f.Ref,
		Factor: f.Factor, Kind: f.Kind, Criterion: f.Criterion, Unit: f.Unit, Verdict: f.Verdict, Worst: f.Worst,
		Cleared: f.Cleared, Asks: f.Asks(), Waits: f.Waits(), Advisory: f.Advisory, Revision: f.Revision, From: f.From,
		Last: f.Last, Failed: f.Failed, Weekdays: f.Guessed, OpenedAt: f.OpenedAt, ChangedAt: f.ChangedAt,
		Explanations: []calls.ExplanationView{}}
	if n := len(f.Hours); n > 0 {
		h := &f.Hours[n-1]
		out.Hour, out.Measured, out.Limit, out.Why = &h.At, h.Measured, h.Limit, h.Why
		if u := h.Usual; u != nil {
			out.Baseline = &calls.BaselineView{Median: u.Median, Low: u.Low, High: u.High, N: u.N}
		}
	}
	if hours {
		out.Hours = f.Hours
	}
	if !f.ToldAt.IsZero() {
		out.ToldAt = new(f.ToldAt)
		out.ExplainBy = new(f.ToldAt.Add(v.s.follow.ExplainWithin))
	}
	for i := range f.Explanations {
		out.Explanations = append(out.Explanations, v.explanation(f, &f.Explanations[i]))
	}
	return out
}

func (v *found) explanation(f *compliance.Finding, e *compliance.Explanation) calls.ExplanationView {
	out := calls.ExplanationView{At: e.At, Evidence: append([]string{}, e.Evidence...), Decision: e.Decision,
		Hours: append([]time.Time{}, e.Hours...)}
	if !e.DecidedAt.IsZero() {
		out.DecidedAt = new(e.DecidedAt)
	}
	if v.who == nil {
		return out
	}
	if !Scoped(v.who) {
		out.DecidedBy = e.DecidedBy
	}
	if !MayReadNotes(v.who, f.Recipient) {
		return out
	}
	read := func(ref string) string {
		if ref == "" {
			return ""
		}
		return string(journal.ReadVault(v.tx, ref))
	}
	out.Note, out.Reason = read(e.NoteRef), read(e.ReasonRef)
	if out.Note+out.Reason != "" {
		v.personal = append(v.personal, f.Recipient)
	}
	return out
}

var _ = bind(calls.ExplainFinding, (*Service).ExplainFinding)

// ExplainFinding is what an enterprise says of one of its findings; see [compliance.DecideExplain]. The note goes to the
// vault.
func (s *Service) ExplainFinding(ctx context.Context, a Ask, in calls.Explanation) (none calls.FindingView, _ error) {
	return s.findingDone(ctx, a, s.explainCommand(a, in))
}

func (s *Service) explainCommand(a Ask, in calls.Explanation) journal.Command {
	cmd := a.command(judging.CommandExplain, nil)
	explain := compliance.Explain{Finding: in.ID, Recipient: a.Who.Recipient, Evidence: in.Evidence}
	if in.Note != "" {
		explain.NoteRef, explain.NoteHash = s.seal(in.Note, a.Key, &cmd.Vault)
	}
	cmd.Payload = explain
	return cmd
}

// ExplainBy is an explanation of a recipient: the payload of qingkong.answer.<recipient>, or of its drill twin, which has
// no findings. done gets the finding's id for [Service.FindingJSON], or a refusal; it is called once and must not block.
func (s *Service) ExplainBy(recipient string, drill bool, data []byte, done func(finding string, err error)) {
	in, err := calls.ReadExplanation(data)
	if err == nil && drill {
		err = refusal.New(refusal.NotFound, "finding.no_drill", refusal.Args{"subject": "qingkong.answer." + recipient})
	}
	if err == nil {
		cmd := s.explainCommand(Ask{Who: enterprise(recipient)}, in)
		err = s.J.SubmitFunc(cmd, func(_ any, err error) {
			if err == nil {
				s.judgeSoon()
			}
			done(in.ID, err)
		})
	}
	if err != nil {
		done("", err)
	}
}

// enterprise is a recipient as it reads what is its own.
func enterprise(recipient string) *access.Principal {
	return &access.Principal{User: recipient, Role: calls.Enterprise, Recipient: recipient}
}

// FindingJSON is a finding as its recipient reads it.
func (s *Service) FindingJSON(recipient, id string) ([]byte, error) {
	v, err := s.findingFor(Ask{Who: enterprise(recipient)}, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

var _ = bind(calls.DecideFinding, (*Service).DecideFinding)

// DecideFinding accepts or rejects the explanation that waits; see [compliance.DecideDecision]. The reason is about the
// recipient and goes to the vault.
func (s *Service) DecideFinding(ctx context.Context, a Ask, in calls.ExplanationDecision) (none calls.FindingView, _ error) {
	cmd := a.command(judging.CommandDecide, nil)
	decide := compliance.DecideExplanation{Finding: in.ID, Decision: in.Decision, Hours: in.Hours}
	if in.Reason != "" {
		decide.ReasonRef, _ = s.seal(in.Reason, a.Key, &cmd.Vault)
	}
	cmd.Payload = decide
	return s.findingDone(ctx, a, cmd)
}

var _ = bind(calls.ChooseValue, (*Service).ChooseValue)

// ChooseValue takes one of several values of an hour as the right one; see [compliance.DecideValue].
func (s *Service) ChooseValue(ctx context.Context, a Ask, in calls.ValueChoice) (none calls.FindingView, _ error) {
	cmd := a.command(judging.CommandValue, nil)
	accept := compliance.AcceptValue{Finding: in.ID, At: in.At, Value: *in.Value}
	accept.ReasonRef, _ = s.seal(in.Reason, a.Key, &cmd.Vault)
	cmd.Payload = accept
	return s.findingDone(ctx, a, cmd)
}

// judgeSoon has a case judged at once of which somebody said something. On a node that does not lead nobody judges: the
// one that leads sees it within a minute.
func (s *Service) judgeSoon() {
	if s.Judging != nil {
		s.Judging.Soon()
	}
}

// findingDone submits an act on a finding, has it judged and returns it as it stands before that.
func (s *Service) findingDone(ctx context.Context, a Ask, cmd journal.Command) (none calls.FindingView, _ error) {
	f, err := journal.Do[*compliance.Finding](ctx, s.J, cmd)
	if err != nil {
		return none, err
	}
	s.judgeSoon()
	return s.findingFor(a, f.ID)
}

// FoundFor is a finding with what who may read of it; nobody reads no notes. Who may see it is for its caller to know.
func (s *Service) FoundFor(tx *bbolt.Tx, who *access.Principal, id string) (v calls.FindingView, err error) {
	f, err := compliance.GetFinding(tx, id)
	if err != nil {
		return v, err
	}
	owner, err := s.ownerOf(tx, f.Recipient)
	if err != nil {
		return v, err
	}
	shown := s.foundBy(tx, who, map[string]Owner{f.Recipient: owner})
	return shown.view(f, true), shown.err
}

// findingMessage is the message of an event of a finding. Whoever hears of findings gets it, so that what was written about
// people is left out; the enterprise reads that in what is pending, and by GET.
func (s *Service) findingMessage(tx *bbolt.Tx, id string) (subject string, payload []byte, err error) {
	return compliance.Message(tx, id, func(f *compliance.Finding) ([]byte, error) {
		v, err := s.FoundFor(tx, nil, f.ID)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	})
}

// ownerOf is what the list in force says of a recipient; nothing where it is not listed any more.
func (s *Service) ownerOf(tx *bbolt.Tx, recipient string) (Owner, error) {
	r, err := ListedRecipient(tx, recipient, s.J.Wall())
	switch {
	case err == nil:
		return Owner{Name: r.Name, Town: r.Town}, nil
	case refusal.CodeOf(err) == refusal.NotFound:
		return Owner{}, nil
	}
	return Owner{}, err
}

// askedFindings are the findings that ask something of a recipient, as it reads them.
func (s *Service) askedFindings(tx *bbolt.Tx, recipient string) ([]calls.FindingView, error) {
	all := []calls.FindingView{}
	asked, err := compliance.Asked(tx, recipient)
	if err != nil || len(asked) == 0 {
		return all, err
	}
	owner, err := s.ownerOf(tx, recipient)
	if err != nil {
		return all, err
	}
	v := s.foundBy(tx, enterprise(recipient),
		map[string]Owner{recipient: owner})
	for _, f := range asked {
		all = append(all, v.view(f, true))
	}
	return all, v.err
}
