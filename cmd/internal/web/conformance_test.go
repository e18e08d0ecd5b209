package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/notary/notarytest"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/cmd/internal/watch"
	"qingkong/notify"
	"qingkong/notify/telemetry"
	"qingkong/seeds"
)

func TestDocumentIsOpenAPI(t *testing.T) {
	for _, wrong := range newChecker(t).structure() {
		t.Error(wrong)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary string
			Roles   []string `json:"x-roles"`
		}
		Components struct{ Schemas map[string]map[string]any }
	}
	text := document(routes)
	if err := json.Unmarshal(text, &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("version %q, %v", doc.OpenAPI, err)
	}
	if !bytes.Equal(text, document(routes)) {
		t.Error("the document is another each time")
	}
	calls := 0
	for _, r := range routes {
		op, ok := doc.Paths[r.Path()][strings.ToLower(r.Method)]
		if !ok || r.ZH == "" || r.EN == "" || !strings.HasPrefix(op.Summary, r.ZH) || len(op.Roles) == 0 {
			t.Errorf("%s %s: %+v", r.Method, r.Path(), op)
		}
		if r.Method == http.MethodPost && r.In == nil && !r.Upload {
			t.Errorf("%s does not say what its body is", r.Path())
		}
	}
	for _, item := range doc.Paths {
		calls += len(item)
	}
	if calls != len(routes) {
		t.Errorf("%d calls in the document, %d routes", calls, len(routes))
	}
	for name, s := range doc.Components.Schemas {
		if s["type"] == "object" && s["additionalProperties"] != false {
			t.Errorf("schema %s lets in members that it does not name", name)
		}
	}
}

// Every call does for a valid request what the document says: status, headers, media type and body. So does a refusal.
func TestEveryCallIsAsDocumented(t *testing.T) {
	check := newChecker(t)
	left := maps.Clone(samples)
	for _, r := range routes {
		key := r.Method + " " + r.Pattern
		delete(left, key)
		t.Run(key, func(t *testing.T) {
			make := samples[key]
			if make == nil {
				t.Fatal("no example: add one to samples")
			}
			w := newWorld(t)
			c := make(w)
			if c.method == "" {
				c.method = r.Method
			}
			res := w.exchange(c, r.Media == "text/event-stream")
			if res.StatusCode != r.status() {
				t.Errorf("status %d, want %d: %s", res.StatusCode, r.status(), res.body)
			}
			if err := check.request(r, c.body); err != nil {
				t.Errorf("request: %v", err)
			}
			if err := check.answer(r, res); err != nil {
				t.Errorf("answer: %v", err)
			}
			for name, want := range map[string]bool{"Location": r.Created != nil, "ETag": r.Repeats} {
				if got := res.Header.Get(name) != ""; got != want {
					t.Errorf("%s is %q", name, res.Header.Get(name))
				}
			}
			if !strings.HasPrefix(res.Header.Get("Content-Type"), r.contentType()) {
				t.Errorf("Content-Type %q", res.Header.Get("Content-Type"))
			}
			w.refusalsAsDocumented(check, r, c)
			if t.Failed() {
				t.Log(res.body)
			}
		})
	}
	for key := range left {
		t.Errorf("an example of no call: %s", key)
	}
}

func (r route) contentType() string {
	switch {
	case r.Media != "":
		return r.Media
	case r.Out == nil:
		return ""
	}
	return "application/json"
}

// refusalsAsDocumented asks the same as nobody, with a parameter that there is not, and with a body that is no JSON.
func (w *world) refusalsAsDocumented(check *checker, r route, c call) {
	nobody, odd, broken := c, c, c
	nobody.who, odd.path, broken.body = "", c.path+"?wraning=1", "{"
	if strings.Contains(c.path, "?") {
		odd.path = c.path + "&wraning=1"
	}
	calls := []call{odd}
	if r.Act != "" {
		calls = append(calls, nobody)
	}
	if r.HasBody() && !r.Upload {
		calls = append(calls, broken)
	}
	for _, c := range calls {
		res := w.exchange(c, false)
		if res.StatusCode < 400 {
			w.t.Errorf("%s %s was answered %d", c.method, c.path, res.StatusCode)
		}
		var p problem
		if err := json.Unmarshal([]byte(res.body), &p); err != nil || !slices.Contains(r.codes(), p.Code) {
			w.t.Errorf("refused with %s, which the document does not name: %v", p.Code, err)
		}
		if err := check.answer(r, res); err != nil {
			w.t.Errorf("refusal %d: %v", res.StatusCode, err)
		}
	}
}

