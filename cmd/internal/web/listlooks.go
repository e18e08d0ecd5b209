package web

import (
	"context"
	"slices"
	"strconv"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// amended is the draft that an amendment made, with what it changes.
type amended struct {
	version
	Findings        []reductionlist.Finding `json:"findings"`
	Changes         []change                `json:"changes"`
	Effects         []effect                `json:"effects"`
	Later           []string                `json:"later"` // versions that begin after this one and lack the change
	ContactsChanged int                     `json:"contacts_changed"`
}

// change is one difference between two versions, in words too.
type change struct {
	reductionlist.Change
	Text string `json:"text"`
}

// effect is how the reductions of a level go from one version to the other, in words too.
type effect struct {
	reductionlist.Effect
	Text []string `json:"text"`
}

func changesIn(lang string, all []reductionlist.Change) []change {
	out := make([]change, len(all))
	for i, c := range all {
		out[i] = change{c, c.In(lang)}
	}
	return out
}

func effectsIn(lang string, all []reductionlist.Effect) []effect {
	out := make([]effect, len(all))
	for i, e := range all {
		out[i] = effect{e, append([]string{}, e.In(lang)...)}
	}
	return out
}

// amendList goes on when its caller has gone: it is many commands, like an import.
func (s *Server) amendList(q *request) (any, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), importTimeout)
	defer cancel()
	made, err := s.svc.AmendList(ctx, q.who.User, q.key, q.body)
	if err != nil {
		return nil, err
	}
	lang := languageOf(q.Request)
	v, err := s.show(&made.Version)
	return amended{v, worded(made.Findings, lang), changesIn(lang, made.Diff.Changes), effectsIn(lang, made.Diff.Effects),
		append([]string{}, made.Later...), made.Contacts}, err
}

func amendPath(answer any) []string { return []string{"list", "versions", answer.(amended).ID} }

// listDiff is a page of the recipients that differ between two versions, with the effect of all of it.
type listDiff struct {
	alerts.Page[recipientDiff]
	From    string   `json:"from"`
	To      string   `json:"to"`
	Head    []change `json:"head"` // what 基本情况 says otherwise
	Added   int      `json:"recipients_added"`
	Removed int      `json:"recipients_removed"`
	Changed int      `json:"recipients_changed"`
	// Effects are one for each level. Sectors are those whose reductions differ at some level.
	Effects []effect `json:"effects"`
	Sectors []effect `json:"sectors"`
}

// recipientDiff is all that is different in one recipient.
type recipientDiff struct {
	RecipientID string   `json:"recipient_id"`
	Kind        string   `json:"kind"` // added, removed, or changed
	Changes     []change `json:"changes"`
}

// byRecipient gathers changes, which come in the order of recipients; those of no recipient are the head's.
func byRecipient(all []change) (head []change, recipients []recipientDiff) {
	head, recipients = []change{}, []recipientDiff{}
	for _, c := range all {
		last := len(recipients) - 1
		switch {
		case c.Recipient == "":
			head = append(head, c)
		case last >= 0 && recipients[last].RecipientID == c.Recipient:
			recipients[last].Changes = append(recipients[last].Changes, c)
		default:
			kind := reductionlist.Changed
			if c.Whole() {
				kind = c.Kind
			}
			recipients = append(recipients, recipientDiff{c.Recipient, kind, []change{c}})
		}
	}
	return head, recipients
}

// diffVersions compares a version with another; without against with what it amends, or else with the list in force.
func (s *Server) diffVersions(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	against := q.query.Get("against")
	if against == "" {
		if against, err = s.svc.ListBase(q.id()); err != nil {
			return nil, err
		}
	}
	c, next, err := s.svc.ListDiff(against, q.id(), cursor, limit)
	if err != nil {
		return nil, err
	}
	lang := languageOf(q.Request)
	head, recipients := byRecipient(changesIn(lang, c.Changes))
	return listDiff{alerts.Page[recipientDiff]{Items: recipients, Next: next, Total: c.Added + c.Removed + c.Changed},
		against, q.id(), head, c.Added, c.Removed, c.Changed, effectsIn(lang, c.Effects), effectsIn(lang, c.Sectors)}, nil
}

// listScore is the score of a version with a page of its recipients.
type listScore struct {
	alerts.Page[rules.RecipientScore]
	Version    string                `json:"version"`
	Weights    rules.Weights         `json:"weights"`
	Score      rules.Score           `json:"score"`
	Ratios     []reductionlist.Ratio `json:"ratios"`
	Shortfalls []rules.Shortfall     `json:"shortfalls"`
	Tasks      int                   `json:"tasks"` // of the work list
}

// scoreVersion pages through the recipients in the order of ids; with recipient it is that one, with its measures.
func (s *Server) scoreVersion(q *request) (any, error) {
	v, a, err := s.svc.ListScore(q.id())
	if err != nil {
		return nil, err
	}
	totals, err := s.svc.ListTotals(&v)
	if err != nil {
		return nil, err
	}
	out := listScore{Version: v.ID, Weights: a.Weights, Score: a.Score, Ratios: totals.Ratios(),
		Shortfalls: append([]rules.Shortfall{}, rules.ShortfallsOf(&totals, s.svc.List)...), Tasks: len(a.Tasks)}
	if id := q.query.Get("recipient"); q.query.Has("recipient") {
		one, err := s.svc.ScoreRecipient(v.ID, id, languageOf(q.Request))
		out.Page = alerts.Page[rules.RecipientScore]{Items: []rules.RecipientScore{one}, Total: 1}
		return out, err
	}
	out.Page, err = pageFrom(q, a.Recipients)
	return out, err
}

// listTasks is what is needed for a version to have all marks, what helps most first.
func (s *Server) listTasks(q *request) (any, error) {
	_, a, err := s.svc.ListScore(q.id())
	if err != nil {
		return nil, err
	}
	tasks := a.Tasks
	if id := q.query.Get("recipient"); id != "" {
		tasks = slices.DeleteFunc(slices.Clone(tasks), func(t rules.Task) bool { return t.Recipient != id })
	}
	page, err := pageFrom(q, tasks)
	for i, t := range page.Items {
		page.Items[i] = t.In(languageOf(q.Request))
	}
	return page, err
}

// listFindings is what was found in a version when it was imported or amended.
func (s *Server) listFindings(q *request) (any, error) {
	in, err := s.svc.ImportFindings(q.id())
	if err != nil {
		return nil, err
	}
	found := in.Findings
	if severity := q.query.Get("severity"); q.query.Has("severity") {
		if severity != reductionlist.SeverityError && severity != reductionlist.SeverityWarning {
			return nil, wrongQuery("severity", severity, "list.want_severity")
		}
		found = slices.DeleteFunc(found, func(f reductionlist.Finding) bool { return f.Severity != severity })
	}
	page, err := pageFrom(q, found)
	page.Items = worded(page.Items, languageOf(q.Request))
	return page, err
}

// pageFrom is a page of what never changes: its cursors are numbers. The items are copied.
func pageFrom[T any](q *request, all []T) (page alerts.Page[T], err error) {
	cursor, limit, err := q.page()
	if err != nil {
		return page, err
	}
	begin := 0
	if cursor != "" {
		if begin, err = strconv.Atoi(cursor); err != nil || begin < 1 || begin > len(all) {
			return page, refusal.Input([]refusal.Field{{Path: "cursor", Rule: "cursor.unknown", Args: refusal.Args{"value": cursor}}})
		}
	}
	end := min(begin+limit, len(all))
	page = alerts.Page[T]{Items: append([]T{}, all[begin:end]...), Total: len(all)}
	if end < len(all) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}
