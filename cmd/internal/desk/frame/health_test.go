package frame_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/watch"

	"qingkong/alerts/refusal"
)

var (
	low    = watch.Degrade("watch.disk_low", refusal.Args{"free": "900 MB", "limit": "1.0 GB"})
	halted = watch.Stop("watch.writer_halted", refusal.Args{"why": "a fork"})
)

// Who may mend something reads what is wrong and what to do, on every page. An enterprise reads what to do itself, and
// only when a click may not go through; so does everybody else.
func TestTheHeadSaysWhatIsWrong(t *testing.T) {
	const phone, mend = "请打电话向区值班室答复", "按运维手册处理"
	w := desktest.New(t)
	id := w.Ordered()
	for _, c := range []struct {
		name  string
		found watch.Finding
		want  map[string][]string // user -> what the head says; nobody else's says anything
	}{
		{"all is well", watch.Finding{}, nil},
		{"less to spare", low, map[string][]string{
			"duty": {"系统有异常，操作仍可记录", "写入记录 受限", "900 MB", "请清理磁盘或扩容"}, "approver": {"900 MB"}, "admin": {"900 MB"},
			"viewer": {"900 MB"}}},
		{"nothing is written", halted, map[string][]string{
			"duty": {"系统现在不能记录任何操作", "写入记录 故障", mend}, "approver": {mend}, "admin": {mend}, "viewer": {mend},
			"E0001": {phone}, "town": {"操作可能不成功"}, "inspector": {"操作可能不成功"}, "": {"操作可能不成功"}}},
	} {
		w.Find(c.found)
		for _, user := range []string{"", "duty", "approver", "admin", "viewer", "inspector", "town", "feeder", "E0001"} {
			paths := []string{"/desk/password", "/desk/no-such-page"}
			switch user {
			case "":
				paths = []string{"/", "/login"}
			case "duty", "E0001":
				paths = append(paths, "/desk", "/desk/orders", "/desk/orders/"+id+"-E0001-1", "/desk/warnings/"+id)
			}
			want := c.want[user]
			if user == "feeder" {
				want = c.want["town"]
			}
			for _, path := range paths {
				page := desktest.Parsed(t, w.As(user, path, nil).Text)
				head := desktest.Find(page, "div", "id", "health")
				if head == nil || desktest.Attr(head, "role") != "status" {
					t.Fatalf("%s by %q has no head that tells its changes", path, user)
				}
				says := desktest.TextOf(head)
				if len(want) == 0 && says != "" {
					t.Errorf("%s, %s by %q says %s", c.name, path, user, says)
				}
				desktest.SaysAll(t, c.name+", "+path+" by "+user, says, want...)
				if own := user == "duty" || user == "approver" || user == "admin" || user == "viewer"; !own &&
					strings.Contains(says, "fork") {
					t.Errorf("%s by %q says why: %s", path, user, says)
				}
			}
		}
	}
	english := w.As("duty", "/desk", nil, "Cookie", frame.LangCookie+"=en")
	desktest.SaysAll(t, "in English", desktest.TextOf(desktest.Find(desktest.Parsed(t, english.Text), "div", "id",
		"health")), "Nothing can be recorded", "writing the record", "failed", "follow the operations manual")
	desktest.Lint(t, "/desk while nothing is written", english.Text)
}

// A page that is open hears of it, and that it is over.
func TestTheHeadIsLive(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	srv := httptest.NewServer(w.Desk)
	defer func() { srv.CloseClientConnections(); srv.Close() }()
	for _, page := range []string{"page=home", "page=board&warning=" + id} {
		w.Find(watch.Finding{})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/desk/live?"+page, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(w.Cookie("duty"))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		heads := make(chan string, 100) // each whole message of the head
		go func() {
			defer close(heads)
			var name, text string
			for s := bufio.NewScanner(res.Body); s.Scan(); {
				switch line := s.Text(); {
				case line == "":
					if name == "health" {
						heads <- text
					}
					name, text = "", ""
				case strings.HasPrefix(line, "event: "):
					name = line[len("event: "):]
				case strings.HasPrefix(line, "data: "):
					text += line[len("data: "):]
				}
			}
		}()
		comes := func(what string, holds func(head string) bool) {
			t.Helper()
			for end := time.After(time.Minute); ; {
				select {
				case head, open := <-heads:
					if !open {
						t.Fatalf("%s: the stream ends before %s", page, what)
					}
					if holds(head) {
						return
					}
				case <-end:
					t.Fatalf("%s: %s does not come", page, what)
				}
			}
		}
		comes("nothing", func(head string) bool { return head == "" })
		w.Find(halted)
		comes("what is wrong", func(head string) bool { return strings.Contains(head, "按运维手册处理") })
		w.Find(watch.Finding{})
		comes("nothing again", func(head string) bool { return head == "" })
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The clock line shows the clock and the record's time where they are apart.
func TestBothTimesAreShownWhereTheyAreApart(t *testing.T) {
	w := desktest.New(t)
	line := func() string {
		return desktest.TextOf(desktest.Find(w.Get(200, "duty", "/desk/password"), "footer", "class", "foot"))
	}
	if got := line(); !strings.Contains(got, "北京时间 2016-12-16 17:00") || strings.Contains(got, "本机时钟") {
		t.Errorf("they go together: %s", got)
	}
	w.Lag = 8 * time.Hour
	desktest.SaysAll(t, "apart", line(), "本机时钟 2016-12-16 09:00", "记录的时间 2016-12-16 17:00")
}

// Where the disk has little room a workbook is refused beside the form, with how much there is and what to do.
func TestNoUploadWithoutRoom(t *testing.T) {
	w := desktest.New(t)
	height := w.Svc.J.Height()
	w.Svc.Large = func() error {
		return refusal.New(refusal.NotReady, "watch.no_room", refusal.Args{"free": "900 MB", "limit": "1.0 GB"})
	}
	r := w.Upload("duty", "西青.xlsx", desktest.Xiqing(t, "2016-12-16", nil))
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d", r.StatusCode)
	}
	desktest.SaysAll(t, "the page of lists", desktest.TextOf(desktest.Parsed(t, r.Text)), "磁盘只剩 900 MB", "未做任何改动", "清单版本")
	if w.Svc.J.Height() != height {
		t.Error("a refused upload was recorded")
	}
}