// exchange does a call. A stream is left after its beginning.
func (w *world) exchange(c call, stream bool) reply {
	req := w.request(c)
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	rec := httptest.NewRecorder()
	if stream {
		time.AfterFunc(200*time.Millisecond, cancel)
	}
	w.server.ServeHTTP(rec, req.WithContext(ctx))
	return reply{rec.Result(), rec.Body.String()}
}

// A list of words in the document is that of the package: a constant that is added there has to be added here.
func TestEnumsAreComplete(t *testing.T) {
	known := map[string][]string{}
	for typ, words := range enums {
		if strings.HasPrefix(typ.PkgPath(), "qingkong/") {
			known[strings.TrimPrefix(typ.PkgPath(), "qingkong/")+"."+typ.Name()] = words
		}
	}
	found := 0
	for _, dir := range []string{"alerts", "notify", "reductionlist", "cmd/internal/access", "cmd/internal/watch"} {
		files, err := filepath.Glob(filepath.Join("../../..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || len(spec.Values) != 1 {
					return true
				}
				typ, ok := spec.Type.(*ast.Ident)
				value, isText := spec.Values[0].(*ast.BasicLit)
				if !ok || !isText || strings.HasSuffix(file, "_test.go") {
					return true
				}
				word, _ := strconv.Unquote(value.Value)
				if words := known[dir+"."+typ.Name]; words != nil {
					found++
					if !slices.Contains(words, word) {
						t.Errorf("%s.%s %q is not in the document", dir, typ.Name, word)
					}
				}
				return true
			})
		}
	}
	if found < 60 {
		t.Errorf("only %d constants were found", found)
	}
}

// example is the document's own request, on a path with real ids.
func example(who, key string, ids ...any) call {
	method, pattern, _ := strings.Cut(key, " ")
	for _, id := range ids {
		from, to := strings.IndexByte(pattern, '{'), strings.IndexByte(pattern, '}')
		pattern = pattern[:from] + fmt.Sprint(id) + pattern[to+1:]
	}
	return call{who: who, method: method, path: calls.Prefix + pattern, body: exampleOf(key)}
}

func get(who, path string) func(*world) call {
	return func(*world) call { return call{who: who, method: http.MethodGet, path: calls.Prefix + path} }
}

// on is an act on a warning of the level that has just been declared.
func on(who, act string, level alerts.Level) func(*world) call {
	return func(w *world) call {
		return example(who, "POST /warnings/{id}/"+act, w.declared(level).ID)
	}
}

// answering is an act on the first enterprise's order after those acts.
func answering(act notify.Action, before ...notify.Action) func(*world) call {
	return func(w *world) call {
		order := w.ordered() + "-E0001-1"
		for _, a := range before {
			w.must(http.StatusOK, call{who: "E0001", path: calls.Prefix + "/orders/" + order + "/" + string(a), body: "{}"}, nil)
		}
		w.must(http.StatusCreated, handsIn(w.t, "E0001", "示例.txt", "test"), nil) // the file that examples name
		return example("E0001", "POST /orders/{id}/"+string(act), order)
	}
}

func (w *world) proposed() string {
	var f alerts.ForecastResult
	days := make([]string, 3)
	for i := range days {
		days[i] = fmt.Sprintf(`{"date":"2016-12-%d","aqi_low":210,"aqi_high":230,"primary":["pm25"]}`, 17+i)
	}
	w.must(http.StatusCreated, call{who: "feeder", path: calls.Prefix + "/forecasts",
		body: `{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[` + strings.Join(days, ",") +
			`]}`}, &f)
	return f.Proposal.ID
}

// asked puts the revision that counts into an example.
func (c call) asked(revision int) call {
	var body map[string]any
	if err := json.Unmarshal([]byte(c.body), &body); err != nil {
		panic(err)
	}
	body["revision"] = revision
	text, _ := json.Marshal(body)
	c.body = string(text)
	return c
}

