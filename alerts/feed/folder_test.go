package feed

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/alerts/refusal"
)

// aWhile is longer than a file needs to settle and much shorter than the schedule's next look.
const aWhile = 30 * time.Second

func TestArrivals(t *testing.T) {
	const csv, object = "date,aqi\n2016-12-17,230\n", `{"days":[]}`
	for _, tt := range []struct {
		name, format, file, content string
		want                        string // as offered; "" = not
		at                          string // where it lies then
	}{
		{"CSV", "", "a.csv", csv, "a.csv csv", "taken/a.csv"},
		{"JSON", "", "a.json", object, "a.json json", "taken/a.json"},
		{"ending in capitals", "", "A.CSV", csv, "A.CSV csv", "taken/A.CSV"},
		{"Chinese name", "", "空气质量预报.csv", csv, "空气质量预报.csv csv", "taken/空气质量预报.csv"},
		{"name that is not UTF-8", "", "\xd4\xa4\xb1\xa8.csv", csv, `"\u0524\xb1\xa8.csv" csv`, "taken/\xd4\xa4\xb1\xa8.csv"},
		{"text where CSV is read", "csv", "a.txt", csv, "a.txt csv", "taken/a.txt"},
		{"text where nothing is said", "", "a.txt", csv, "", "a.txt"},
		{"text where JSON is read", "json", "a.txt", object, "", "a.txt"},
		{"other format than the feed's", "csv", "a.json", object, "", "refused/a.json"},
		{"hidden", "", ".a.csv", csv, "", ".a.csv"},
		{"temporary", "", "a.csv.tmp", csv, "", "a.csv.tmp"},
		{"part", "", "a.json.part", object, "", "a.json.part"},
		{"new", "", "a.csv.new", csv, "", "a.csv.new"},
		{"other ending", "", "a.xlsx", csv, "", "a.xlsx"},
		{"binary", "", "a.csv", "PK\x03\x04\x00\x00", "", "refused/a.csv"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				in.put(tt.file, tt.content)
				s := in.source()
				s.Format = tt.format
				in.start(s)
				defer func() { in.stop() }()
				time.Sleep(aWhile)
				if tt.want == "" {
					in.desk.wantAsked(t)
				} else {
					in.desk.wantAsked(t, tt.want)
				}
				files := []string{tt.at}
				if strings.HasPrefix(tt.at, "refused/") {
					files = append(files, tt.at+".why.txt")
				}
				in.wantFiles(files...)
				if got := in.read(tt.at); got != tt.content {
					t.Errorf("%s holds %q, want %q", tt.at, got, tt.content)
				}
			})
		})
	}
}

func TestLinksAndFoldersArePassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		outside := filepath.Join(t.TempDir(), "secret.csv")
		must(t, os.WriteFile(outside, []byte("date,aqi\n"), 0o600))
		must(t, os.Symlink(outside, filepath.Join(in.dir, "link.csv")))
		must(t, os.Mkdir(filepath.Join(in.dir, "folder.csv"), 0o755))
		in.start(in.source())
		time.Sleep(10 * time.Minute)
		in.stop()
		in.desk.wantAsked(t)
		in.wantFiles("link.csv", "folder.csv")
		if log := in.log.String(); log != "" {
			t.Errorf("tried to read them:\n%s", log)
		}
	})
}

