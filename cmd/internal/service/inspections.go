package service

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// Commands of inspections.
const (
	cmdInspect = "inspection.record"
	cmdReply   = "inspection.answer"
	cmdDraw    = "inspection.draw"
)

func registerInspections(r *journal.Registry, rules inspect.Rules) {
	journal.Handle(r, cmdInspect, func(tx *bbolt.Tx, actor string, in inspect.Record, now time.Time) ([]journal.Event,
		*inspect.Inspection, error) {
		return inspect.DecideRecord(tx, actor, rules, in, now)
	})
	journal.Handle(r, cmdReply, func(tx *bbolt.Tx, _ string, in inspect.Reply, now time.Time) ([]journal.Event,
		*inspect.Inspection, error) {
		return inspect.DecideReply(tx, in, now)
	})
	journal.Handle(r, cmdDraw, func(tx *bbolt.Tx, actor string, in inspect.Plan, now time.Time) ([]journal.Event, *inspect.Draw,
		error) {
		return inspect.DecidePlan(tx, actor, in, now)
	})
}

var _ = bind(calls.AddInspection, (*Service).AddInspection)

// AddInspection takes in what an inspector found. The same again under the same client id, however much later, is answered
// with what was recorded.
func (s *Service) AddInspection(ctx context.Context, a Ask, in calls.NewInspection) (none calls.InspectionView, err error) {
	rec, private, err := s.readInspection(a, &in)
	if err != nil {
		return none, err
	}
	if rec.Inspection.Client == "" && a.Key != "" {
		rec.Inspection.Client = byKey + hex.EncodeToString(s.keyed("inspection", a.Key))
	}
	a.Key = "" // the journal knows a key for a month, and by all that was sent, which has the clock of whoever sent it
	cmd := a.command(cmdInspect, nil)
	if rec.Inspection.PrivateRef, _ = s.seal(private, a.Key, &cmd.Vault); private == "{}" {
		rec.Inspection.PrivateRef, cmd.Vault = "", nil
	}
	cmd.Payload = rec
	made, err := journal.Do[*inspect.Inspection](ctx, s.J, cmd)
	if err != nil {
		return none, err
	}
	return s.inspectionFor(a, made.ID)
}

// byKey begins the client id of an inspection that came under an idempotency key alone.
const byKey = "~"

// readInspection is what was handed in as it is to be recorded, and what of it the vault keeps.
func (s *Service) readInspection(a Ask, in *calls.NewInspection) (rec inspect.Record, private string, err error) {
	is := inspect.Inspection{Client: in.ClientID, Task: in.TaskID, Order: in.OrderID, Recipient: in.Recipient, With: in.With,
		Corrects: in.Corrects, Evidence: in.Evidence, Signature: in.Signature.Image,
		Refused: in.Signature.Image == "" && strings.TrimSpace(in.Signature.Refused) != "", Disposition: cmp.Or(in.Disposition, inspect.NoDisposition),
		Due: in.Due, Reinspect: in.Reinspect}
	if in.At != nil {
		is.At = *in.At
	}
	if in.StartedAt != nil {
		is.StartedAt = *in.StartedAt
	}
	text := inspect.Private{Note: in.Note, Position: in.Position, Signer: in.Signature.Name, Refusal: in.Signature.Refused}
	said := false
	for i := range in.Items {
		it := &in.Items[i]
		item := inspect.Item{Measure: it.MeasureID, Monitor: it.Monitor, Expected: it.Expected, Result: it.Result,
			Value: it.Value, Unit: it.Unit, Evidence: it.Evidence}
		wrote := inspect.PrivateItem{Found: it.Found, Note: it.Note, Vehicles: it.Vehicles}
		if item.Measure == "" { // the words are the inspector's own then, and not the order's
			item.Expected, wrote.Expected = "", it.Expected
		}
		is.Items, text.Items = append(is.Items, item), append(text.Items, wrote)
		said = said || wrote.Expected+it.Found+it.Note != "" || len(it.Vehicles) > 0
	}
	if !said {
		text.Items = nil
	}
	sent := *in
	sent.DeviceNow = nil // differs each time that the same is sent
	if is.Digest, err = s.digestOf("inspection", sent); err != nil {
		return rec, "", err
	}
	if in.DeviceNow != nil {
		is.Offset = int64(in.DeviceNow.Sub(s.J.Wall()).Round(time.Second) / time.Second)
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		if inspect.Came(tx, a.Who.User, in.ClientID) { // the same is answered whatever has become of what it names
			return nil
		}
		return s.placeInspection(tx, a, in, &is)
	})
	if err != nil {
		return rec, "", err
	}
	sealed, err := json.Marshal(&text)
	return inspect.Record{Inspection: is}, string(sealed), err
}

