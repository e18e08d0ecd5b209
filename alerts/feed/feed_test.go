package feed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/alerts/refusal"
)

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins on 1 January at 08:00 in Shanghai
		in := newInbox(t)
		s := in.source()
		s.SilentAfter = 26 * time.Hour
		in.start(s)
		defer func() { in.stop() }()
		time.Sleep(26*time.Hour - time.Second)
		in.desk.wantTold(t)
		time.Sleep(48 * time.Hour)
		told := []string{"emc true since 01 08:00:00 +08 at 02 10:00"}
		in.desk.wantTold(t, told...)

		in.put("a.csv", "date,aqi\n") // on 4 January, 09:59:59
		time.Sleep(10 * time.Minute)
		told = append(told, "emc false since 04 10:00:05 +08 at 04 10:00")
		in.desk.wantTold(t, told...)

		time.Sleep(26 * time.Hour)
		told = append(told, "emc true since 04 10:00:05 +08 at 05 12:01")
		in.desk.wantTold(t, told...)

		in.desk.answerWith(func(Document) error { return wrong() })
		in.put("a.csv", "date,aqi\n")
		time.Sleep(time.Hour)
		in.desk.wantTold(t, told...) // what is refused is nothing
	})
}

func TestSilenceOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		s := in.source()
		s.SilentAfter = 26 * time.Hour
		in.start(s)
		time.Sleep(20 * time.Hour)
		in.stop()
		time.Sleep(5 * time.Hour)
		in.start(s)
		time.Sleep(time.Hour + time.Minute)
		told := []string{"emc true since 01 08:00:00 +08 at 02 10:00"}
		in.desk.wantTold(t, told...)
		in.stop()

		feeds := in.start(s)
		time.Sleep(time.Hour)
		in.desk.wantTold(t, told...) // told already
		if got := feeds.Status(); len(got) != 1 || !got[0].Silent || !got[0].TakenAt.IsZero() {
			t.Errorf("Status = %+v, want silent, never taken", got)
		}
		in.stop()

		in.put("a.csv", "date,aqi\n")
		feeds = in.start(s)
		time.Sleep(time.Minute)
		told = append(told, "emc false since 02 11:01:05 +08 at 02 11:01")
		in.desk.wantTold(t, told...)
		if got := feeds.Status()[0]; got.Silent || got.TakenAt.Format("02 15:04:05 -07") != "02 11:01:05 +08" {
			t.Errorf("Status = %+v", got)
		}
		in.stop()
		time.Sleep(30 * time.Hour) // switched off, and so silent when it comes up again
		in.start(s)
		time.Sleep(time.Second)
		in.stop()
		in.desk.wantTold(t, append(told, "emc true since 02 11:01:05 +08 at 03 17:02")...)
	})
}

func TestNoAlarmWhenNoneIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		in.start(in.source())
		time.Sleep(1000 * time.Hour)
		in.stop()
		in.desk.wantTold(t)
	})
}

// An alarm that was told while the program ended may not have been heard, and is told again.
func TestSilenceToldWhileEndingIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		s := in.source()
		s.SilentAfter = time.Hour
		h := &endingDesk{desk: in.desk}
		feeds, err := New([]Source{s}, in.state, keepIn(in.state), h, nil)
		must(t, err)
		done := make(chan struct{})
		h.end = func() { close(done) }
		ctx, cancel := contextUntil(t, done)
		defer cancel()
		feeds.Run(ctx)
		in.start(s)
		time.Sleep(time.Second)
		in.stop()
		in.desk.wantTold(t, "emc true since 01 08:00:00 +08 at 01 09:00", "emc true since 01 08:00:00 +08 at 01 09:00")
	})
}