// What is read must be what was listed: it is that which has settled.
func TestFileChangedBetweenListingAndReading(t *testing.T) {
	for name, change := range map[string]func(in *inbox, was time.Time){
		"grown within the clock's grain": func(in *inbox, was time.Time) {
			in.put("a.csv", "date,aqi\n2016")
			in.touch("a.csv", was)
		},
		"rewritten": func(in *inbox, was time.Time) {
			in.put("a.csv", "date,AQI\n")
			in.touch("a.csv", was.Add(1))
		},
		"replaced": func(in *inbox, was time.Time) {
			in.put("b.csv", "date,AQI\n")
			must(t, os.Rename(filepath.Join(in.dir, "b.csv"), filepath.Join(in.dir, "a.csv")))
			in.touch("a.csv", was)
		},
	} {
		in := newInbox(t)
		feeds, err := New([]Source{in.source()}, in.state, keepIn(in.state), in.desk, nil)
		must(t, err)
		f, was := feeds.feeds[0], time.Now().Add(-time.Hour)
		in.put("a.csv", "date,aqi\n")
		in.touch("a.csv", was)
		listed, err := f.arrivals()
		must(t, err)
		if body, err := f.read(listed[0]); err != nil || string(body) != "date,aqi\n" {
			t.Fatalf("unchanged: %q, %v", body, err)
		}
		change(in, was)
		if body, err := f.read(listed[0]); !errors.Is(err, errUnsettled) {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
}

func TestDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		in.put("now.csv", "\ufeffdate,aqi\n")
		in.put("gb.csv", "\xc8\xd5\xc6\xda,aqi\n") // 日期
		in.touch("gb.csv", time.Now().Add(-time.Hour))
		in.put("ahead.csv", "date,aqi\n")
		in.touch("ahead.csv", time.Now().Add(time.Hour)) // a file server whose clock is ahead
		in.start(in.source())
		time.Sleep(aWhile)
		in.stop()
		in.desk.wantAsked(t, "gb.csv csv", "now.csv csv", "ahead.csv csv")
		for i, want := range []struct{ body, at string }{
			{"日期,aqi\n", "2000-01-01T07:00:00+08:00"},
			{"date,aqi\n", "2000-01-01T08:00:00+08:00"},
			{"date,aqi\n", "2000-01-01T08:00:05+08:00"}, // when it was read
		} {
			d := in.desk.taken[i]
			if string(d.Body) != want.body || d.At.Format(time.RFC3339) != want.at || d.Feed != "emc" ||
				d.Source != "tianjin-emc" {
				t.Errorf("document %d is %+v (%s at %s), want %q at %s", i, d, d.Body, d.At, want.body, want.at)
			}
		}
	})
}

func TestHalfWrittenFileWaits(t *testing.T) {
	const line = "2016-12-17,230\n"
	for name, grow := range map[string]func(in *inbox, soFar string){
		"grows, clock moves on": func(in *inbox, soFar string) { in.put("a.csv", soFar) },
		"grows, clock of the source": func(in *inbox, soFar string) {
			in.put("a.csv", soFar)
			in.touch("a.csv", time.Unix(0, 0))
		},
		"same size, rewritten": func(in *inbox, soFar string) { in.put("a.csv", strings.Repeat(line, 20)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				in.start(in.source())
				defer func() { in.stop() }()
				soFar := ""
				for range 20 { // more than one look of the schedule
					soFar += line
					grow(in, soFar)
					time.Sleep(settleTime - time.Second)
				}
				time.Sleep(5 * time.Minute) // the schedule finds it, where no look had seen it before
				in.desk.wantAsked(t, "a.csv csv")
				_, taken, _ := in.desk.so()
				if got := string(taken[0].Body); got != strings.Repeat(line, 20) {
					t.Errorf("taken with %d bytes before it was complete", len(got))
				}
			})
		})
	}
}

// A file that keeps changing while it is looked at every settleTime must not be taken at any of these looks.
func TestGrowingFileIsNotTakenWhileLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		in.put("a.csv", "x")
		in.start(in.source()) // from here on it is looked at again every settleTime
		defer func() { in.stop() }()
		for n := range 100 {
			time.Sleep(settleTime - time.Millisecond)
			in.put("a.csv", strings.Repeat("x", n+2))
		}
		in.desk.wantAsked(t)
		last := time.Now()
		time.Sleep(aWhile)
		in.desk.wantAsked(t, "a.csv csv")
		_, _, at := in.desk.so()
		if wait := at[0].Sub(last); wait < settleTime || wait > 3*settleTime {
			t.Errorf("taken %v after the last change, want %v or little more", wait, settleTime)
		}
	})
}

func TestIncompleteFile(t *testing.T) {
	for _, tt := range []struct{ name, file, cut, whole string }{
		{"JSON cut short", "a.json", `{"days":[{"date":"2016-1`, `{"days":[]}`},
		{"JSON cut in a character", "a.json", "{\"cause\":\"\u6c99\xe5", `{"cause":"沙尘"}`},
		{"empty", "a.csv", "", "date,aqi\n"},
	} {
		t.Run(tt.name+" then completed", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				in.put(tt.file, tt.cut)
				in.start(in.source())
				defer func() { in.stop() }()
				time.Sleep(completeTime - settleTime)
				in.desk.wantAsked(t)
				in.wantFiles(tt.file)
				in.put(tt.file, tt.whole)
				time.Sleep(aWhile)
				if _, taken, _ := in.desk.so(); len(taken) != 1 || string(taken[0].Body) != tt.whole {
					t.Errorf("taken %+v, want %q", taken, tt.whole)
				}
			})
		})
		t.Run(tt.name+" for good", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				in.desk.answer = func(Document) error { return wrong() }
				in.put(tt.file, tt.cut)
				in.start(in.source())
				defer func() { in.stop() }()
				time.Sleep(completeTime + 2*settleTime)
				in.wantFiles("refused/"+tt.file, "refused/"+tt.file+".why.txt")
			})
		})
	}
}

func TestRefusedFileIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		in.desk.answer = func(Document) error { return wrong() }
		in.put("预报.csv", "date,aqi\n")
		in.start(in.source())
		time.Sleep(10 * time.Minute)
		in.stop()
		in.desk.wantAsked(t, "预报.csv csv") // once
		in.wantFiles("refused/预报.csv", "refused/预报.csv.why.txt")
		why := in.read("refused/预报.csv.why.txt")
		for _, part := range []string{
			"\ufeff晴空没有采用文件“预报.csv”（来源 emc，2000-01-01 08:00:05）", "Qingkong did not take the file 预报.csv (feed emc,",
			"输入有 2 处错误", "the input is wrong in 2 place(s)",
			"  row 3, column aqi: 第 3 行 aqi 列：“5oo”不是 AQI；请写 0 至 500 的整数",
			"  row 3, column aqi: row 3, column aqi: “5oo” is not a whole number",
			"  row 7, column date: 第 7 行 date 列：“13月1日”没有写明四位年份", "13月1日 has no year of four digits",
		} {
			if !strings.Contains(why, part) {
				t.Errorf("the explanation lacks %q:\n%s", part, why)
			}
		}
	})
}

func TestSameNameTwiceOverwritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		in.desk.answer = func(d Document) error {
			if strings.HasPrefix(string(d.Body), "bad") {
				return wrong()
			}
			return nil
		}
		// Somebody kept an old explanation under the name that the first refused file would get.
		must(t, os.Mkdir(filepath.Join(in.dir, refusedDir), 0o755))
		must(t, os.WriteFile(filepath.Join(in.dir, "refused/a.csv.why.txt"), []byte("old"), 0o644))
		in.start(in.source())
		for _, content := range []string{"good 1", "bad 1", "good 2", "bad 2", "good 3"} {
			in.put("a.csv", content)
			time.Sleep(10 * time.Minute)
		}
		in.stop()
		in.wantFiles("taken/a.csv", "taken/a-2.csv", "taken/a-3.csv", "refused/a.csv.why.txt",
			"refused/a-2.csv", "refused/a-2.csv.why.txt", "refused/a-3.csv", "refused/a-3.csv.why.txt")
		for name, want := range map[string]string{
			"taken/a.csv": "good 1", "taken/a-2.csv": "good 2", "taken/a-3.csv": "good 3",
			"refused/a-2.csv": "bad 1", "refused/a-3.csv": "bad 2", "refused/a.csv.why.txt": "old",
		} {
			if got := in.read(name); got != want {
				t.Errorf("%s holds %q, want %q", name, got, want)
			}
		}
	})
}

// A regular file in the place of taken/ and of refused/ makes every move fail, also for root.
func TestFileThatCannotBeMovedIsRemembered(t *testing.T) {
	for name, answer := range map[string]error{"taken": nil, "refused": wrong()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				in.desk.answer = func(Document) error { return answer }
				must(t, os.WriteFile(filepath.Join(in.dir, name), nil, 0o644))
				asked := []string{}
				want := func(times int, when string) {
					t.Helper()
					for len(asked) < times {
						asked = append(asked, "a.csv csv")
					}
					time.Sleep(11 * time.Minute)
					in.desk.wantAsked(t, asked...)
					if t.Failed() {
						t.Fatal(when)
					}
				}
				in.put("a.csv", "date,aqi\n")
				in.start(in.source())
				want(1, "the first time")
				in.stop()
				in.start(in.source())
				defer func() { in.stop() }()
				want(1, "after a restart")
				in.put("a.csv", "date,aqi\n")
				want(1, "touched, the same content")
				in.put("a.csv", "date,AQI\n")
				want(2, "of the same size, with other content")
				must(t, os.Remove(filepath.Join(in.dir, "a.csv")))
				want(2, "removed")
				in.put("a.csv", "date,AQI\n")
				want(3, "put there again")
			})
		})
	}
}