// digestOf is a keyed hash over a value's JSON.
func (s *Service) digestOf(purpose string, v any) (string, error) {
	text, err := json.Marshal(v)
	return hex.EncodeToString(s.keyed(purpose, string(text))), err
}

// placeInspection says of which town and sector an inspection is, and refuses items that are of no measure of its order.
func (s *Service) placeInspection(tx *bbolt.Tx, a Ask, in *calls.NewInspection, is *inspect.Inspection) error {
	if err := wentAlong(tx, in.With); err != nil {
		return err
	}
	measures := map[string]bool{}
	if in.OrderID == "" {
		if err := s.wherever(tx, in, is); err != nil {
			return err
		}
	} else {
		v, err := s.orderView(tx, in.OrderID)
		if refusal.CodeOf(err) == refusal.NotFound {
			return refusal.Wrong("order_id", "task.order",
				refusal.Args{"id": refusal.Shown(in.OrderID), "recipient": refusal.Shown(in.Recipient)})
		}
		if err != nil {
			return err
		}
		for i := range v.Measures {
			measures[v.Measures[i].ID] = true
		}
	}
	var wrong []refusal.Field
	for i := range in.Items {
		it := &in.Items[i]
		path := fmt.Sprintf("items[%d].", i)
		switch {
		case it.MeasureID != "" && !measures[it.MeasureID]:
			wrong = append(wrong, refusal.Field{Path: path + "measure_id", Rule: "inspection.item_measure",
				Args: refusal.Args{"id": refusal.Shown(it.MeasureID)}})
		case it.MeasureID == "" && strings.TrimSpace(it.Found) == "":
			wrong = append(wrong, refusal.Field{Path: path + "found", Rule: "inspection.item_found"})
		}
	}
	if len(wrong) > 0 {
		return refusal.Input(wrong)
	}
	return nil
}

// wherever says of which town and sector an inspection without an order is: by the list in force, or, of a recipient that has
// left it while the telephone was offline, by the last list that had it, or by the task that leads there, with a remark.
func (s *Service) wherever(tx *bbolt.Tx, in *calls.NewInspection, is *inspect.Inspection) error {
	r, err := ListedRecipient(tx, in.Recipient, s.J.Wall())
	if err == nil {
		is.Town, is.Sector = r.Town, r.Sector()
		return nil
	}
	if refusal.CodeOf(err) != refusal.NotFound {
		return err
	}
	is.Remarks = append(is.Remarks, inspect.Remark{Rule: inspect.NotListed, Of: in.Recipient})
	if r, err = onceListed(tx, in.Recipient, s.J.Wall()); err != nil {
		return err
	}
	if r != nil {
		is.Town, is.Sector = r.Town, r.Sector()
		return nil
	}
	if in.TaskID != "" {
		t, err := compliance.GetTask(tx, in.TaskID)
		if err != nil {
			return err
		}
		if t.Recipient == in.Recipient && !t.Desk {
			is.Town = t.Town
			return nil
		}
	}
	return refusal.Wrong("recipient_id", "recipient.unknown", refusal.Args{"id": refusal.Shown(in.Recipient)})
}

// orderView is an order with its measures, without what the vault has.
func (s *Service) orderView(tx *bbolt.Tx, id string) (v notify.View, err error) {
	nobody := notify.Vault{Contact: func(string) (name, phone string) { return "", "" }}
	text, err := notify.JSON(tx, journal.ReadPos, nobody, id)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
}

var _ = bind(calls.Inspection, (*Service).Inspection)

// Inspection is an inspection that the caller may see. One that it may not see is not found, as one that there is not.
func (s *Service) Inspection(_ context.Context, a Ask, in calls.ByID) (calls.InspectionView, error) {
	return s.inspectionFor(a, in.ID)
}

