package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/web"
)

// standIn answers for the calls that the page of the inspectors needs, by their written shapes.
type standIn struct {
	t    *testing.T
	w    *world
	mu   sync.Mutex
	day  any
	done map[string]string // client_id -> body as it was sent
	// refuse answers an inspection with a status and a problem, once.
	refuse func() (int, any)
	posts  int
}

func standFor(t *testing.T, w *world) *standIn {
	s := &standIn{t: t, w: w, done: map[string]string{}}
	w.web.Mount(web.Area{Paths: []string{"/api/v1/gate/day", "/api/v1/inspections"}, Handler: s})
	return s
}

func (s *standIn) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Error(err)
	}
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	me, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+s.w.host+"/api/v1/me", nil)
	me.Header.Set("Cookie", r.Header.Get("Cookie"))
	if got, err := http.DefaultClient.Do(me); err != nil || got.StatusCode != http.StatusOK {
		s.answer(w, http.StatusUnauthorized, map[string]any{"code": "unauthenticated", "detail": "登录", "errors": []any{}})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api/v1/")
	switch {
	case path == "gate/day":
		s.answer(w, http.StatusOK, s.day)
	case path == "inspections":
		s.inspection(w, r)
	}
}

func (s *standIn) inspection(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	s.posts++
	if s.refuse != nil {
		status, problem := s.refuse()
		s.refuse = nil
		s.answer(w, status, problem)
		return
	}
	var in map[string]any
	if err := json.Unmarshal(text, &in); err != nil {
		s.t.Error(err)
	}
	id := in["client_id"].(string)
	if r.Header.Get("Idempotency-Key") != id {
		s.t.Errorf("an inspection comes under the key %q", r.Header.Get("Idempotency-Key"))
	}
	s.done[id] = string(text)
	in["id"], in["result"], in["received_at"] = "I20161219-00001", "failed", time.Now().Format(time.RFC3339)
	in["remarks"] = []any{map[string]string{"rule": "order_replaced", "text": "减排令已换新的修订"}}
	s.answer(w, http.StatusCreated, in)
}

// tasksOf is a day with n tasks.
func tasksOf(n int) any {
	var tasks []any
	for i := range n {
		var hours []any
		for h := range 24 {
			m := any(300 + float64((h*37+i*11)%90))
			result := "pass"
			if h%7 == 3 {
				m, result = nil, "no_data"
			} else if h > 18 {
				result = "fail"
			}
			hours = append(hours, map[string]any{"at": fmt.Sprintf("2016-12-18T%02d:00:00+08:00", h), "measured": m, "limit": 320.0, "result": result})
		}
		tasks = append(tasks, map[string]any{"id": fmt.Sprintf("T20161219-%05d", i+1), "origin": "finding", "state": "open",
			"recipient_id": fmt.Sprintf("E%04d", i+1), "recipient_name": fmt.Sprintf("示例热电%d厂%s", i+1, map[bool]string{true: hostile}[i == 0]),
			"town": "大寺镇", "due": "2016-12-19T18:00:00+08:00", "day": "2016-12-19", "score": 1.2, "route": n - i, "address": "示例路 1 号",
			"position": map[string]any{"lon": 117.1 + float64(i)/100, "lat": 39.05},
			"contacts": []any{map[string]any{"name": "王", "phone": "13800000001", "role": "first"}},
			"finding":  map[string]any{"id": "F1", "measure_id": "M1", "verdict": "suspected", "criterion": "负荷", "unit": "kW", "measured": 350.0, "limit": 320.0, "from": "2016-12-18T19:00:00+08:00", "failed": 5, "explanation": ""},
			"order":    map[string]any{"id": "W1-E0001-1", "revision": 1, "level": "orange", "level_name": "橙色（Ⅱ级）", "title": "重污染天气橙色预警减排令", "text": "请立即落实以下措施。", "document_no": "津西青应急〔2016〕1号", "state": "acknowledged", "effective_from": "2016-12-18T08:00:00+08:00", "ends_at": nil},
			"checklist": []any{map[string]any{"measure_id": "M1", "text": "6#机组限产", "equipment": "6#机组", "expected": "6#机组 日用煤不超过 300 t/d，4 小时内完成", "complete_by": "2016-12-18T12:00:00+08:00", "evidence": []string{"DCS曲线"},
				"monitors": []any{map[string]any{"source": "cems", "ref": "P1", "factor": "load", "criterion": "负荷", "unit": "kW", "verdict": "suspected", "heard": true, "hours": hours}}},
				map[string]any{"measure_id": "M2", "text": "停止国四及以下货车运输", "equipment": "", "expected": "门禁无国四及以下货车", "monitors": []any{}}},
			"earlier": []any{map[string]any{"id": "I1", "at": "2016-11-19T10:00:00+08:00", "inspector": "li", "result": "passed", "disposition": "none"}},
		})
	}
	return map[string]any{"day": "2016-12-19", "now": "2016-12-19T08:00:00+08:00", "user": "inspector", "office": map[string]any{"lon": 117.0, "lat": 39.1},
		"maps":    []any{map[string]any{"name": "高德地图", "href": "https://uri.amap.com/marker?position={lon},{lat}&name={name}"}},
		"two_for": []string{"case"}, "colleagues": []any{map[string]any{"user": "li", "name": "李"}}, "tasks": tasks}
}
