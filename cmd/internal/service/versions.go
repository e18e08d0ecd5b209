package service

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// VersionOf is a version as it stands now.
func (s *Service) VersionOf(tx *bbolt.Tx, v *reductionlist.Version) (calls.Version, error) {
	stands, err := reductionlist.StandingsAt(tx, s.J.Wall())
	if err != nil {
		return calls.Version{}, err
	}
	return versionOf(tx, v, stands)
}

func versionOf(tx *bbolt.Tx, v *reductionlist.Version, stands reductionlist.Standings) (calls.Version, error) {
	standing, err := stands.Of(v)
	if err != nil {
		return calls.Version{}, err
	}
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	shown := calls.Version{ID: v.ID, Revision: v.Revision, State: v.State, InForce: v.ID == stands.Current.ID,
		Hash: v.Hash, Recipients: v.Count,
		Name: v.List.Name, Region: v.List.Region, EffectiveFrom: v.List.EffectiveFrom, EffectiveTo: v.List.EffectiveTo,
		CompiledBy: v.List.CompiledBy, Source: v.Source, BegunAt: v.BegunAt, BegunBy: v.BegunBy,
		ApprovedAt: at(v.ApprovedAt), ApprovedBy: v.ApprovedBy, ActivatedAt: at(v.ActivatedAt), ActivatedBy: v.ActivatedBy,
		BegunSeen: v.BegunSeen, ApprovedSeen: v.ApprovedSeen, ActivatedSeen: v.ActivatedSeen,
		Replaces: v.Replaces, ReplacedBy: v.ReplacedBy, Errors: v.Errors, Warnings: v.Warnings, Standing: standing}
	if a := v.Amends; a != nil {
		shown.Amends = &calls.Amends{Base: a.Base, RecipientID: a.Recipient, MeasureID: a.Measure, Level: a.Level,
			Reason: string(journal.ReadVault(tx, a.ReasonRef))}
	}
	return shown, nil
}

// shown is a version as it stands now, or what a step before went wrong with.
func (s *Service) shown(v reductionlist.Version, err error) (none calls.Version, _ error) {
	if err != nil {
		return none, err
	}
	return journal.Read(s.J, func(tx *bbolt.Tx) (calls.Version, error) { return s.VersionOf(tx, &v) })
}

// inForce is the list in force at the time; false when there is none.
func inForce(tx *bbolt.Tx, at time.Time) (reductionlist.Version, bool, error) {
	v, err := reductionlist.Current(tx, at)
	if refusal.CodeOf(err) == refusal.NotFound {
		return v, false, nil
	}
	return v, err == nil, err
}

// listed is the list in force now; the zero value when there is none.
func (s *Service) listed(tx *bbolt.Tx) (reductionlist.Version, error) {
	v, _, err := inForce(tx, s.J.Wall())
	return v, err
}

// at is the day or the time that is asked for; now without one.
func (s *Service) at(in calls.ListTime) time.Time {
	if in.AsOf == "" {
		return s.J.Wall()
	}
	if day, ok := alerts.ParseDate(in.AsOf); ok {
		return day.Start()
	}
	at, _ := refusal.ReadTime(in.AsOf)
	return at
}

// listFor finds the list that is asked for; false when none was in force. A version that is asked for by an unknown id
// is refused.
func (s *Service) listFor(tx *bbolt.Tx, in calls.ListRef) (v reductionlist.Version, found bool, err error) {
	switch {
	case in.Version != "" && in.AsOf != "":
		return v, false, calls.WrongQuery("as_of", in.AsOf, "list.as_of_version")
	case in.Version != "":
		v, err = reductionlist.GetVersion(tx, in.Version)
		return v, err == nil, err
	}
	return inForce(tx, s.at(in.ListTime))
}

var _ = bind(calls.ListVersions, (*Service).ListVersions)

// ListVersions pages through all versions, or gives the one in force at a time.
func (s *Service) ListVersions(_ context.Context, _ Ask, in calls.VersionsQuery) (alerts.Page[calls.Version], error) {
	return pageOf(s, in.Paging, func(tx *bbolt.Tx) (page []calls.Version, next string, err error) {
		stands, err := reductionlist.StandingsAt(tx, s.J.Wall())
		if err != nil {
			return nil, "", err
		}
		var found []reductionlist.Version
		if in.AsOf != "" {
			v, have, err := inForce(tx, s.at(in.ListTime))
			if !have {
				return nil, "", err
			}
			found = append(found, v)
		} else if found, next, err = reductionlist.ListVersions(tx, in.Cursor, in.Most()); err != nil {
			return nil, "", err
		}
		for i := range found {
			v, err := versionOf(tx, &found[i], stands)
			if err != nil {
				return nil, "", err
			}
			page = append(page, v)
		}
		return page, next, nil
	})
}

