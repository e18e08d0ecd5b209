package web

import (
	"bytes"
	"cmp"
	"context"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
)

// importTimeout bounds an import, which is many commands. One that was cut off may be sent again.
const importTimeout = 5 * time.Minute

const xlsxMedia = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// version is a version of the list as others see it.
type version struct {
	ID            string     `json:"id"`
	Revision      int        `json:"revision"`
	State         string     `json:"state"`
	InForce       bool       `json:"in_force"`
	Hash          string     `json:"hash"`
	Recipients    int        `json:"recipients"`
	Name          string     `json:"name"`
	Region        string     `json:"region"`
	EffectiveFrom string     `json:"effective_from"`
	EffectiveTo   string     `json:"effective_to"`
	CompiledBy    string     `json:"compiled_by"`
	Source        string     `json:"source"`
	BegunAt       time.Time  `json:"begun_at"`
	BegunBy       string     `json:"begun_by"`
	ApprovedAt    *time.Time `json:"approved_at"`
	ApprovedBy    string     `json:"approved_by"`
	ActivatedAt   *time.Time `json:"activated_at"`
	ActivatedBy   string     `json:"activated_by"`

	// What who began, approved and activated it said of themselves.
	BegunSeen     *alerts.SecretSeen `json:"begun_secret_seen,omitempty"`
	ApprovedSeen  *alerts.SecretSeen `json:"approved_secret_seen,omitempty"`
	ActivatedSeen *alerts.SecretSeen `json:"activated_secret_seen,omitempty"`

	Replaces   string `json:"replaces"`
	ReplacedBy string `json:"replaced_by"`
	Errors     int    `json:"errors"` // of the workbook when it was imported; with any, it stays a draft
	Warnings   int    `json:"warnings"`
	reductionlist.Standing
	Amends *amends `json:"amends"` // what of another version was changed to make this one; null where it came as a whole
}

// amends is what an amendment changed, and why.
type amends struct {
	Base        string       `json:"base"`
	RecipientID string       `json:"recipient_id"`
	MeasureID   string       `json:"measure_id"` // empty: the recipient as a whole
	Level       alerts.Level `json:"level"`
	Reason      string       `json:"reason"` // empty when it was erased
}

// versionOf is a version as it stands.
func versionOf(tx *bbolt.Tx, v *reductionlist.Version, stands reductionlist.Stands) (version, error) {
	standing, err := stands.Of(v)
	if err != nil {
		return version{}, err
	}
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	shown := version{ID: v.ID, Revision: v.Revision, State: v.State, InForce: v.ID == stands.Current.ID, Hash: v.Hash, Recipients: v.Count,
		Name: v.List.Name, Region: v.List.Region, EffectiveFrom: v.List.EffectiveFrom, EffectiveTo: v.List.EffectiveTo,
		CompiledBy: v.List.CompiledBy, Source: v.Source, BegunAt: v.BegunAt, BegunBy: v.BegunBy,
		ApprovedAt: at(v.ApprovedAt), ApprovedBy: v.ApprovedBy, ActivatedAt: at(v.ActivatedAt), ActivatedBy: v.ActivatedBy,
		BegunSeen: v.BegunSeen, ApprovedSeen: v.ApprovedSeen, ActivatedSeen: v.ActivatedSeen,
		Replaces: v.Replaces, ReplacedBy: v.ReplacedBy, Errors: v.Errors, Warnings: v.Warnings, Standing: standing}
	if a := v.Amends; a != nil {
		shown.Amends = &amends{a.Base, a.Recipient, a.Measure, a.Level, string(journal.ReadVault(tx, a.ReasonRef))}
	}
	return shown, nil
}

// inForce is the list in force at the time; false when there is none.
func inForce(tx *bbolt.Tx, at time.Time) (reductionlist.Version, bool, error) {
	v, err := reductionlist.Current(tx, at)
	if refusal.CodeOf(err) == refusal.NotFound {
		return v, false, nil
	}
	return v, err == nil, err
}