func TestOfferedAgainLater(t *testing.T) {
	for name, err := range map[string]error{
		"not ready":     refusal.New(refusal.NotReady, "watch.starting", nil),
		"rate limited":  refusal.New(refusal.RateLimited, "watch.starting", nil),
		"another error": errors.New("no answer in time"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				begin := time.Now()
				in.desk.answer = func(Document) error {
					if time.Since(begin) < time.Minute {
						return err
					}
					return nil
				}
				in.put("a.csv", "date,aqi\n")
				s := in.source()
				s.Schedule = "0 3 * * *" // the next look by the schedule is far away
				in.start(s)
				time.Sleep(50 * time.Second)
				if n, _, _ := in.desk.so(); n < 2 || n > 4 {
					t.Errorf("offered %d times in the first 50 s, want 2 to 4", n)
				}
				in.wantFiles("a.csv")
				time.Sleep(2 * time.Minute)
				in.stop()
				in.wantFiles("taken/a.csv")
			})
		})
	}
}

// When nothing will be taken now, the files behind the first keep their order and are not offered; another failure may
// be the file's own, and the others are.
func TestWhatIsAboutUsStopsTheLook(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want []string // first offered
	}{
		"not ready":     {refusal.New(refusal.NotReady, "watch.starting", nil), []string{"a.csv csv", "a.csv csv"}},
		"rate limited":  {refusal.New(refusal.RateLimited, "watch.starting", nil), []string{"a.csv csv", "a.csv csv"}},
		"another error": {errors.New("no answer in time"), []string{"a.csv csv", "b.csv csv"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox(t)
				in.desk.answer = func(Document) error { return tt.err }
				in.put("a.csv", "date,aqi\n")
				time.Sleep(time.Second)
				in.put("b.csv", "date,aqi\n")
				in.start(in.source())
				time.Sleep(time.Minute)
				in.stop()
				in.desk.mu.Lock()
				defer in.desk.mu.Unlock()
				if got := names(in.desk.asked); len(got) < 2 || !slices.Equal(got[:2], tt.want) {
					t.Errorf("offered %q, want first %q", got, tt.want)
				}
			})
		})
	}
}

// One bad document must keep neither the program nor what lies behind it from working.
func TestPanicOfTheHandlerHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		in.desk.answer = func(d Document) error {
			if d.Name == "a.csv" {
				panic("index out of range")
			}
			return nil
		}
		in.put("a.csv", "date,aqi\n")
		in.put("b.csv", "date,aqi\n")
		in.start(in.source())
		time.Sleep(time.Minute)
		in.put("c.csv", "date,aqi\n")
		time.Sleep(20 * time.Minute)
		in.stop()
		in.wantFiles("a.csv", "taken/b.csv", "taken/c.csv")
	})
}

func TestTooLargeFileIsRefusedUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		for name, size := range map[string]int64{"most.csv": maxSize, "more.csv": maxSize + 1} {
			in.put(name, "date,aqi\n")
			must(t, os.Truncate(filepath.Join(in.dir, name), size)) // sparse: the rest is NUL bytes
			in.touch(name, time.Now())
		}
		in.start(in.source())
		time.Sleep(aWhile)
		in.stop()
		in.desk.wantAsked(t)
		in.wantFiles("refused/more.csv", "refused/more.csv.why.txt", "refused/most.csv", "refused/most.csv.why.txt")
		if why := in.read("refused/more.csv.why.txt"); !strings.Contains(why, "16777217") {
			t.Errorf("the size is not named: %s", why)
		}
		if why := in.read("refused/most.csv.why.txt"); !strings.Contains(why, "NUL") {
			t.Errorf("a file of just the limit was not read: %s", why)
		}
	})
}

// A file too large to be read has no hash to be known by, and is known by its size and time alone.
func TestTooLargeFileThatCannotBeMovedIsRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		must(t, os.WriteFile(filepath.Join(in.dir, refusedDir), nil, 0o644))
		in.put("a.csv", "date,aqi\n")
		must(t, os.Truncate(filepath.Join(in.dir, "a.csv"), maxSize+1))
		in.start(in.source())
		time.Sleep(time.Hour)
		in.stop()
		if n := strings.Count(in.log.String(), "file refused"); n != 1 {
			t.Errorf("refused %d times, want once", n)
		}
	})
}

func TestMissingFolderIsLoggedOnceAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox(t)
		must(t, os.Remove(in.dir))
		in.start(in.source())
		time.Sleep(time.Hour)
		must(t, os.Mkdir(in.dir, 0o755))
		in.put("a.csv", "date,aqi\n")
		time.Sleep(10 * time.Minute)
		in.stop()
		in.wantFiles("taken/a.csv")
		if n := strings.Count(in.log.String(), "cannot be read"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, &in.log)
		}
	})
}
