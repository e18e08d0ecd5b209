package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
)

// Codes and statuses are those of contract.md §3; the outcome of what got no answer is not known.
func TestStatusOfEveryCode(t *testing.T) {
	s := newWorld(t).server
	for _, c := range []struct {
		err        error
		status     int
		code       string
		retryAfter string
	}{
		{refusal.New(refusal.Invalid, "input.not_json", nil), 400, "invalid", ""},
		{refusal.New(refusal.Invalid, "input.wrong", nil), 422, "invalid", ""},
		{refusal.New(refusal.UnknownField, "input.wrong", nil), 422, "unknown_field", ""},
		{refusal.New(refusal.Unauthenticated, "http.token", nil), 401, "unauthenticated", ""},
		{refusal.New(refusal.Forbidden, "http.role", nil), 403, "forbidden", ""},
		{refusal.New(refusal.NotFound, "http.no_route", nil), 404, "not_found", ""},
		{refusal.Transition("order.closed", "released", nil), 409, "transition_refused", ""},
		{refusal.New(refusal.StaleRevision, "warning.stale_revision", nil), 409, "stale_revision", ""},
		{refusal.New(refusal.SamePerson, "warning.same_person", nil), 409, "same_person", ""},
		{refusal.New(refusal.Conflict, "warning.conflict", nil), 409, "conflict", ""},
		{refusal.New(refusal.TooLarge, "input.too_large", nil), 413, "too_large", ""},
		{refusal.New(refusal.UnsupportedMedia, "http.media", nil), 415, "unsupported_media", ""},
		{refusal.New(refusal.RateLimited, "journal.busy", nil), 429, "rate_limited", "1"},
		{refusal.New(refusal.NotReady, "journal.stopped", nil), 503, "not_ready", "5"},
		{fmt.Errorf("wrapped: %w", refusal.New(refusal.Conflict, "warning.conflict", nil)), 409, "conflict", ""},
		{fmt.Errorf("wrapped: %w", journal.ErrClosed), 503, "not_ready", "5"},
		{context.DeadlineExceeded, 503, "not_ready", "5"},
		{context.Canceled, 503, "not_ready", "5"},
		{io.ErrUnexpectedEOF, 500, "internal", ""},
		{refusal.New("of another time", "input.wrong", nil), 500, "internal", ""},
	} {
		rec := httptest.NewRecorder()
		s.problem(rec, httptest.NewRequest("GET", "/", nil), c.err)
		var p problem
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if rec.Code != c.status || p.Status != c.status || string(p.Code) != c.code ||
			rec.Header().Get("Retry-After") != c.retryAfter {
			t.Errorf("%v: %d %s Retry-After %q, want %d %s %q", c.err, rec.Code, rec.Body, rec.Header().Get("Retry-After"),
				c.status, c.code, c.retryAfter)
		}
		var e *refusal.Error
		if errors.As(c.err, &e) && p.State != e.State {
			t.Errorf("%v: state %q", c.err, p.State)
		}
	}
}

