package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// described is a call as openapi.json describes it.
type described struct {
	Roles []string `json:"x-roles"`
	Body  *struct {
		Content map[string]struct{ Example json.RawMessage }
	} `json:"requestBody"`
}

// floodSliceCalls are those of `make test`: one of each kind.
var floodSliceCalls = []string{"http enterprise GET /api/v1/orders",
	"http enterprise POST /api/v1/orders/{id}/acknowledge", "http duty POST /api/v1/list/imports",
	"http viewer GET /api/v1/events", "http nobody GET /api/v1/orders", "http viewer POST /api/v1/accounts"}

// floodTold are calls of which a share is used up in a moment, on any machine.
var floodTold = map[string]bool{"http enterprise GET /api/v1/orders": true, "http duty POST /api/v1/list/imports": true,
	"http viewer GET /api/v1/events": true,
	"http nobody GET /api/v1/orders": true, "http viewer POST /api/v1/accounts": true}

// httpRows are the calls of openapi.json, each as every role that may make it, as one that may not, and without a
// login; and pages of the desk.
func (f *flooded) httpRows() (rows []row) {
	f.t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	f.must("", "GET", "/openapi.json", nil, &doc)
	for path, methods := range doc.Paths {
		for method, text := range methods {
			var d described
			if json.Unmarshal(text, &d) != nil || len(d.Roles) == 0 {
				continue
			}
			for _, role := range f.as(d.Roles) {
				c := floodCall{role: role, method: strings.ToUpper(method), path: path, call: d}
				name := fmt.Sprintf("http %s %s %s", role, c.method, path)
				rows = append(rows, row{name: name, slice: slices.Contains(floodSliceCalls, name), told: floodTold[name],
					ready: c.ready})
			}
		}
	}
	for _, path := range []string{"/login", "/desk", "/desk/warnings/{id}/board", "/desk/orders", "/desk/lists"} {
		for _, role := range []string{floodNobody, "duty", "enterprise"} {
			c := floodCall{role: role, method: "GET", path: path, page: true}
			rows = append(rows, row{name: fmt.Sprintf("page %s GET %s", role, path), slice: role == "duty" && path == "/desk",
				told: role == "duty" && path == "/desk", ready: c.ready})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.name, b.name) })
	return rows
}

// as is who makes a call: all who may, one who may not, and nobody.
func (f *flooded) as(may []string) (roles []string) {
	other := ""
	for role := range f.roles {
		if slices.Contains(may, role) {
			roles = append(roles, role)
		} else if other == "" || role < other {
			other = role
		}
	}
	if len(roles) == 0 { // everybody, or whoever has logged in
		return []string{"viewer", floodNobody}
	}
	slices.Sort(roles)
	if other != "" {
		roles = append(roles, other)
	}
	return append(roles, floodNobody)
}

// floodCall is a call that somebody floods.
type floodCall struct {
	role, method, path string
	call               described
	page               bool
}

func (c floodCall) ready(f *flooded) func(<-chan struct{}, *tally) {
	who := f.roles[c.role]
	url := "http://" + f.addr.HTTP + f.filled(c.path, who)
	body, media := f.body(c)
	cookie := ""
	if c.page {
		cookie = f.sessions[c.role]
	}
	workers := 2 * floodConns
	if strings.HasSuffix(c.path, "/events") {
		workers = 64 // each holds a stream
	}
	return func(stop <-chan struct{}, n *tally) {
		ctx, cancel := context.WithCancel(context.Background())
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		var over sync.WaitGroup
		for range workers {
			over.Go(func() {
				for ctx.Err() == nil {
					req, err := http.NewRequestWithContext(ctx, c.method, url, strings.NewReader(body))
					if err != nil {
						panic(err)
					}
					if media != "" {
						req.Header.Set("Content-Type", media)
					}
					if cookie != "" {
						req.Header.Set("Cookie", cookie)
					} else if who.Token != "" {
						req.Header.Set("Authorization", "Bearer "+who.Token)
					}
					n.count(client, req)
				}
			})
		}
		<-stop
		cancel()
		over.Wait()
		client.CloseIdleConnections()
	}
}

// count makes a call and notes what came of it.
func (n *tally) count(client *http.Client, req *http.Request) {
	n.sent.Add(1)
	resp, err := client.Do(req)
	if err != nil {
		if req.Context().Err() == nil {
			n.cut.Add(1)
			time.Sleep(time.Millisecond)
		}
		return
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		n.refused.Add(1)
	case resp.StatusCode/100 <= 3:
		n.took.Add(1)
	default:
		n.other.Add(1)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // how the flooder's own answer ends is nobody's matter
}

// filled puts ids into a path: things that are there, of nobody whose work is watched.
func (f *flooded) filled(path string, who account) string {
	recipient := who.Recipient
	if recipient == "" {
		recipient = "E0011"
	}
	f.others.mu.Lock()
	warning := f.others.first
	f.others.mu.Unlock()
	id := map[string]string{"accounts": f.roles["viewer"].User, "recipients": recipient, "orders": f.orderOf(recipient),
		"warnings": warning,
		"versions": f.version(), "imports": f.version(), "proposals": "P20161216-01"}
	if f.spoils(path) {
		id["accounts"], id["recipients"] = "nobody-here", "E0099"
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch p {
		case "{id}":
			parts[i] = id[parts[i-1]]
		case "{token}":
			parts[i] = "none"
		}
	}
	return strings.Join(parts, "/") + map[string]string{"/api/v1/ledger/proof": "?entry=0",
		"/api/v1/list/versions/{id}/diff": "?with=" + f.version()}[path]
}

// spoils says whether a call changes who can log in.
func (f *flooded) spoils(path string) bool {
	return strings.HasSuffix(path, "/credentials") || strings.HasSuffix(path, "able") || strings.HasSuffix(path, "/tokens")
}

// version is the list in force.
func (f *flooded) version() string {
	if f.bodies["version"] == "" {
		var page struct{ Items []struct{ ID string } }
		f.must("admin", "GET", "/list/versions", nil, &page)
		f.bodies["version"] = page.Items[0].ID
	}
	return f.bodies["version"]
}

// body is what a call carries: what openapi.json gives as an example, the list's workbook, or a drill.
func (f *flooded) body(c floodCall) (body, media string) {
	if c.call.Body == nil {
		return "", ""
	}
	if c.path == "/api/v1/list/imports" {
		book, err := os.ReadFile("../../seeds/xiqing.xlsx")
		if err != nil {
			f.t.Fatal(err)
		}
		return string(book), "application/octet-stream"
	}
	if c.path == "/api/v1/warnings" { // a live one would be the others' to lift
		return `{"level":"yellow","trigger":"city_order","document_no":"演练1号","issued_by":"市指挥部","drill":true}`,
			"application/json"
	}
	body = string(c.call.Body.Content["application/json"].Example)
	if body == "" {
		body = "{}"
	}
	return body, "application/json"
}

// session logs in as a browser does.
func (f *flooded) session(who account) string {
	f.t.Helper()
	text, err := json.Marshal(map[string]string{"user": who.User, "password": who.Password})
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := http.Post("http://"+f.addr.HTTP+"/api/v1/session", "application/json", strings.NewReader(string(text)))
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if len(resp.Cookies()) == 0 {
		f.t.Fatalf("no session: %s", resp.Status)
	}
	c := resp.Cookies()[0]
	return c.Name + "=" + c.Value
}
