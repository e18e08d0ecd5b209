package web

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// listener reads a stream of events of a real server.
type listener struct {
	t   testing.TB
	res *http.Response
	in  *bufio.Reader
}

func (w *world) events(srv *httptest.Server, who, query, last string) *listener {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, srv.URL+"/api/v1/events"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.tokens[who])
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" ||
		res.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("status %d, header %v", res.StatusCode, res.Header)
	}
	l := &listener{w.t, res, bufio.NewReader(res.Body)}
	if line, err := l.in.ReadString('\n'); line != "retry: 2000\n" || err != nil {
		w.t.Fatalf("begins with %q, %v", line, err)
	}
	return l
}

// next reads on to an event of the name.
func (l *listener) next(event string) (id, data string) {
	l.t.Helper()
	name := ""
	for {
		line, err := l.in.ReadString('\n')
		if err != nil {
			l.t.Fatalf("waiting for %s: %v", event, err)
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); field {
		case "id":
			id = value
		case "event":
			name = value
		case "data":
			if name == event {
				return id, value
			}
		}
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w.server)
	t.Cleanup(srv.Close)
	t.Cleanup(w.server.Stop)
	duty, firm := w.events(srv, "duty", "", ""), w.events(srv, "E0001", "", "")
	if _, data := duty.next("snapshot"); !strings.Contains(data, `"warnings":[]`) ||
		!strings.Contains(data, `"proposals":[]`) || strings.Contains(data, `"orders"`) {
		t.Errorf("snapshot for duty: %s", data)
	}
	start, data := firm.next("snapshot")
	if strings.Contains(data, `"list"`) || strings.Contains(data, `"proposals"`) ||
		!strings.Contains(data, `"orders":[]`) {
		t.Errorf("snapshot for an enterprise: %s", data)
	}
	id := w.ordered()
	var told, read map[string]any
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + id}, &read)
	delete(read, "outlook") // moves with the clock, so that no event could keep it right
	if _, data := duty.next("warning"); json.Unmarshal([]byte(data), &told) != nil || !reflect.DeepEqual(told, read) {
		t.Errorf("warning: %s", data)
	}
	if _, data := duty.next("board"); data != strings.TrimSpace(w.must(http.StatusOK,
		call{who: "duty", path: "/api/v1/warnings/" + id + "/board"}, nil).body) {
		t.Errorf("board: %s", data)
	}
	seen, data := firm.next("order")
	if !strings.Contains(data, `"id":"`+id+`-E0001-1"`) || !strings.Contains(data, `"event":"issued"`) {
		t.Errorf("order: %s", data)
	}
	w.must(http.StatusOK, call{who: "E0001", path: "/api/v1/orders/" + id + "-E0001-1/acknowledge", body: "{}"}, nil)
	// The header is the later one: a client keeps the parameter in its address.
	again := w.events(srv, "E0001", "?last_event_id="+start, seen)
	if _, data := again.next("order"); !strings.Contains(data, `"answer":"acknowledged"`) ||
		!strings.Contains(data, `"event":"acknowledge"`) {
		t.Errorf("after coming back: %s", data)
	}
	first := w.events(srv, "E0001", "?last_event_id="+start, "")
	if got, _ := first.next("order"); got != seen {
		t.Errorf("from the parameter: %s, want %s", got, seen)
	}
	one := w.events(srv, "town", "?order="+id+"-E0003-1", "")
	if _, data := one.next("snapshot"); !strings.Contains(data, `"recipient_id":"E0003"`) ||
		strings.Contains(data, `"board"`) {
		t.Errorf("snapshot of an order: %s", data)
	}
	w.must(http.StatusOK, call{who: "admin", method: "DELETE", path: "/api/v1/accounts/town/tokens/t1"}, nil)
	w.server.Stop()
	for name, l := range map[string]*listener{"a revoked token": one, "a server that stops": duty} {
		if _, err := io.Copy(io.Discard, l.in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRevokedTokenEndsEvents(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w.server)
	t.Cleanup(srv.Close)
	t.Cleanup(w.server.Stop)
	l := w.events(srv, "town", "", "")
	l.next("snapshot")
	w.must(http.StatusOK, call{who: "admin", method: "DELETE", path: "/api/v1/accounts/town/tokens/t1"}, nil)
	begin := time.Now()
	if _, err := io.Copy(io.Discard, l.in); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("ended after %v: %v", time.Since(begin), err)
	}
	w.refused(http.StatusUnauthorized, "unauthenticated", call{who: "town", path: "/api/v1/events"})
}

func TestEventsRefusals(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	for _, c := range []struct {
		who, query, last string
		status           int
		code             string
	}{
		{"duty", "?since=1", "", 422, "unknown_field"},
		{"duty", "?last_event_id=", "", 422, "invalid"},
		{"duty", "?last_event_id=x", "", 422, "invalid"},
		{"duty", "", "1.2", 422, "invalid"},
		{"duty", "?warning=none", "", 404, "not_found"},
		{"duty", "?order=none", "", 404, "not_found"},
		{"duty", "?order=" + id + "-E0001-1&warning=" + id, "", 422, "invalid"},
		{"E0001", "?order=" + id + "-E0002-1", "", 404, "not_found"},
		{"town", "?order=" + id + "-E0002-1", "", 404, "not_found"},
		{"feeder", "?order=" + id + "-E0001-1", "", 403, "forbidden"},
		{"neighbour", "", "", 403, "forbidden"},
	} {
		w.refused(c.status, c.code, call{who: c.who, method: "GET", path: "/api/v1/events" + c.query,
			header: map[string]string{"Last-Event-ID": c.last}})
	}
	if r := w.do(call{who: "duty", method: "HEAD", path: "/api/v1/events"}); r.body != "" ||
		r.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %d %q", r.StatusCode, r.body)
	}
	// Where no times can be set there is the snapshot alone.
	if r := w.do(call{who: "duty", path: "/api/v1/events?warning=" + id}); strings.Count(r.body, "event: ") != 1 ||
		!strings.Contains(r.body, `"board":{`) {
		t.Errorf("without a connection: %q", r.body)
	}
	w.server.Stop()
	w.refused(http.StatusServiceUnavailable, "not_ready", call{who: "duty", method: "GET", path: "/api/v1/events"})
}