// A request that is refused says where and why, and changes nothing.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	order := "/api/v1/orders/" + id + "-E0001-1"
	day := func(text string) string {
		return `{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[` + text + `]}`
	}
	head := func(name, value string) map[string]string { return map[string]string{name: value} }
	long := strings.Repeat("k", 201)
	for _, c := range []struct {
		name   string
		call   call
		status int
		code   string
		path   string // of the first of errors
	}{
		{"not JSON", call{who: "feeder", path: "/api/v1/forecasts", body: `{"days":`}, 400, "invalid", ""},
		{"not UTF-8", call{who: "duty", path: "/api/v1/warnings", body: "{\"level\":\"\xff\"}"}, 400, "invalid", ""},
		{"member twice", call{who: "duty", path: "/api/v1/warnings", body: `{"level":"red","level":"red"}`}, 400,
			"invalid", ""},
		{"no body", call{who: "feeder", method: "POST", path: "/api/v1/forecasts"}, 400, "invalid", ""},
		{"unknown member, deep", call{who: "feeder", path: "/api/v1/forecasts",
			body: day(`{"date":"2016-12-17","aqi_high":200,"aqi_hi":1}`)},
			422, "unknown_field", "days[0].aqi_hi"},
		{"range upside down", call{who: "feeder", path: "/api/v1/forecasts",
			body: day(`{"date":"2016-12-17","aqi_low":300,"aqi_high":200}`)},
			422, "invalid", "days[0].aqi_high"},
		{"date wrong", call{who: "duty", path: "/api/v1/forecasts",
			body: day(`{"date":"2016-12-17","aqi_low":1,"aqi_high":2},{"date":"2016-02-30","aqi_low":1,"aqi_high":2}`)},
			422, "invalid", "days[1].date"},
		{"hour of nothing", call{who: "feeder", path: "/api/v1/observations",
			body: `{"station":"s1","region":"120111","hours":[{"at":"2016-12-16T08:00:00+08:00"}]}`}, 422, "invalid",
			"hours[0]"},
		{"observation to come", call{who: "feeder", path: "/api/v1/observations",
			body: `{"station":"s1","region":"120111","days":[{"date":"2016-12-20","aqi":100,"primary":[],"cause":""}]}`},
			422, "invalid", "days[0].date"},

		{"unknown level", call{who: "duty", path: "/api/v1/warnings", body: `{"level":"purple","trigger":"city_order"}`}, 422,
			"invalid", "level"},
		{"list chosen by the caller", call{who: "duty", path: "/api/v1/warnings",
			body: `{"level":"yellow","trigger":"city_order","list_version":"L1"}`},
			422, "unknown_field", "list_version"},
		{"second warning", call{who: "duty", path: "/api/v1/warnings", body: declaration("yellow")}, 409, "conflict", ""},
		{"no revision", call{who: "duty", path: "/api/v1/warnings/" + id + "/lift", body: `{"reason":"x"}`}, 422, "invalid",
			"revision"},
		{"stale revision", call{who: "duty", path: "/api/v1/warnings/" + id + "/lift", body: `{"revision":1,"reason":"x"}`},
			409, "stale_revision", ""},
		{"id unlike the path", call{who: "duty", path: "/api/v1/warnings/" + id + "/lift",
			body: `{"warning_id":"W1","revision":2}`}, 422, "invalid", "warning_id"},
		{"unknown warning", call{who: "duty", path: "/api/v1/warnings/W1/lift", body: `{"revision":2,"reason":"x"}`}, 404,
			"not_found", ""},
		{"nothing to approve", call{who: "approver", path: "/api/v1/warnings/" + id + "/approve", body: `{"revision":2}`},
			409, "transition_refused", ""},
		{"board of no warning", call{who: "duty", method: "GET", path: "/api/v1/warnings/W1/board"}, 404, "not_found", ""},
		{"unknown proposal", call{who: "duty", path: "/api/v1/proposals/P1/dismiss", body: `{"reason":"x"}`}, 404,
			"not_found", ""},
		{"unknown state of proposals", call{who: "duty", method: "GET", path: "/api/v1/proposals?state=new"}, 422, "invalid",
			"state"},

		{"order unlike the path", call{who: "E0001", path: order + "/receive", body: `{"order_id":"O1"}`}, 422, "invalid",
			"order_id"},
		{"act unlike the path", call{who: "E0001", path: order + "/receive", body: `{"action":"start"}`}, 422, "invalid",
			"action"},
		{"start before acknowledging", call{who: "E0001", path: order + "/start", body: `{}`}, 409, "transition_refused", ""},
		{"evidence by a wrong name", call{who: "E0001", path: order + "/report", body: `{"evidence":["md5:1"]}`}, 422,
			"invalid", "evidence[0]"},
		{"measure without id", call{who: "E0001", path: order + "/report", body: `{"measures":[{"value":1}]}`}, 422,
			"invalid", "measures[0].id"},
		{"unknown member of an answer", call{who: "E0001", path: order + "/report", body: `{"measures":[{"ident":"M1"}]}`},
			422, "unknown_field", "measures[0].ident"},
		{"another's order", call{who: "E0002", path: order + "/receive", body: `{}`}, 404, "not_found", ""},
		{"another's order, read", call{who: "E0002", method: "GET", path: order}, 404, "not_found", ""},
		{"unknown state of orders", call{who: "duty", method: "GET", path: "/api/v1/orders?state=done"}, 422, "invalid",
			"state"},
		{"unknown cursor", call{who: "duty", method: "GET", path: "/api/v1/orders?cursor=O1"}, 422, "invalid", "cursor"},

		{"role that there is not", call{who: "admin", path: "/api/v1/accounts", body: `{"user":"eva","role":"boss"}`}, 422,
			"invalid", "role"},
		{"user that there is", call{who: "admin", path: "/api/v1/accounts", body: `{"user":"duty","role":"viewer"}`}, 409,
			"conflict", ""},
		{"token for nobody", call{who: "admin", method: "POST", path: "/api/v1/accounts/nobody/tokens"}, 404,
			"not_found", ""},
		{"credentials for nobody", call{who: "admin", method: "POST", path: "/api/v1/recipients/E9999/credentials"}, 404,
			"not_found", ""},
		{"credentials with a wish", call{who: "admin", path: "/api/v1/recipients/E0001/credentials",
			body: `{"password":"1234"}`}, 422, "unknown_field", "password"},
		{"recipient before any list", call{who: "duty", method: "GET", path: "/api/v1/recipients/E0001?as_of=2015-12-31"},
			404, "not_found", ""},
		{"recipient at no time", call{who: "duty", method: "GET", path: "/api/v1/recipients/E0001?as_of=yesterday"}, 422,
			"invalid", "as_of"},

		{"limit 0", call{who: "duty", method: "GET", path: "/api/v1/warnings?limit=0"}, 422, "invalid", "limit"},
		{"limit too high", call{who: "duty", method: "GET", path: "/api/v1/orders?limit=1001"}, 422, "invalid", "limit"},
		{"limit empty", call{who: "duty", method: "GET", path: "/api/v1/warnings?limit="}, 422, "invalid", "limit"},
		{"cursor of nothing", call{who: "duty", method: "GET", path: "/api/v1/warnings?cursor=W1"}, 422, "invalid", "cursor"},
		{"unknown parameter", call{who: "duty", method: "GET", path: "/api/v1/orders?wraning=W1"}, 422, "unknown_field",
			"wraning"},
		{"parameter twice", call{who: "duty", method: "GET", path: "/api/v1/orders?state=open&state=released"}, 422,
			"invalid", "state"},
		{"parameter of a POST", call{who: "duty", path: "/api/v1/warnings?drill=true", body: declaration("red")}, 422,
			"unknown_field", "drill"},
		{"query that cannot be read", call{who: "duty", method: "GET", path: "/api/v1/orders?q=%zz"}, 422, "invalid", "?"},
		{"entry past the end", call{who: "viewer", method: "GET", path: "/api/v1/ledger/proof?entry=100000"}, 404,
			"not_found", ""},
		{"no entry named", call{who: "viewer", method: "GET", path: "/api/v1/ledger/proof"}, 422, "invalid", "entry"},
		{"negative entry", call{who: "viewer", method: "GET", path: "/api/v1/ledger/proof?entry=-1"}, 422, "invalid",
			"entry"},
		{"entries from no number", call{who: "viewer", method: "GET", path: "/api/v1/ledger/entries?from=x"}, 422, "invalid",
			"from"},

		{"key too long", call{who: "duty", path: "/api/v1/warnings", body: `{}`, header: head(keyHeader, long)}, 422,
			"invalid", keyHeader},
		{"key with a space", call{who: "duty", path: "/api/v1/warnings", body: `{}`, header: head(keyHeader, "a b")}, 422,
			"invalid", keyHeader},
		{"key not ASCII", call{who: "duty", path: "/api/v1/warnings", body: `{}`, header: head(keyHeader, "键")}, 422,
			"invalid", keyHeader},
		{"a form", call{who: "duty", path: "/api/v1/warnings", body: "level=red",
			header: head("Content-Type", "application/x-www-form-urlencoded")}, 415, "unsupported_media", ""},
		{"no media type", call{who: "duty", path: "/api/v1/warnings", body: `{}`, header: head("Content-Type", "")}, 415,
			"unsupported_media", ""},
		{"other charset", call{who: "duty", path: "/api/v1/warnings", body: `{}`,
			header: head("Content-Type", "application/json; charset=gb18030")}, 415, "unsupported_media", ""},
		{"compressed", call{who: "duty", path: "/api/v1/warnings", body: `{}`, header: head("Content-Encoding", "gzip")}, 415,
			"unsupported_media", ""},
		{"too large", call{who: "feeder", path: "/api/v1/forecasts", body: strings.Repeat(" ", int(calls.Forecast.Body)+1)},
			413, "too_large", ""},
		{"too large and does not say so", call{who: "feeder", path: "/api/v1/forecasts",
			body: strings.Repeat(" ", int(calls.Forecast.Body)+1), chunked: true}, 413, "too_large", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			p := w.refused(c.status, c.code, c.call)
			path := ""
			if len(p.Errors) > 0 {
				path = p.Errors[0].Path
			}
			if c.path != "" && path != c.path {
				t.Errorf("path %q, want %q: %+v", path, c.path, p)
			}
			for _, f := range p.Errors {
				if !refusal.Known(f.Rule) || f.Message == f.Rule || strings.Contains(f.Message, "{") {
					t.Errorf("%s has no words of its own: %s", f.Rule, f.Message)
				}
			}
			if slices.Contains(refusal.Rules(), p.Detail) || strings.Contains(p.Detail, "{") {
				t.Errorf("detail is %q", p.Detail)
			}
		})
	}
	w.t = t
	if p := w.refused(409, "transition_refused",
		call{who: "E0001", path: order + "/complete", body: `{}`}); p.State == "" {
		t.Errorf("transition refused without the state: %+v", p)
	}
}

// spaces is a body that counts what was read of it.
type spaces struct {
	size int64
	read atomic.Int64
}

func (s *spaces) Read(p []byte) (int, error) {
	n := min(int64(len(p)), s.size-s.read.Load())
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		p[i] = ' '
	}
	s.read.Add(n)
	return int(n), nil
}

// Fifty megabytes get their answer before they are sent.
func TestHugeBody(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w.server)
	t.Cleanup(srv.Close)
	const size = 50 << 20
	for name, length := range map[string]int64{"said": size, "chunked": -1} {
		t.Run(name, func(t *testing.T) {
			body := &spaces{size: size}
			req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/api/v1/forecasts", body)
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = length
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+w.tokens["feeder"])
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			var p problem
			if err != nil || json.Unmarshal(text, &p) != nil || res.StatusCode != 413 || p.Code != refusal.TooLarge ||
				!strings.Contains(p.Detail, "1048576") {
				t.Errorf("status %d, %v: %s", res.StatusCode, err, text)
			}
			if read := body.read.Load(); read > size/2 {
				t.Errorf("%d of %d bytes were sent", read, int64(size))
			}
			if !res.Close {
				t.Error("the connection is kept, and what is left of the body would be read as the next request")
			}
		})
	}
}