// The clock of the machine must not decide when half past eight is.
func TestScheduleIsInShanghai(t *testing.T) {
	for _, zone := range []string{"UTC", "America/New_York", "Asia/Shanghai", "Pacific/Kiritimati"} {
		t.Run(zone, func(t *testing.T) {
			loc, err := time.LoadLocation(zone)
			must(t, err)
			defer func(was *time.Location) { time.Local = was }(time.Local)
			time.Local = loc
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				s := in.source()
				s.Schedule = "30 8 * * 1-5"
				in.start(s)
				time.Sleep(time.Minute) // the look at the start, 1 January 2000, a Saturday
				in.put("a.csv", "date,aqi\n")
				time.Sleep(72 * time.Hour)
				in.stop()
				if len(in.desk.taken) != 1 {
					t.Fatalf("taken %d times, want once", len(in.desk.taken))
				}
				// The first look finds it, the second takes it.
				const want = "2000-01-03T08:30:05+08:00"
				if got := in.desk.takenAt[0].In(time.FixedZone("", 8*3600)).Format(time.RFC3339); got != want {
					t.Errorf("taken at %s, want %s", got, want)
				}
				if got := in.desk.taken[0].At.Format(time.RFC3339); got != "2000-01-01T08:01:00+08:00" {
					t.Errorf("At = %s", got)
				}
			})
		})
	}
}

// What an earlier program kept in files goes on in rows, and is not taken over a second time.
func TestOldStatesAreTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		old := filepath.Join(in.state, "emc.json")
		write := func(text string) {
			must(t, os.MkdirAll(in.state, 0o700))
			must(t, os.WriteFile(old, []byte(text), 0o600))
			must(t, os.WriteFile(filepath.Join(in.state, "gone.json"), []byte(text), 0o600))
		}
		write(`{"first_start":"1999-12-01T00:00:00+08:00","taken_at":"1999-12-31T20:00:00+08:00","silent":false}`)
		s := in.source()
		s.SilentAfter = 13 * time.Hour
		in.start(s)
		time.Sleep(2 * time.Hour) // till 10:00
		in.stop()
		in.desk.wantTold(t, "emc true since 31 20:00:00 +08 at 01 09:00")
		left, err := filepath.Glob(filepath.Join(in.state, "*.json"))
		if err != nil || len(left) > 0 {
			t.Errorf("files left: %q, %v", left, err)
		}
		if row, err := keepIn(in.state).Load("gone"); err != nil || row == nil {
			t.Errorf("the state of a feed that is not configured now: %s, %v", row, err)
		}
		write(`{"first_start":"1999-12-01T00:00:00+08:00","silent":false}`) // as if it could not be removed
		feeds := in.start(s)
		time.Sleep(time.Second)
		in.stop()
		if st := feeds.Status()[0]; !st.Silent || st.TakenAt.IsZero() {
			t.Errorf("an old file took the place of a newer row: %+v", st)
		}
	})
}

// A state that cannot be kept holds as long as the program runs.
func TestFeedsRunWhereNothingCanBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		must(t, os.MkdirAll(in.state, 0o700))
		must(t, os.WriteFile(filepath.Join(in.state, "rows"), nil, 0o600)) // where the folder of rows would be
		in.put("a.csv", "date,aqi\n")
		feeds := in.start(in.source())
		time.Sleep(time.Minute)
		in.stop()
		in.wantFiles("taken/a.csv")
		if got := feeds.Status()[0]; got.TakenAt.IsZero() {
			t.Errorf("Status = %+v", got)
		}
		if !strings.Contains(in.log.String(), "state not kept") {
			t.Errorf("not logged:\n%s", &in.log)
		}
	})
}

func TestBrokenStateIsBegunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		must(t, os.MkdirAll(in.state, 0o700))
		must(t, os.WriteFile(filepath.Join(in.state, "emc.json"), []byte(`{"taken_at":"yest`), 0o600))
		in.put("a.csv", "date,aqi\n")
		in.start(in.source())
		time.Sleep(time.Minute)
		in.stop()
		in.wantFiles("taken/a.csv")
		if !strings.Contains(in.log.String(), "begun anew") {
			t.Errorf("not logged:\n%s", &in.log)
		}
	})
}

// A state written by a clock that was years ahead must not switch the alarm off for years.
func TestSilenceAfterAClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		must(t, os.MkdirAll(in.state, 0o700))
		must(t, os.WriteFile(filepath.Join(in.state, "emc.json"),
			[]byte(`{"first_start":"2035-01-01T00:00:00+08:00","taken_at":"2035-01-02T00:00:00+08:00","silent":false}`), 0o600))
		s := in.source()
		s.SilentAfter = time.Hour
		in.start(s)
		time.Sleep(2 * time.Hour)
		in.stop()
		in.desk.wantTold(t, "emc true since 01 08:00:00 +08 at 01 09:00")
	})
}

