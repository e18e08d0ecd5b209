package web

import (
	"bytes"
	"cmp"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
)

// The template is the same for everybody.
var _ = bind(calls.ListTemplate, func(*Server, *request, calls.None) (any, error) {
	var b bytes.Buffer
	if err := workbook.WriteTemplate(&b); err != nil {
		return nil, err
	}
	return file{name: "list-template.xlsx", media: calls.XLSXMedia, data: b.Bytes()}, nil
})

// An import answers with what was found in the workbook that was sent, also where the version was there before.
var _ = bind(calls.ImportList, func(s *Server, q *request, in calls.ImportQuery) (any, error) {
	made, err := s.svc.ImportWorkbook(q.Context(), q.ask(), cmp.Or(in.Source, q.file), q.sent.Bytes)
	if err != nil {
		return nil, err
	}
	v, err := s.svc.ImportedView(q.ask(), made)
	v.Errors, v.Warnings = reductionlist.CountFindings(made.Findings)
	return v, err
})

// The findings of an import are answered as its workbook, with the cells marked that they are about. A caller who may not
// see the contacts in it, and anybody once the file is gone, gets the findings alone.
var _ = bind(calls.ImportErrors, func(s *Server, q *request, in calls.ByID) (any, error) {
	found, err := s.svc.ImportFindings(in.ID)
	if err != nil {
		return nil, err
	}
	var data []byte
	if mayContacts(q.who) {
		if data, err = s.svc.ImportedWorkbook(&found.Version); err != nil {
			return nil, err
		}
		if data != nil {
			s.sawAll(q, found.Version.ID, max(found.Version.Count, 1))
		}
	}
	var b bytes.Buffer
	err = s.svc.Workbooks(q.Context(),
		func() error { return workbook.WriteErrorBook(&b, data, found.Findings, languageOf(q.Request)) })
	if err != nil {
		return nil, err
	}
	return file{name: "errors-" + found.Version.ID + ".xlsx", media: calls.XLSXMedia, data: b.Bytes()}, nil
})

// mayContacts reports whether who gets the contacts of a whole list in a file.
func mayContacts(who *access.Principal) bool { return calls.Allowed(who.Role, calls.ActContactsRead) }

// sawAll notes that the caller was shown the contacts of a whole version.
func (s *Server) sawAll(q *request, version string, count int) {
	s.svc.Saw(q.ask(), service.Reading{Kind: access.SeenContact, List: version, Count: count})
}

// A version is exported as a workbook that gives the same version when it is imported again. Contacts, which are not
// part of what a version is, stand in it only for those who may see them.
var _ = bind(calls.ExportList, func(s *Server, q *request, in calls.ExportQuery) (any, error) {
	var v reductionlist.Version
	var b bytes.Buffer
	err := s.svc.Workbooks(q.Context(), func() error {
		var l *reductionlist.List
		var err error
		if v, l, err = s.svc.ExportList(q.who.User, in.ID, mayContacts(q.who)); err != nil {
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
	return file{name: "list-" + v.ID + ".xlsx", media: calls.XLSXMedia, data: b.Bytes()}, nil
})