// asked is the list a request is about: a version by its id, or the one in force at a time.
type asked struct {
	byID bool
	id   string
	at   time.Time
}

// asked reads the parameters version and as_of, a day or a time; without either it is the list in force now.
func (s *Server) asked(q *request) (a asked, err error) {
	a.at = s.svc.J.Wall()
	text := q.query.Get("as_of")
	switch {
	case q.query.Has("version") && q.query.Has("as_of"):
		return a, wrongQuery("as_of", text, "list.as_of_version")
	case q.query.Has("version"):
		a.byID, a.id = true, q.query.Get("version")
	case q.query.Has("as_of"):
		if day, ok := alerts.ParseDate(text); ok {
			a.at = day.Start()
		} else if at, ok := refusal.ReadTime(text); ok {
			a.at = at
		} else {
			return a, wrongQuery("as_of", text, "http.want_time")
		}
	}
	return a, nil
}

// version is false when no list was in force; a version that is asked for by an unknown id is refused.
func (a asked) version(tx *bbolt.Tx) (v reductionlist.Version, found bool, err error) {
	if !a.byID {
		return inForce(tx, a.at)
	}
	v, err = reductionlist.GetVersion(tx, a.id)
	return v, err == nil, err
}

// versions pages through all versions, or gives the one in force at as_of.
func (s *Server) versions(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	asked, err := s.asked(q)
	if err != nil {
		return nil, err
	}
	page := alerts.Page[version]{Items: []version{}}
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		stands, err := reductionlist.StandsAt(tx, s.svc.J.Wall())
		if err != nil {
			return err
		}
		show := func(v *reductionlist.Version) error {
			shown, err := versionOf(tx, v, stands)
			page.Items = append(page.Items, shown)
			return err
		}
		if q.query.Has("as_of") {
			v, found, err := asked.version(tx)
			if !found {
				return err
			}
			page.Total = 1
			return show(&v)
		}
		found, next, err := reductionlist.ListVersions(tx, cursor, limit)
		if err != nil {
			return err
		}
		page.Next = next
		for i := range found {
			if err := show(&found[i]); err != nil {
				return err
			}
		}
		page.Total = len(found)
		if cursor != "" || next != "" {
			page.Total = -1
		}
		return nil
	})
	return page, err
}

func (s *Server) version(q *request) (any, error) {
	v, err := s.svc.ListVersion(q.id())
	if err != nil {
		return nil, err
	}
	return s.show(&v)
}

// show is a version as it stands now.
func (s *Server) show(v *reductionlist.Version) (shown version, err error) {
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		stands, err := reductionlist.StandsAt(tx, s.svc.J.Wall())
		if err == nil {
			shown, err = versionOf(tx, v, stands)
		}
		return err
	})
	return shown, err
}

func (s *Server) approveVersion(q *request) (any, error) {
	v, err := s.svc.ApproveList(q.Context(), q.who.User, q.key, q.id(), q.orEmpty())
	if err != nil {
		return nil, err
	}
	return s.show(&v)
}

// activateVersion lets an administrator activate what nobody has approved.
func (s *Server) activateVersion(q *request) (any, error) {
	v, err := s.svc.ActivateList(q.Context(), q.who.User, q.key, q.id(), q.who.Role != access.Admin, q.orEmpty())
	if err != nil {
		return nil, err
	}
	return s.show(&v)
}

// discardVersion answers with the draft as it was.
func (s *Server) discardVersion(q *request) (any, error) {
	given := q.query.Get("revision")
	revision, err := strconv.Atoi(given)
	if err != nil || revision < 1 {
		return nil, wrongQuery("revision", given, "http.want_revision")
	}
	v, err := s.svc.DiscardList(q.Context(), q.who.User, q.key, q.id(), revision)
	if err != nil {
		return nil, err
	}
	return s.show(&v)
}