func (s *Service) inspectionFor(a Ask, id string) (v calls.InspectionView, err error) {
	owners, err := s.Owners()
	if err != nil {
		return v, err
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		is, err := inspect.Get(tx, id)
		if err == nil && !Visible(a.Who, is.Recipient, is.Town) {
			err = refusal.New(refusal.NotFound, "inspection.not_found", refusal.Args{"id": refusal.Shown(id)})
		}
		if err != nil {
			return err
		}
		shown := s.inspectedBy(tx, a, owners)
		v, err = shown.view(is)
		s.sawFindings(a, shown.personal)
		return err
	})
	return v, err
}

// InspectionFor is an inspection for who is told of it; nobody reads nothing of people. Who may see it is for its caller to know.
func (s *Service) InspectionFor(tx *bbolt.Tx, who *access.Principal, id, lang string) (v calls.InspectionView, err error) {
	is, err := inspect.Get(tx, id)
	if err != nil {
		return v, err
	}
	owner, err := s.ownerOf(tx, is.Recipient)
	if err != nil {
		return v, err
	}
	return s.inspectedBy(tx, Ask{Who: who, Lang: lang}, map[string]Owner{is.Recipient: owner}).view(is)
}

var _ = bind(calls.Inspections, (*Service).Inspections)

// Inspections pages through the inspections that the caller may see, the latest first.
func (s *Service) Inspections(_ context.Context, a Ask, in calls.InspectionsQuery) (alerts.Page[calls.InspectionView], error) {
	var personal []string
	page, err := s.inspections(a, in, func(tx *bbolt.Tx, owners map[string]Owner) showInspection {
		shown := s.inspectedBy(tx, a, owners)
		return func(is *inspect.Inspection) (calls.InspectionView, error) {
			v, err := shown.view(is)
			personal = shown.personal
			return v, err
		}
	})
	s.sawFindings(a, personal)
	return page, err
}

// InspectionRows is Inspections without what they say of people, which then counts as read by nobody: of an answer there is
// when it came alone.
func (s *Service) InspectionRows(a Ask, in calls.InspectionsQuery) (alerts.Page[calls.InspectionView], error) {
	return s.inspections(a, in, func(tx *bbolt.Tx, owners map[string]Owner) showInspection {
		shown := s.inspectedBy(tx, Ask{Lang: a.Lang}, owners)
		return func(is *inspect.Inspection) (calls.InspectionView, error) {
			v, err := shown.view(is)
			for _, answer := range is.Answers {
				v.Answers = append(v.Answers, calls.InspectionAnswer{At: answer.At})
			}
			return v, err
		}
	})
}

// showInspection makes a view of an inspection.
type showInspection = func(is *inspect.Inspection) (calls.InspectionView, error)

// inspections pages through the inspections that the caller may see; show makes views of those that are found.
func (s *Service) inspections(a Ask, in calls.InspectionsQuery,
	show func(tx *bbolt.Tx, owners map[string]Owner) showInspection) (alerts.Page[calls.InspectionView], error) {
	none := alerts.Page[calls.InspectionView]{Items: []calls.InspectionView{}}
	f := inspect.Filter{Warning: in.Warning, Order: in.Order, Recipient: in.Recipient, Town: in.Town, Task: in.Task,
		Inspector: in.Inspector, Result: in.Result, Disposition: in.Disposition}
	var err error
	if f.From, f.To, err = daySpan(in.From, in.To); err != nil {
		return none, err
	}
	if a.Who.Role == calls.Enterprise {
		if a.Who.Recipient == "" || f.Recipient != "" && f.Recipient != a.Who.Recipient {
			return none, nil
		}
		f.Recipient = a.Who.Recipient
	}
	f.Wanted = func(r *inspect.Row) bool { return Visible(a.Who, r.Recipient, r.Town) }
	owners, err := s.Owners()
	if err != nil {
		return none, err
	}
	return pageOf(s, in.Paging, func(tx *bbolt.Tx) (page []calls.InspectionView, next string, err error) {
		if f.Warning == "" && in.Order != "" { // an order's id begins with its warning's: a shorter way there
			o, err := notify.Get(tx, in.Order)
			if refusal.CodeOf(err) == refusal.NotFound {
				return nil, "", nil
			}
			if err != nil {
				return nil, "", err
			}
			f.Warning = o.WarningID
		}
		found, next, err := inspect.ListRows(tx, f, in.Cursor, in.Most())
		if err != nil {
			return nil, "", err
		}
		view := show(tx, owners)
		return fillPage(found, next, func(r *inspect.Row) string { return r.ID },
			func(r *inspect.Row) (none calls.InspectionView, _ error) {
				is, err := inspect.Get(tx, r.ID)
				if err != nil {
					return none, err
				}
				return view(is)
			})
	})
}

