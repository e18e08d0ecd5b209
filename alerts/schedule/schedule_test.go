package schedule

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/alerts/refusal"
)

func TestParseRefusesWhatCronWouldNotDo(t *testing.T) {
	for _, c := range []struct{ name, spec, rule string }{
		{"every five minutes", "*/5 * * * *", ""},
		{"a night", "15 3 * * *", ""},
		{"weekdays by name", "0 8,20 * JAN-MAR mon-fri", ""},
		{"a leap day", "0 0 29 2 *", ""},
		{"every ten minutes", "@every 10m", ""},
		{"a word", "@hourly", ""},
		{"nothing", "", "schedule.wrong"},
		{"blanks", "   ", "schedule.wrong"},
		{"a word of none", "@nightly", "schedule.wrong"},
		{"six fields", "0 0 8 * * *", "schedule.wrong"},
		{"minute 60", "60 8 * * *", "schedule.wrong"},
		{"a step of nothing", "*/0 * * * *", "schedule.wrong"},
		{"an empty list", ", * * * *", "schedule.wrong"},
		{"very long", strings.Repeat("1,", 300) + "1 * * * *", "schedule.wrong"},
		{"no duration", "@every soon", "schedule.wrong"},
		{"a zone alone, at which cron panics", "TZ=UTC", "schedule.zone"},
		{"the other form of it", "CRON_TZ=Asia/Tokyo", "schedule.zone"},
		{"a zone before a schedule", "CRON_TZ=UTC 0 8 * * *", "schedule.zone"},
		{"an interval of nothing", "@every 0s", "schedule.often"},
		{"an interval backwards", "@every -5m", "schedule.often"},
		{"30 February", "0 8 30 2 *", "schedule.never"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, wrong := Parse(c.spec)
			if c.rule == "" {
				if wrong != nil || s.Next(time.Now()).IsZero() {
					t.Errorf("refused: %v", wrong)
				}
				return
			}
			if wrong == nil || wrong.Rule != c.rule || wrong.Path != "" {
				t.Fatalf("got %v, want %s", wrong, c.rule)
			}
			for _, lang := range []string{"zh-CN", "en"} {
				text := wrong.Message(lang)
				if shown := strings.TrimSpace(c.spec); len(shown) < maxSpec && !strings.Contains(text, shown) ||
					!strings.Contains(text, "*/5 * * * *") || len(text) > 600 {
					t.Errorf("%q lacks the value or a right example, or is long", text)
				}
			}
		})
	}
}

func TestTimesAreChinas(t *testing.T) {
	s, wrong := Parse("30 3 * * *")
	if wrong != nil {
		t.Fatal(wrong)
	}
	if got, want := s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		time.Date(2026, 1, 1, 19, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("next is %s, want %s", got, want)
	}
	if (Schedule{}).Next(time.Now()) != (time.Time{}) {
		t.Error("the zero schedule has a time")
	}
}

// Work that takes longer than its interval is not begun beside itself, a panic ends one turn alone, and Run waits for
// the last.
func TestWorkRunsOneTurnAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wrong := Parse("*/5 * * * *")
		if wrong != nil {
			t.Fatal(wrong)
		}
		var log strings.Builder
		var mu sync.Mutex
		turns, under := 0, 0
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			s.Run(ctx, slog.New(slog.NewTextHandler(&log, nil)), func() {
				mu.Lock()
				turns++
				turn := turns
				under++
				if under > 1 {
					t.Error("two turns beside each other")
				}
				mu.Unlock()
				defer func() { mu.Lock(); under--; mu.Unlock() }()
				if turn == 1 {
					panic("the first turn")
				}
				time.Sleep(7 * time.Minute)
			})
		}()
		time.Sleep(22 * time.Minute) // 5: panics; 10: until 17, over 15; 20: until 27
		cancel()
		<-over
		mu.Lock()
		defer mu.Unlock()
		if turns != 3 || under != 0 {
			t.Errorf("%d turns, %d of them under way, want 3 and none", turns, under)
		}
		if !strings.Contains(log.String(), "the first turn") {
			t.Errorf("the panic is not in the log: %s", log.String())
		}
	})
}

// Whatever a setting holds, it is refused in words or comes again and again, later each time and at whole seconds.
func FuzzParse(f *testing.F) {
	for _, spec := range []string{"TZ=UTC", "CRON_TZ=", "*/5 * * * *", "@every 1h", "@every 1ns", "@hourly", ", , , , ,",
		"1-2-3 * * * *", "*/99999999999999999999 * * * *",
		"0 0 29 2 *", "* * 31 2,4 *", "@", "\x00 * * * *", "?/3 * * * 0-6/2", "59/9223372036854775807 * * * *",
		"@every 2562047h47m16s"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		s, wrong := Parse(spec)
		if wrong != nil {
			if !refusal.Known(wrong.Rule) || wrong.Args["value"] == nil {
				t.Fatalf("%q: %v has no words or no value", spec, wrong)
			}
			return
		}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
		for range 3 {
			next := s.Next(at)
			if !next.After(at) || next.Nanosecond() != 0 || next.Location() != zone {
				t.Fatalf("%q: %s follows %s", spec, next, at)
			}
			at = next
		}
	})
}
