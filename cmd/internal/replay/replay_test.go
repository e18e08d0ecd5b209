package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/settings"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// replayed plays an episode with the criteria of that name, or those valid on each day.
func replayed(t *testing.T, text []byte, criteria string) *Outcome {
	t.Helper()
	cfg := config.Default()
	cfg.Criteria.Use = criteria
	set, err := settings.Of(cfg)
	if err != nil {
		t.Fatal(err)
	}
	days, err := alerts.ReadDailyCSV(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom, l.EffectiveTo = string(days[0].Date), "" // today's list, as if it had been in force then
	got, err := Play(t.Context(), Options{Days: days, Horizon: 5, List: l, Set: set,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Days) != len(days) {
		t.Fatalf("%d rows for %d days", len(got.Days), len(days))
	}
	for _, says := range []string{"完全预知", "perfect foresight"} {
		if !strings.Contains(got.Summary.Foresight, says) {
			t.Errorf("the summary does not say %q: %q", says, got.Summary.Foresight)
		}
	}
	return got
}

// Tianjin's red warning of December 2016, as the criteria of today would have led to it.
func TestReplayOfDecember2016(t *testing.T) {
	text, err := seeds.Episode("tianjin-2016-12")
	if err != nil {
		t.Fatal(err)
	}
	got := replayed(t, text, alerts.CriteriaNational2024)
	const id = "W20161213-01"
	// Orders go out with the announcement, and again to those for whom red asks for more than orange.
	first, stricter := 0, 0
	list, err := seeds.Demo(64)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Recipients {
		if len(reductionlist.MeasuresAt(r, alerts.Orange)) > 0 {
			first++
		}
		if !reflect.DeepEqual(reductionlist.MeasuresAt(r, alerts.Orange), reductionlist.MeasuresAt(r, alerts.Red)) {
			stricter++
		}
	}
	orange, all := Orders{first, first}, Orders{first + stricter, first + stricter}
	if first == 0 || stricter == 0 || first != got.Summary.Recipients {
		t.Fatalf("%d orders at orange, %d more at red, %d recipients", first, stricter, got.Summary.Recipients)
	}
	start, upgrade := &Change{alerts.KindStart, alerts.Orange}, &Change{alerts.KindUpgrade, alerts.Red}
	state := func(level alerts.Level, state alerts.State) *State { return &State{id, level, state} }
	active := func(date string, aqi int) Day {
		return Day{date, &aqi, nil, state(alerts.Red, alerts.Active), all}
	}
	want := []Day{
		{"2016-12-13", new(90), start, state(alerts.Orange, alerts.Scheduled), orange},
		{"2016-12-14", new(82), upgrade, state(alerts.Red, alerts.Scheduled), all},
		{"2016-12-15", new(79), nil, state(alerts.Red, alerts.Scheduled), all},
		active("2016-12-16", 155), active("2016-12-17", 238), active("2016-12-18", 340),
		active("2016-12-19", 293), active("2016-12-20", 292),
		{"2016-12-21", new(313), &Change{alerts.KindLift, alerts.None}, state(alerts.Red, alerts.Active), all},
		{"2016-12-22", new(134), nil, state(alerts.Red, alerts.Lifted), all}, // its timer ended it at 00:00
	}
	rows := got.Days[12:22]
	for i, row := range rows {
		if !reflect.DeepEqual(row, want[i]) {
			t.Errorf("row %s, want %s", encoded(t, row), encoded(t, want[i]))
		}
	}
	at := func(day, hour int) *time.Time {
		v := time.Date(2016, 12, day, hour, 0, 0, 0, alerts.Shanghai())
		return &v
	}
	warnings := []Warning{
		{"W20161201-01", alerts.Orange, *at(2, 0), at(8, 0)},
		{"W20161208-01", alerts.Orange, *at(11, 0), at(13, 0)},
		{id, alerts.Red, *at(16, 0), at(22, 0)},
		{"W20161225-01", alerts.Orange, *at(30, 0), nil},
	}
	if have, want := encoded(t, got.Warnings), encoded(t, warnings); have != want {
		t.Errorf("warnings %s\nwant %s", have, want)
	}
	consistent(t, got)
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// consistent asserts what is true of every replay: warnings follow one another, each active one has orders and all of
// them are acknowledged, and the summary counts what the rows and the list of warnings say.
func consistent(t *testing.T, got *Outcome) {
	t.Helper()
	for i, w := range got.Warnings {
		if i > 0 {
			if before := got.Warnings[i-1]; before.EndsAt == nil || before.EndsAt.After(w.StartsAt) {
				t.Errorf("%s begins at %s, before %s has ended", w.ID, w.StartsAt, before.ID)
			}
		}
	}
	sum := got.Summary
	days, proposals, last, byLevel := 0, 0, map[string]Orders{}, map[string]int{}
	for _, d := range got.Days {
		if d.Proposal != nil {
			proposals++
		}
		if d.Warning == nil {
			continue
		}
		last[d.Warning.ID] = d.Orders
		if d.Warning.State != alerts.Active {
			continue
		}
		days++
		if d.Orders.Issued < sum.Recipients || d.Orders.Acknowledged != d.Orders.Issued {
			t.Errorf("%s: %s is active with orders %+v to %d recipients", d.Date, d.Warning.ID, d.Orders, sum.Recipients)
		}
	}
	orders := Orders{}
	for _, n := range last {
		orders.Issued, orders.Acknowledged = orders.Issued+n.Issued, orders.Acknowledged+n.Acknowledged
	}
	for _, w := range got.Warnings {
		byLevel[string(w.LevelMax)]++
	}
	if sum.WarningDays != days || sum.Proposals < proposals || sum.Warnings != len(got.Warnings) ||
		!maps.Equal(sum.ByLevel, byLevel) ||
		sum.Orders != sum.Acknowledged || sum.Orders < orders.Issued || days == 0 {
		t.Errorf("summary %+v; counted %d days, %d proposals, %v, %+v", sum, days, proposals, byLevel, orders)
	}
}

// A whole measured year, where it lies beside the sources.
func TestReplayOfAYear(t *testing.T) {
	text, err := os.ReadFile("../../../../shared/data/episodes/tianjin-daily-2016.csv")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("left out: the measured year does not lie beside the sources")
	}
	if err != nil {
		t.Fatal(err)
	}
	got := replayed(t, text, alerts.CriteriaNational2024)
	if len(got.Days) != 366 {
		t.Errorf("%d days of 2016", len(got.Days))
	}
	consistent(t, got)
}

// Days whose concentrations say less than their index raise no warning in a replay either, neither by what is forecast
// nor by what was measured, and it names them.
func TestReplayCountsPM25WhereTheIndexDisagrees(t *testing.T) {
	got := replayed(t, []byte("date,aqi,pm25\n2024-01-08,60,43\n2024-01-09,60,43\n2024-01-10,350,100\n2024-01-11,310,100\n2024-01-12,320,100\n2024-01-13,60,43\n2024-01-14,60,43\n"), alerts.CriteriaNational2024)
	if got.Summary.Proposals != 0 || len(got.Remarks) != 3 {
		t.Errorf("%d proposals, remarks %+v", got.Summary.Proposals, got.Remarks)
	}
	for _, v := range got.Remarks {
		if v.CountedAQI == nil || *v.CountedAQI != 132 || v.Why != "aqi_mismatch" {
			t.Errorf("%s: %+v", v.Date, v)
		}
	}
}