var _ = bind(calls.ListVersion, func(s *Service, _ context.Context, _ Ask, in calls.ByID) (calls.Version, error) {
	return s.shown(s.ListVersion(in.ID))
})

var _ = bind(calls.Import, func(s *Service, _ context.Context, a Ask, in calls.ByID) (calls.Imported, error) {
	found, err := s.ImportFindings(in.ID)
	if err != nil {
		return calls.Imported{}, err
	}
	return s.ImportedView(a, found)
})

// ImportedView is an import as others see it.
func (s *Service) ImportedView(a Ask, in ImportResult) (calls.Imported, error) {
	v, err := s.shown(in.Version, nil)
	return calls.Imported{Version: v, Findings: worded(in.Findings, a.Lang), Contacts: in.Contacts}, err
}

func worded(found []reductionlist.Finding, lang string) []reductionlist.Finding {
	out := make([]reductionlist.Finding, len(found))
	for i, f := range found {
		out[i] = f.In(lang)
	}
	return out
}

func changesIn(lang string, all []reductionlist.Change) []calls.Change {
	out := make([]calls.Change, len(all))
	for i, c := range all {
		out[i] = calls.Change{Change: c, Text: c.In(lang)}
	}
	return out
}

func effectsIn(lang string, all []reductionlist.Effect) []calls.Effect {
	out := make([]calls.Effect, len(all))
	for i, e := range all {
		out[i] = calls.Effect{Effect: e, Text: append([]string{}, e.In(lang)...)}
	}
	return out
}

// byRecipient gathers changes, which come in the order of recipients; those of no recipient are the head's.
func byRecipient(all []calls.Change) (head []calls.Change, recipients []calls.RecipientDiff) {
	head, recipients = []calls.Change{}, []calls.RecipientDiff{}
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
			recipients = append(recipients,
				calls.RecipientDiff{RecipientID: c.Recipient, Kind: kind, Changes: []calls.Change{c}})
		}
	}
	return head, recipients
}

// A version is compared with another; without one with what it amends, or else with the list in force.
var _ = bind(calls.DiffList, func(s *Service, _ context.Context, a Ask, in calls.DiffQuery) (out calls.ListDiff,
	err error) {
	if in.Against == "" {
		if in.Against, err = s.ListBase(in.ID); err != nil {
			return out, err
		}
	}
	c, next, err := s.ListDiff(in.Against, in.ID, in.Cursor, in.Most())
	if err != nil {
		return out, err
	}
	head, recipients := byRecipient(changesIn(a.Lang, c.Changes))
	return calls.ListDiff{Page: alerts.Page[calls.RecipientDiff]{Items: recipients, Next: next,
		Total: c.Added + c.Removed + c.Changed},
		From: in.Against, To: in.ID, Head: head, Added: c.Added, Removed: c.Removed, Changed: c.Changed,
		Effects: effectsIn(a.Lang, c.Effects), Sectors: effectsIn(a.Lang, c.Sectors)}, nil
})

// The recipients are paged through in the order of ids; with a recipient it is that one, with its measures.
var _ = bind(calls.ScoreList, func(s *Service, _ context.Context, a Ask, in calls.ScoreQuery) (out calls.ListScore,
	err error) {
	v, score, err := s.ListScore(in.ID)
	if err != nil {
		return out, err
	}
	totals, err := s.ListTotals(&v)
	if err != nil {
		return out, err
	}
	out = calls.ListScore{Version: v.ID, Weights: score.Weights, Score: score.Score, Ratios: totals.Ratios(),
		Shortfalls: append([]rules.Shortfall{}, rules.ShortfallsOf(&totals, s.List)...), Tasks: len(score.Tasks)}
	if in.Recipient != "" {
		one, err := s.ScoreRecipient(v.ID, in.Recipient, a.Lang)
		out.Page = alerts.Page[rules.RecipientScore]{Items: []rules.RecipientScore{one}, Total: 1}
		return out, err
	}
	out.Page, err = pageFrom(in.Paging, score.Recipients, nil)
	return out, err
})