// daySpan are the times of two days of Beijing, the second with all of it; zero for an empty one.
func daySpan(from, to string) (start, end time.Time, err error) {
	read := func(day, path string) (time.Time, error) {
		if day == "" {
			return time.Time{}, nil
		}
		t, err := time.ParseInLocation(time.DateOnly, day, alerts.Shanghai())
		if err != nil {
			return t, refusal.Wrong(path, "day.date_wrong", refusal.Args{"value": refusal.Shown(day)})
		}
		return t, nil
	}
	if start, err = read(from, "from"); err != nil {
		return start, end, err
	}
	if end, err = read(to, "to"); err == nil && !end.IsZero() {
		end = end.AddDate(0, 0, 1)
	}
	return start, end, err
}

// inspected shows inspections to somebody, within a transaction.
type inspected struct {
	s        *Service
	tx       *bbolt.Tx
	ask      Ask
	owners   map[string]Owner
	personal []string // recipients about whom something was shown
}

func (s *Service) inspectedBy(tx *bbolt.Tx, a Ask, owners map[string]Owner) *inspected {
	return &inspected{s: s, tx: tx, ask: a, owners: owners}
}

// mayReadPeople reports whether who is asked may read what an inspection says of people.
func (v *inspected) mayReadPeople(is *inspect.Inspection) bool {
	who := v.ask.Who
	return who != nil && (MayReadCallNotes(who, is.Town) || who.Role == calls.Enterprise && who.Recipient == is.Recipient)
}

// view is an inspection as others read it.
func (v *inspected) view(is *inspect.Inspection) (calls.InspectionView, error) {
	out := calls.InspectionView{ID: is.ID, ClientID: is.Client, TaskID: is.Task, OrderID: is.Order, WarningID: is.Warning,
		RecipientID: is.Recipient, RecipientName: v.owners[is.Recipient].Name, Town: is.Town, Inspector: is.Inspector,
		With: is.With, Corrects: is.Corrects, CorrectedBy: is.CorrectedBy, At: is.SetRight(is.At), DeviceAt: is.At,
		ClockOffset: is.Offset, ReceivedAt: is.ReceivedAt, Items: []calls.ItemView{}, Evidence: []string{},
		Signature:   calls.SignatureView{Refused: is.Refused},
		Disposition: is.Disposition, Due: is.Due, Reinspect: is.Reinspect, Result: is.Result, Remarks: []calls.RemarkView{},
		FollowUp: is.FollowUp, AnswerBy: is.AnswerBy, Answers: []calls.InspectionAnswer{}}
	if strings.HasPrefix(is.Client, byKey) {
		out.ClientID = ""
	}
	if !is.StartedAt.IsZero() {
		out.StartedAt = new(is.SetRight(is.StartedAt))
	}
	for _, hash := range is.Evidence {
		if hash != is.Signature {
			out.Evidence = append(out.Evidence, hash)
		}
	}
	for i := range is.Items {
		it := &is.Items[i]
		out.Items = append(out.Items, calls.ItemView{MeasureID: it.Measure, Monitor: it.Monitor, Expected: it.Expected,
			Result: it.Result, Value: it.Value, Unit: it.Unit, Vehicles: []string{}, Evidence: append([]string{}, it.Evidence...)})
	}
	for _, r := range is.Remarks {
		out.Remarks = append(out.Remarks, v.remark(r))
	}
	shared, err := v.shared(is)
	if err != nil {
		return out, err
	}
	for _, other := range shared {
		out.Remarks = append(out.Remarks, v.remark(inspect.Remark{Rule: inspect.FileShared, Of: other}))
	}
	if v.ask.Who == nil || !v.mayReadPeople(is) {
		return out, nil
	}
	return out, v.people(is, &out)
}