func (s *Server) listTemplate(*request) (any, error) {
	var b bytes.Buffer
	if err := workbook.WriteTemplate(&b); err != nil {
		return nil, err
	}
	return file{name: "list-template.xlsx", media: xlsxMedia, data: b.Bytes()}, nil
}

// imported is a version with what was found in its workbook.
type imported struct {
	version
	Findings []reductionlist.Finding  `json:"findings"`
	Contacts service.ImportedContacts `json:"contacts"`
}

func worded(found []reductionlist.Finding, lang string) []reductionlist.Finding {
	out := make([]reductionlist.Finding, len(found))
	for i, f := range found {
		out[i] = f.In(lang)
	}
	return out
}

// importList answers with what was found in the workbook that was sent, also where the version was there before.
func (s *Server) importList(q *request) (any, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), importTimeout)
	defer cancel()
	in, err := s.svc.ImportWorkbook(ctx, q.who.User, q.key, cmp.Or(q.query.Get("source"), q.file), q.sent.Bytes)
	if err != nil {
		return nil, err
	}
	v, err := s.show(&in.Version)
	v.Errors, v.Warnings = reductionlist.CountFindings(in.Findings)
	return imported{v, worded(in.Findings, languageOf(q.Request)), in.Contacts}, err
}

func importPath(answer any) []string { return []string{"list", "imports", answer.(imported).ID} }

func (s *Server) imported(q *request) (any, error) {
	in, err := s.svc.ImportFindings(q.id())
	if err != nil {
		return nil, err
	}
	v, err := s.show(&in.Version)
	return imported{v, worded(in.Findings, languageOf(q.Request)), in.Contacts}, err
}

// importErrors is the workbook with the cells marked that something was found in, for those who mend it; for whoever may
// not see its contacts, and where the file is not there any more, what was found alone.
func (s *Server) importErrors(q *request) (any, error) {
	in, err := s.svc.ImportFindings(q.id())
	if err != nil {
		return nil, err
	}
	var data []byte
	if mayContacts(q.who) {
		if data, err = s.svc.ImportedWorkbook(&in.Version); err != nil {
			return nil, err
		}
		if data != nil {
			s.sawAll(q, in.Version.ID, max(in.Version.Count, 1))
		}
	}
	var b bytes.Buffer
	err = s.svc.Workbooks(q.Context(), func() error { return workbook.WriteErrorBook(&b, data, in.Findings, languageOf(q.Request)) })
	if err != nil {
		return nil, err
	}
	return file{name: "errors-" + in.Version.ID + ".xlsx", media: xlsxMedia, data: b.Bytes()}, nil
}

// mayContacts reports whether who gets contacts in a file: those who keep the list and call its recipients.
func mayContacts(who *access.Principal) bool {
	return who.Role == access.Admin || who.Role == access.Duty
}

// exportVersion is a version as a workbook that gives the same version when it is imported again. Contacts, which are not
// part of what a version is, stand in it only for those who may see them.
func (s *Server) exportVersion(q *request) (any, error) {
	if format := q.query.Get("format"); q.query.Has("format") && format != "xlsx" {
		return nil, wrongQuery("format", format, "list.export_format")
	}
	var v reductionlist.Version
	var b bytes.Buffer
	err := s.svc.Workbooks(q.Context(), func() error {
		var l *reductionlist.List
		var err error
		if v, l, err = s.svc.ExportList(q.who.User, q.id(), mayContacts(q.who)); err != nil {
			return err
		}
		if mayContacts(q.who) {
			s.sawAll(q, v.ID, len(l.Recipients))
		}
		return workbook.Write(&b, l)
	})
	if err != nil {
		return nil, err
	}
	return file{name: "list-" + v.ID + ".xlsx", media: xlsxMedia, data: b.Bytes()}, nil
}

var listFormatParam = param{"format", word("xlsx"), "文件格式，目前只有 xlsx", "the format of the file; xlsx alone", false}