// The tasks are what a version needs for all marks, the one that helps most first.
var _ = bind(calls.ListTasks, func(s *Service, _ context.Context, a Ask, in calls.ScoreQuery) (alerts.Page[rules.Task],
	error) {
	_, score, err := s.ListScore(in.ID)
	if err != nil {
		return alerts.Page[rules.Task]{}, err
	}
	page, err := pageFrom(in.Paging, score.Tasks,
		func(t rules.Task) bool { return in.Recipient == "" || t.Recipient == in.Recipient })
	for i, t := range page.Items {
		page.Items[i] = t.In(a.Lang)
	}
	return page, err
})

// The findings are those of the import or the amendment that made the version.
var _ = bind(calls.ListFindings,
	func(s *Service, _ context.Context, a Ask, in calls.FindingsQuery) (alerts.Page[reductionlist.Finding], error) {
		found, err := s.ImportFindings(in.ID)
		if err != nil {
			return alerts.Page[reductionlist.Finding]{}, err
		}
		page, err := pageFrom(in.Paging, found.Findings,
			func(f reductionlist.Finding) bool { return in.Severity == "" || f.Severity == in.Severity })
		page.Items = worded(page.Items, a.Lang)
		return page, err
	})

// pageFrom is a page of the items that keep wants; nil wants every one. The list never changes, so that cursors are
// numbers. The items are copied.
func pageFrom[T any](in calls.Paging, all []T, keep func(T) bool) (page alerts.Page[T], err error) {
	if keep != nil {
		kept := make([]T, 0, len(all))
		for _, one := range all {
			if keep(one) {
				kept = append(kept, one)
			}
		}
		all = kept
	}
	begin := 0
	if in.Cursor != "" {
		if begin, err = strconv.Atoi(in.Cursor); err != nil || begin < 1 || begin > len(all) {
			return page, wrongCursor(in.Cursor)
		}
	}
	end := min(begin+in.Most(), len(all))
	page = alerts.Page[T]{Items: append([]T{}, all[begin:end]...), Total: len(all)}
	if end < len(all) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

// ScanRecipients is how many one page of recipients looks at; it may then be shorter than asked, with a cursor to go
// on.
const ScanRecipients = 10_000

func viewOf(r *reductionlist.Recipient, list string) calls.RecipientView {
	return calls.RecipientView{Recipient: r, Sector: r.Sector(), ListVersion: list}
}

var _ = bind(calls.Recipients, (*Service).Recipients)

// Recipients pages through a list in the order of ids, by part of an id or a name and by town, as who may see them.
func (s *Service) Recipients(_ context.Context, a Ask, in calls.RecipientsQuery) (alerts.Page[calls.RecipientView],
	error) {
	page := alerts.Page[calls.RecipientView]{Items: []calls.RecipientView{}}
	err := s.J.View(func(tx *bbolt.Tx) error {
		v, have, err := s.listFor(tx, in.ListRef)
		if err != nil || !have {
			return err
		}
		if err := counted(a, &v); err != nil {
			return err
		}
		matches := func(r *reductionlist.Recipient) bool {
			return Visible(a.Who, r.ID, r.Town) && (in.Town == "" || r.Town == in.Town) &&
				(in.Q == "" || strings.Contains(r.ID, in.Q) || strings.Contains(r.Name, in.Q))
		}
		found, next, err := reductionlist.SearchRecipients(tx, v.ID, in.Cursor, cmp.Or(in.Q, in.Town), in.Most(),
			ScanRecipients, matches)
		if err != nil {
			return err
		}
		page.Next = next
		for _, r := range found {
			page.Items = append(page.Items, viewOf(r, v.ID))
		}
		switch {
		case Scoped(a.Who) || in.Q != "":
			if page.Total = len(page.Items); in.Cursor != "" || page.Next != "" {
				page.Total = -1
			}
		case in.Town != "":
			page.Total = v.Towns[in.Town]
		default:
			page.Total = v.Added
		}
		return err
	})
	return page, err
}

var _ = bind(calls.Recipient, (*Service).Recipient)

// Recipient is one of a list, or a not_found refusal.
func (s *Service) Recipient(_ context.Context, a Ask, in calls.RecipientQuery) (view calls.RecipientView, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		v, found, err := s.listFor(tx, in.ListRef)
		if err != nil {
			return err
		}
		var r *reductionlist.Recipient
		if err == nil && found {
			err = counted(a, &v)
		}
		if err == nil && found {
			r, err = reductionlist.GetRecipient(tx, v.ID, in.ID)
		}
		if r == nil && err == nil || refusal.CodeOf(err) == refusal.NotFound || err == nil && !Visible(a.Who, r.ID, r.Town) {
			return unknownRecipient(in.ID)
		}
		view = viewOf(r, v.ID)
		return err
	})
	return view, err
}