func TestNewRefuses(t *testing.T) {
	good := Source{Name: "emc", Kind: "folder", Path: "inbox", Schedule: "*/5 * * * *", Format: "csv",
		Source: "tianjin-emc"}
	for _, tt := range []struct {
		name   string
		change func(*Source)
		path   string
		rule   string
	}{
		{"nothing", func(*Source) {}, "", ""},
		{"an interval", func(s *Source) { s.Schedule = "@every 90s" }, "", ""},
		{"a name for a schedule", func(s *Source) { s.Schedule = "@hourly" }, "", ""},
		{"29 February", func(s *Source) { s.Schedule = "0 8 29 2 *" }, "", ""},
		{"a URL", func(s *Source) { s.Kind, s.URL = "url", "https://u:p@example.com/f.json?key=1" }, "", ""},
		{"name that leaves the folder", func(s *Source) { s.Name = "../x" }, "name", "config.name"},
		{"source", func(s *Source) { s.Source = "Tianjin EMC" }, "source", "config.name"},
		{"kind", func(s *Source) { s.Kind = "ftp" }, "kind", "config.one_of"},
		{"format", func(s *Source) { s.Format = "xlsx" }, "format", "config.one_of"},
		{"no path", func(s *Source) { s.Path = " " }, "path", "config.empty"},
		{"silence", func(s *Source) { s.SilentAfter = -time.Second }, "silent_after", "feed.silent_after"},
		{"no schedule", func(s *Source) { s.Schedule = "" }, "schedule", "schedule.wrong"},
		{"six fields", func(s *Source) { s.Schedule = "0 0 8 * * *" }, "schedule", "schedule.wrong"},
		{"minute 60", func(s *Source) { s.Schedule = "60 8 * * *" }, "schedule", "schedule.wrong"},
		{"30 February", func(s *Source) { s.Schedule = "0 8 30 2 *" }, "schedule", "schedule.never"},
		{"own zone", func(s *Source) { s.Schedule = "CRON_TZ=UTC 0 8 * * *" }, "schedule", "schedule.zone"},
		{"zone that makes cron panic", func(s *Source) { s.Schedule = "TZ=UTC" }, "schedule", "schedule.zone"},
		{"interval of nothing", func(s *Source) { s.Schedule = "@every 0s" }, "schedule", "schedule.often"},
		{"interval backwards", func(s *Source) { s.Schedule = "@every -5m" }, "schedule", "schedule.often"},
		{"file URL", func(s *Source) { s.Kind, s.URL = "url", "file:///etc/passwd" }, "url", "feed.url"},
		{"URL without a host", func(s *Source) { s.Kind, s.URL = "url", "https:///f.json" }, "url", "feed.url"},
		{"no URL", func(s *Source) { s.Kind, s.URL = "url", "u:s3cret@host/f.json" }, "url", "feed.url"},
	} {
		s := good
		tt.change(&s)
		_, err := New([]Source{{Name: "other", Kind: "folder", Path: "elsewhere", Schedule: "@daily", Source: "x"}, s},
			t.TempDir(), keepIn(t.TempDir()), &desk{}, nil)
		if tt.rule == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		var r *refusal.Error
		if !errors.As(err, &r) || len(r.Fields) != 1 || r.Fields[0].Path != "feeds[1]."+tt.path ||
			r.Fields[0].Rule != tt.rule {
			t.Errorf("%s: %v, want feeds[1].%s by %s", tt.name, err, tt.path, tt.rule)
			continue
		}
		if text := r.Fields[0].Message("zh-CN") + err.Error(); !refusal.Known(tt.rule) || strings.Contains(text, "{") ||
			strings.Contains(text, "s3cret") {
			t.Errorf("%s: %s", tt.name, text)
		}
	}
	_, err := New([]Source{good, good}, t.TempDir(), keepIn(t.TempDir()), &desk{}, nil)
	if err == nil || !strings.Contains(err.Error(), "feeds[1].name") || !strings.Contains(err.Error(), "feeds[1].path") {
		t.Errorf("the same feed twice: %v", err)
	}
}