// people adds what an inspection says of people.
func (v *inspected) people(is *inspect.Inspection, out *calls.InspectionView) error {
	v.personal = append(v.personal, is.Recipient)
	out.Signature.Image = is.Signature
	for _, answer := range is.Answers {
		out.Answers = append(out.Answers, calls.InspectionAnswer{At: answer.At,
			Note: string(journal.ReadVault(v.tx, answer.NoteRef)), Evidence: append([]string{}, answer.Evidence...)})
	}
	if err := v.photos(is, out); err != nil || is.PrivateRef == "" {
		return err
	}
	text := journal.ReadVault(v.tx, is.PrivateRef)
	if out.Erased = text == nil; out.Erased {
		return nil
	}
	var said inspect.Private
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("service: what inspection %s says of people: %w", is.ID, err)
	}
	out.Note, out.Position = said.Note, said.Position
	v.farAway(is, said.Position, out)
	out.Signature.Name, out.Signature.Reason = said.Signer, said.Refusal
	for i := range said.Items[:min(len(said.Items), len(out.Items))] {
		it := &said.Items[i]
		out.Items[i].Found, out.Items[i].Note = it.Found, it.Note
		out.Items[i].Expected = cmp.Or(out.Items[i].Expected, it.Expected)
		out.Items[i].Vehicles = append([]string{}, it.Vehicles...)
	}
	return nil
}

var _ = bind(calls.AnswerInspection, (*Service).AnswerInspection)

// AnswerInspection is what an enterprise says of an inspection there.
func (s *Service) AnswerInspection(ctx context.Context, a Ask, in calls.NewAnswer) (none calls.InspectionView, err error) {
	cmd := a.command(cmdReply, nil)
	reply := inspect.Reply{ID: in.ID, Recipient: a.Who.Recipient, Evidence: in.Evidence}
	if note := strings.TrimSpace(in.Note); note != "" {
		reply.NoteRef, _ = s.seal(note, a.Key, &cmd.Vault)
	}
	cmd.Payload = reply
	if _, err := journal.Do[*inspect.Inspection](ctx, s.J, cmd); err != nil {
		return none, err
	}
	return s.inspectionFor(a, in.ID)
}

var _ = bind(calls.InspectionTotals, (*Service).InspectionTotals)

// InspectionTotals are sums of the inspections that the caller may see. Whoever neither decides nor inspects is not told
// who made how many.
func (s *Service) InspectionTotals(_ context.Context, a Ask, in calls.SumsQuery) (out calls.InspectionSums, err error) {
	f := inspect.Filter{Warning: in.Warning, Town: in.Town}
	if f.From, f.To, err = daySpan(in.From, in.To); err != nil {
		return out, err
	}
	f.Wanted = func(r *inspect.Row) bool { return Visible(a.Who, r.Recipient, r.Town) }
	sums, err := journal.Read(s.J, func(tx *bbolt.Tx) (inspect.Statistics, error) { return inspect.Count(tx, f) })
	list := func(of map[string]inspect.Sum) []inspect.Sum {
		all := make([]inspect.Sum, 0, len(of))
		for _, sum := range of {
			all = append(all, sum)
		}
		slices.SortFunc(all, func(a, b inspect.Sum) int { return strings.Compare(a.Of, b.Of) })
		return all
	}
	out = calls.InspectionSums{All: sums.All, Recipients: sums.Recipients, ByTown: list(sums.ByTown),
		BySector: list(sums.BySector), ByInspector: []inspect.Sum{}}
	if Decides(a.Who) && a.Who.Role != calls.Viewer {
		out.ByInspector = list(sums.ByPerson)
	}
	return out, err
}

// PublicInspections is what the inspections under a warning came to, and at how many recipients they were made: what
// everybody may know of them, without names.
func (s *Service) PublicInspections(tx *bbolt.Tx, warning string) (inspect.Sum, int, error) {
	sums, err := inspect.Count(tx, inspect.Filter{Warning: warning})
	return sums.All, sums.Recipients, err
}