// samples has a request for every call, in a world that it may change.
var samples = map[string]func(*world) call{
	"GET /healthz": func(*world) call { return call{method: "GET", path: "/healthz"} },
	"GET /readyz": func(w *world) call {
		w.watch.Started()
		w.find(watch.Degrade("watch.disk_low", refusal.Args{"free": "900 MB", "limit": "1.0 GB"}))
		return call{who: "viewer", method: "GET", path: "/readyz"}
	},
	"GET /metrics": func(w *world) call { return call{who: "viewer", method: "GET", path: "/metrics"} },

	"GET /openapi.json": get("", "/openapi.json"),
	"POST /session": func(w *world) call {
		c := example("", "POST /session")
		c.body = fmt.Sprintf(`{"user":"duty","password":%q}`, w.renewed("duty"))
		return c
	},
	"DELETE /session": func(*world) call { return call{method: "DELETE", path: calls.Prefix + "/session"} },
	"GET /sessions": func(w *world) call {
		w.session("town")
		return call{who: "town", method: "GET", path: calls.Prefix + "/sessions"}
	},
	"DELETE /sessions": func(w *world) call {
		w.session("town")
		return call{who: "town", method: "DELETE", path: calls.Prefix + "/sessions"}
	},
	"DELETE /sessions/{id}": func(w *world) call {
		return call{who: "town", method: "DELETE", path: calls.Prefix + "/sessions/" + w.sessions(w.session("town"))[0].ID}
	},
	"GET /me": get("town", "/me"),
	"GET /me/device-key": func(w *world) call {
		r := w.must(http.StatusOK, login("town", w.password("town")), nil)
		return call{who: "town", path: calls.Prefix + "/me/device-key",
			header: map[string]string{"Cookie": deviceOf(r), "Sec-Fetch-Site": "same-origin"}}
	},
	"POST /me/password": func(w *world) call {
		c := example("duty", "POST /me/password")
		c.body = fmt.Sprintf(`{"current":%q,"password":"晴空万里-2016-xiqing"}`, w.renewed("duty"))
		return c
	},
	"GET /me/factor": func(w *world) call {
		w.enrolled("approver")
		return call{who: "approver", method: "GET", path: calls.Prefix + "/me/factor"}
	},
	"GET /me/factor/secret": get("approver", "/me/factor/secret"),
	"POST /me/factor": func(w *world) call {
		c := example("approver", "POST /me/factor")
		c.body = w.enrolment("approver", w.renewed("approver"))
		return c
	},
	"DELETE /accounts/{id}/factor": func(w *world) call {
		w.enrolled("approver")
		return example("admin", "DELETE /accounts/{id}/factor", "approver")
	},
	"POST /accounts":           func(*world) call { return example("admin", "POST /accounts") },
	"GET /accounts":            get("admin", "/accounts"),
	"GET /accounts/{id}":       get("admin", "/accounts/E0001"),
	"PUT /accounts/{id}/phone": func(*world) call { return example("admin", "PUT /accounts/{id}/phone", "duty") },
	"PUT /me/phone":            func(*world) call { return example("duty", "PUT /me/phone") },
	"POST /accounts/{id}/credentials": func(*world) call {
		return example("admin", "POST /accounts/{id}/credentials", "duty")
	},
	"POST /accounts/{id}/disable": func(*world) call {
		return example("admin", "POST /accounts/{id}/disable", "duty")
	},
	"POST /accounts/{id}/enable": func(*world) call { return example("admin", "POST /accounts/{id}/enable", "duty") },
	"POST /accounts/{id}/tokens": func(*world) call { return example("admin", "POST /accounts/{id}/tokens", "duty") },
	"DELETE /accounts/{id}/tokens/{token}": func(*world) call {
		return example("admin", "DELETE /accounts/{id}/tokens/{token}", "duty", "t1")
	},

	"POST /backups": func(*world) call { return example("admin", "POST /backups") },
	"GET /backups": func(w *world) call {
		w.must(http.StatusCreated, example("admin", "POST /backups"), nil)
		return get("admin", "/backups")(w)
	},

	"POST /forecasts":      func(*world) call { return example("feeder", "POST /forecasts") },
	"GET /forecasts/skill": func(w *world) call { w.measured(); return get("duty", "/forecasts/skill")(w) },
	"GET /feeds": func(w *world) call {
		if err := w.svc.FeedSilent(w.t.Context(),
			alerts.FeedSilence{Feed: "emc", Source: "emc", Silent: true, Since: begin}); err != nil {
			w.t.Fatal(err)
		}
		w.feeds = refusedFeeds()
		return get("viewer", "/feeds")(w)
	},
	"POST /observations":  func(*world) call { return example("feeder", "POST /observations") },
	"GET /proposals":      func(w *world) call { w.proposed(); return get("duty", "/proposals?state=open")(w) },
	"GET /proposals/{id}": func(w *world) call { return get("duty", "/proposals/"+w.proposed())(w) },
	"POST /proposals/{id}/dismiss": func(w *world) call {
		return example("duty", "POST /proposals/{id}/dismiss", w.proposed())
	},

	"GET /warnings": func(w *world) call { w.declared(alerts.Red); return get("enterprise", "/warnings")(w) },
	"POST /warnings": func(*world) call {
		return example("duty", "POST /warnings")
	},
	"GET /warnings/{id}": func(w *world) call {
		entered := w.declared(alerts.Red)
		w.must(http.StatusOK, example("duty", "POST /warnings/{id}/emergency-approve", entered.ID), nil)
		return get("viewer", "/warnings/"+entered.ID)(w)
	},
	"GET /warnings/{id}/board": func(w *world) call {
		return get("viewer", "/warnings/"+w.ordered()+"/board")(w)
	},
	"GET /warnings/{id}/timeline": func(w *world) call {
		return get("viewer", "/warnings/"+w.ordered()+"/timeline")(w)
	},
	"POST /warnings/{id}/approve":           on("approver", "approve", alerts.Orange),
	"POST /warnings/{id}/emergency-approve": on("duty", "emergency-approve", alerts.Red),
	"POST /warnings/{id}/reject":            on("approver", "reject", alerts.Orange),
	"POST /warnings/{id}/adjust":            on("duty", "adjust", alerts.Yellow),
	"POST /warnings/{id}/revise":            on("duty", "revise", alerts.Yellow),
	"POST /warnings/{id}/lift":              on("duty", "lift", alerts.Yellow),
	"POST /warnings/{id}/cancel":            on("duty", "cancel", alerts.Red),

	"GET /warnings/{id}/list-changes": func(w *world) call {
		return get("approver", "/warnings/"+w.relistable()+"/list-changes")(w)
	},
	"POST /warnings/{id}/list-changes": func(w *world) call {
		id := w.relistable()
		c := example("duty", "POST /warnings/{id}/list-changes", id)
		c.body = strings.Replace(c.body, "L20161216-1a2b3c", w.inForce().ID, 1)
		return c.asked(w.revision(id))
	},

	"POST /evidence": func(w *world) call { return handsIn(w.t, "E0001", "1.pdf", "%PDF-1.7 a curve") },
	"POST /uploads": func(*world) call {
		return call{who: "inspector", method: "POST", path: "/api/v1/uploads", header: tus("Upload-Length", "10")}
	},
	"HEAD /uploads/{id}": func(w *world) call {
		return call{who: "inspector", method: "HEAD", path: w.upload("inspector", 10), header: tus()}
	},
	"PATCH /uploads/{id}": func(w *world) call {
		return call{who: "inspector", method: "PATCH", path: w.upload("inspector", 10), body: "0123456789",
			header: tus("Upload-Offset", "0", "Content-Type", pieceMedia)}
	},
	"DELETE /uploads/{id}": func(w *world) call {
		return call{who: "inspector", method: "DELETE", path: w.upload("inspector", 10), header: tus()}
	},
	"OPTIONS /uploads": func(*world) call { return call{who: "inspector", method: "OPTIONS", path: "/api/v1/uploads"} },
	"GET /evidence/{hash}": func(w *world) call {
		var e calls.EvidenceView
		w.must(http.StatusCreated, handsIn(w.t, "E0001", "1.txt", "what the meter said"), &e)
		return get("E0001", "/evidence/"+e.Hash)(w)
	},
	"POST /list/imports": func(*world) call { return upload("duty", seeds.Workbook()) },
	"GET /list/imports/{id}": func(w *world) call {
		return get("duty", "/list/imports/"+w.imports("duty", seeds.Workbook()).ID)(w)
	},
	"GET /list/imports/{id}/errors.xlsx": func(w *world) call {
		return get("duty", "/list/imports/"+w.imports("duty", seeds.Workbook()).ID+"/errors.xlsx")(w)
	},
	"GET /list/versions":      get("duty", "/list/versions"),
	"GET /list/versions/{id}": func(w *world) call { return get("admin", "/list/versions/"+w.inForce().ID)(w) },
	"GET /list/versions/{id}/export": func(w *world) call {
		return get("duty", "/list/versions/"+w.imports("duty", seeds.Workbook()).ID+"/export?format=xlsx")(w)
	},
	"POST /list/amendments": func(w *world) call { w.xiqing(); return example("duty", "POST /list/amendments") },
	"POST /list/amendments/dry-run": func(w *world) call {
		w.xiqing()
		return example("duty", "POST /list/amendments/dry-run")
	},
	"GET /list/versions/{id}/diff": func(w *world) call {
		return get("approver", "/list/versions/"+w.imports("duty", seeds.Workbook()).ID+"/diff?limit=10&against="+
			w.inForce().ID)(w)
	},
	"GET /list/versions/{id}/score": func(w *world) call {
		return get("duty", "/list/versions/"+w.imports("duty", seeds.Workbook()).ID+"/score?recipient=E0003")(w)
	},
	"GET /list/versions/{id}/tasks": func(w *world) call {
		return get("duty", "/list/versions/"+w.inForce().ID+"/tasks?limit=5")(w)
	},
	"GET /list/versions/{id}/findings": func(w *world) call {
		book := spoiled(w.t, func(f *excelize.File) error { return set(f, "减排措施", 5, "级别", "紫色") })
		return get("admin", "/list/versions/"+w.imports("duty", book).ID+"/findings?severity=error")(w)
	},
	"GET /list/template": get("approver", "/list/template"),
	"DELETE /list/versions/{id}": func(w *world) call {
		book := spoiled(w.t, func(f *excelize.File) error { return set(f, "减排措施", 5, "级别", "紫色") })
		in := w.imports("duty", book)
		return call{who: "duty", method: "DELETE",
			path: fmt.Sprintf("%s/list/versions/%s?revision=%d", calls.Prefix, in.ID, in.Revision)}
	},
	"POST /list/versions/{id}/approve": func(w *world) call {
		in := w.imports("duty", seeds.Workbook())
		return example("approver", "POST /list/versions/{id}/approve", in.ID).asked(in.Revision)
	},
	"POST /list/versions/{id}/activate": func(w *world) call {
		in := w.imports("duty", seeds.Workbook())
		return example("admin", "POST /list/versions/{id}/activate", in.ID).asked(in.Revision)
	},
	"GET /recipients": func(w *world) call {
		in := w.imports("duty", seeds.Workbook())
		return get("duty", "/recipients?limit=1000&version="+in.ID)(w)
	},
	"GET /recipients/{id}": func(w *world) call {
		return get("duty", "/recipients/E0001?as_of=2016-12-16")(w)
	},
	"POST /recipients/{id}/credentials": func(*world) call {
		return example("admin", "POST /recipients/{id}/credentials", "E0002")
	},
	"DELETE /recipients/{id}/credentials": func(*world) call {
		return example("admin", "DELETE /recipients/{id}/credentials", "E0002")
	},

	"GET /recipients/{id}/papers/plan":  get("inspector", "/recipients/E0001/papers/plan"),
	"GET /recipients/{id}/papers/board": get("E0001", "/recipients/E0001/papers/board?as_of=2016-12-16"),
	"GET /list/versions/{id}/papers": func(w *world) call {
		return get("duty", "/list/versions/"+w.inForce().ID+"/papers?kind=board")(w)
	},
	"GET /list/versions/{id}/public": func(w *world) call {
		return get("approver", "/list/versions/"+w.inForce().ID+"/public")(w)
	},
	"GET /list/versions/{id}/towns": func(w *world) call {
		return get("town", "/list/versions/"+w.inForce().ID+"/towns")(w)
	},
	"GET /personal-data/accesses": func(w *world) call {
		w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/recipients/E0001/papers/plan"}, nil)
		return get("admin", "/personal-data/accesses?recipient=E0001")(w)
	},
	"POST /personal-data/erasures": func(*world) call { return example("admin", "POST /personal-data/erasures") },
	"GET /public/recipients/{id}":  func(*world) call { return call{method: "GET", path: "/public/recipients/E0001"} },
	"GET /verify":                  func(*world) call { return call{method: "GET", path: "/verify"} },
	"GET /public/list":             func(*world) call { return call{method: "GET", path: "/public/list"} },

	"GET /orders":      func(w *world) call { w.ordered(); return get("duty", "/orders?state=awaiting&town=大寺镇")(w) },
	"GET /orders/{id}": func(w *world) call { return get("E0001", "/orders/"+w.ordered()+"-E0001-1")(w) },

	"POST /orders/{id}/receive":     answering(notify.Receive),
	"POST /orders/{id}/read":        answering(notify.ReadIt),
	"POST /orders/{id}/acknowledge": answering(notify.Acknowledge),
	"POST /orders/{id}/object":      answering(notify.Object),
	"POST /orders/{id}/start":       answering(notify.Start, notify.Acknowledge),
	"POST /orders/{id}/report":      answering(notify.Report, notify.Acknowledge, notify.Start),
	"POST /orders/{id}/complete":    answering(notify.Complete, notify.Acknowledge, notify.Start, notify.Report),
	"POST /orders/{id}/calls": func(w *world) call {
		return example("town", "POST /orders/{id}/calls", w.ordered()+"-E0001-1")
	},
	"POST /orders/calls": func(w *world) call {
		c := example("duty", "POST /orders/calls")
		c.body = strings.ReplaceAll(c.body, "W20161216-01", w.ordered())
		return c
	},
	"GET /warnings/{id}/call-sheet": func(w *world) call {
		return get("duty", "/warnings/"+w.ordered()+"/call-sheet?town=大寺镇&limit=1")(w)
	},
	"GET /warnings/{id}/call-sheet/export": func(w *world) call {
		return get("town", "/warnings/"+w.ordered()+"/call-sheet/export")(w)
	},
	"POST /orders/{id}/objection": func(w *world) call {
		c := answering(notify.Object)(w)
		w.must(http.StatusOK, c, nil)
		return example("duty", "POST /orders/{id}/objection", strings.Split(c.path, "/")[4])
	},
	"POST /orders/{id}/objection/dry-run": func(w *world) call {
		order := w.plantOrder(false)
		w.must(http.StatusOK, call{who: "E0001", path: calls.Prefix + "/orders/" + order + "/object", body: `{"note":"供热不能停"}`},
			nil)
		c := example("duty", "POST /orders/{id}/objection/dry-run", order)
		c.body = `{"measures":[{"id":"M06","change":{"quantity":{"value":50},"text":"6#机组入炉煤量每日减少50吨"}},{"id":"M11","change":null}]}`
		return c
	},
	"GET /orders/{id}/plan": func(w *world) call {
		return get("duty", "/orders/"+w.plantOrder(true)+"/plan?time_limit=5")(w)
	},
	"POST /orders/{id}/plan": func(w *world) call {
		return example("duty", "POST /orders/{id}/plan", w.plantOrder(true))
	},
	"POST /orders/{id}/plan/accept": func(w *world) call {
		return example("duty", "POST /orders/{id}/plan/accept", w.plantOrder(true))
	},
	"GET /recipients/{id}/figures": func(w *world) call {
		w.plantOrder(true)
		return get("viewer", "/recipients/E0001/figures")(w)
	},
	"PUT /recipients/{id}/figures": func(w *world) call {
		w.plantOrder(false)
		return example("E0001", "PUT /recipients/{id}/figures", "E0001")
	},
	"POST /allocations/coal":  func(*world) call { return example("duty", "POST /allocations/coal") },
	"POST /allocations/waste": func(*world) call { return example("duty", "POST /allocations/waste") },

	"GET /stations":       func(w *world) call { w.station(); return get("town", "/stations?retired=false&q=0A89")(w) },
	"POST /stations":      func(*world) call { return example("admin", "POST /stations") },
	"GET /stations/{mn}":  func(w *world) call { return get("E0001", "/stations/"+w.station())(w) },
	"POST /stations/{mn}": func(w *world) call { return example("admin", "POST /stations/{mn}", w.station()) },
	"POST /stations/{mn}/retire": func(w *world) call {
		return example("admin", "POST /stations/{mn}/retire", w.station())
	},
	"POST /stations/{mn}/reinstate": func(w *world) call {
		w.must(http.StatusOK, example("admin", "POST /stations/{mn}/retire", w.station()), nil)
		return example("admin", "POST /stations/{mn}/reinstate", stationMN)
	},

	"POST /telemetry": func(w *world) call { w.station(); return example("feeder", "POST /telemetry") },
	"GET /telemetry":  func(w *world) call { w.reported(); return get("E0001", "/telemetry?mn="+stationMN)(w) },
	"GET /telemetry/{point}": func(w *world) call {
		return get("viewer", "/telemetry/"+w.reported()+"?step=1h&from=2016-12-16&limit=5")(w)
	},
	"GET /telemetry/{point}/export": func(w *world) call {
		return get("E0001", "/telemetry/"+w.reported()+"/export?from=2016-12-16")(w)
	},
	"GET /telemetry/{point}/passes": func(w *world) call {
		w.must(http.StatusCreated, call{who: "admin", path: calls.Prefix + "/stations",
			body: `{"mn":"MJ0001","name":"东门","recipient_id":"E0001"}`}, nil)
		w.must(http.StatusCreated, call{who: "E0001", path: calls.Prefix + "/telemetry",
			body: `{"point":"MJ0001","passes":[{"at":"2016-12-16T16:00:00+08:00","plate":"津A12345","standard":"国五","fuel":"柴油"}]}`},
			nil)
		stationstest.Eventually(w.t, "the pass is read", func() bool {
			var page calls.Passes
			w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/telemetry/MJ0001/passes"}, &page)
			return len(page.Items) == 1
		})
		return get("duty", "/telemetry/MJ0001/passes?from=2016-12-16")(w)
	},
	"GET /stations/states":  func(w *world) call { w.reported(); return get("town", "/stations/states?limit=2")(w) },
	"GET /stations/unknown": func(w *world) call { w.strange(); return get("admin", "/stations/unknown")(w) },
	"GET /stations/{mn}/state": func(w *world) call {
		w.reported()
		return get("E0001", "/stations/"+stationMN+"/state")(w)
	},

	"GET /findings": func(w *world) call { newJudged(w).suspected("E0001"); return get("town", "/findings?open=true")(w) },
	"GET /findings/{id}": func(w *world) call {
		return call{who: "E0001", method: "GET", path: newJudged(w).suspected("E0001")}
	},
	"POST /findings/{id}/explain": func(w *world) call {
		return example("E0001", "POST /findings/{id}/explain", idOf(newJudged(w).suspected("E0001")))
	},
	"POST /findings/{id}/decide": func(w *world) call {
		path := newJudged(w).suspected("E0001")
		w.must(http.StatusOK, example("E0001", "POST /findings/{id}/explain", idOf(path)), nil)
		return example("duty", "POST /findings/{id}/decide", idOf(path))
	},
	"POST /findings/{id}/value": func(w *world) call {
		j := newJudged(w)
		j.says("E0001", 31.5, 41)
		c := example("duty", "POST /findings/{id}/value", idOf(j.suspected("E0001")))
		c.body = strings.Replace(c.body, "2016-12-17T21:00:00+08:00", j.due.Format(time.RFC3339), 1)
		return c
	},
	"GET /findings/{id}/derive": func(w *world) call {
		return call{who: "viewer", method: "GET", path: newJudged(w).suspected("E0001") + "/derive"}
	},
	"GET /orders/{id}/monitoring": func(w *world) call {
		j := newJudged(w)
		j.suspected("E0001")
		return call{who: "E0001", method: "GET", path: j.order("E0001") + "/monitoring"}
	},
	"GET /tasks":      func(w *world) call { newJudged(w).task("E0001", 9); return get("inspector", "/tasks?state=open")(w) },
	"GET /tasks/{id}": func(w *world) call { return get("town", "/tasks/"+newJudged(w).task("E0001", 9).ID)(w) },
	"POST /tasks":     func(*world) call { return example("inspector", "POST /tasks") },
	"POST /tasks/{id}": func(w *world) call {
		return example("inspector", "POST /tasks/{id}", newJudged(w).task("E0001", 9).ID)
	},

	"POST /tasks/draw": func(w *world) call {
		j := newJudged(w)
		return call{who: "duty", path: calls.Prefix + "/tasks/draw", body: j.draw(1, 1)}
	},
	"GET /tasks/draws": func(w *world) call {
		j := newJudged(w)
		w.must(http.StatusCreated, call{who: "duty", path: calls.Prefix + "/tasks/draw", body: j.draw(1, 1)}, nil)
		return get("inspector", "/tasks/draws")(w)
	},
	"POST /tasks/{id}/recuse": func(w *world) call {
		return example("inspector", "POST /tasks/{id}/recuse", newJudged(w).task("E0001", 9).ID)
	},
	"GET /gate/day": func(w *world) call { newJudged(w).task("E0001", 9); return get("inspector", "/gate/day")(w) },
	"POST /inspections": func(w *world) call {
		j := newJudged(w)
		return call{who: "inspector", path: inspectionsPath, body: j.found("E0001", "fail", "none")}
	},
	"GET /inspections": func(w *world) call {
		newJudged(w).inspects("inspector", "E0001", "fail", "none")
		return get("viewer", "/inspections?result=failed")(w)
	},
	"GET /inspections/{id}": func(w *world) call {
		return get("E0001", "/inspections/"+newJudged(w).inspects("inspector", "E0001", "fail", "rectify").ID)(w)
	},
	"GET /inspections/statistics": func(w *world) call {
		newJudged(w).inspects("inspector", "E0001", "fail", "none")
		return get("town", "/inspections/statistics")(w)
	},
	"POST /inspections/{id}/answer": func(w *world) call {
		return example("E0001", "POST /inspections/{id}/answer", newJudged(w).inspects("inspector", "E0001", "fail", "none").ID)
	},

	"GET /events":                         get("duty", "/events"),
	"GET /ledger/entries":                 get("viewer", "/ledger/entries?from=1&limit=5"),
	"GET /ledger/proof":                   get("viewer", "/ledger/proof?entry=1"),
	"GET /ledger":                         signed(get("viewer", "/ledger")),
	"GET /ledger/checkpoint":              signed(get("", "/ledger/checkpoint")),
	"GET /ledger/tile/{level}/{place...}": signed(get("", "/ledger/tile/0/000.p/1")),
	"POST /ledger/rotate-key":             signed(func(*world) call { return call{who: "admin", path: calls.Prefix + "/ledger/rotate-key", body: "{}"} }),
	"POST /ledger/new-origin": signed(func(w *world) call {
		notarytest.Lose(w.t, w.svc.Notary)
		return call{who: "admin", path: calls.Prefix + "/ledger/new-origin", body: `{"reason":"恢复了较早的备份"}`}
	}),
	"GET /ledger/bundle": signed(func(w *world) call {
		return get("viewer", "/ledger/bundle?order="+w.ordered()+"-E0001-1")(w)
	}),
	"GET /orders/{id}/receipts": signed(func(w *world) call {
		return get("E0001", "/orders/"+w.ordered()+"-E0001-1/receipts")(w)
	}),
	"GET /warnings/{id}/receipts": signed(func(w *world) call { return get("duty", "/warnings/"+w.ordered()+"/receipts")(w) }),
}

// stationMN is the MN of the document's example of a station.
const stationMN = "010000A8900016F000169DC0"

// station registers the document's example, and returns its MN.
func (w *world) station() string {
	w.must(http.StatusCreated, example("admin", "POST /stations"), nil)
	return stationMN
}

// reported has the document's example of a reading come in, and returns its point once it can be read.
func (w *world) reported() (point string) {
	w.station()
	w.must(http.StatusCreated, example("feeder", "POST /telemetry"), nil)
	point = stationMN + ".a21026"
	stationstest.Eventually(w.t, "the reading is there", func() bool {
		var s calls.Series
		w.must(http.StatusOK, call{who: "viewer", path: calls.Prefix + "/telemetry/" + point}, &s)
		return len(s.Items) == 1
	})
	return point
}

// strange has a frame of a station come in that nobody registered.
func (w *world) strange() {
	err := w.svc.Instruments.Take(w.t.Context(), telemetry.Received{At: w.clock.Now(), Sort: telemetry.Unknown,
		MN: "88888880000001", From: "192.0.2.7", Why: "unregistered",
		Raw: []byte("##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80")})
	if err != nil {
		w.t.Fatal(err)
	}
	stationstest.Eventually(w.t, "the stranger is in quarantine", func() bool {
		var page alerts.Page[calls.Stranger]
		w.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/stations/unknown"}, &page)
		return len(page.Items) == 1
	})
}

// measured lets a day pass that was forecast, and says what it was.
func (w *world) measured() {
	w.proposed()
	w.elapse(48 * time.Hour)
	w.must(http.StatusCreated, call{who: "feeder", path: calls.Prefix + "/observations",
		body: `{"station":"xq","region":"120111","days":[{"date":"2016-12-17","aqi":220,"primary":["pm25"]}]}`}, nil)
}

// relistable is a warning with orders while which another list came into force that says other things.
func (w *world) relistable() string {
	id := w.ordered()
	w.newerList()
	return id
}

// newerList brings the list of the fixture into force with other measures.
func (w *world) newerList() {
	l := fixture()
	l.EffectiveFrom = "2016-12-16"
	for _, r := range l.Recipients {
		r.Measures[0].Text = "停产，按新版"
	}
	w.importList(l)
}

// revision is that of a warning.
func (w *world) revision(id string) int {
	var v alerts.Warning
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/warnings/" + id}, &v)
	return v.Revision
}

// xiqing brings the embedded list into force.
func (w *world) xiqing() (v calls.Version) {
	w.must(http.StatusOK, listAct("admin", "activate", w.imports("duty", seeds.Workbook()).Version, ""), &v)
	return v
}

func (w *world) inForce() calls.Version {
	return list[calls.Version](w, "duty", calls.Prefix+"/list/versions").Items[0]
}

// renewed gives a user a new password.
func (w *world) renewed(user string) string {
	var issued calls.Issued
	w.must(http.StatusOK, call{who: "admin", method: "POST", path: calls.Prefix + "/accounts/" + user + "/credentials"},
		&issued)
	w.keep(user, issued)
	return issued.Password
}

// exampleOf is the example of a call's body, by method and pattern.
func exampleOf(key string) string {
	for _, r := range routes {
		if r.Method+" "+r.Pattern == key {
			return r.Example
		}
	}
	return ""
}
