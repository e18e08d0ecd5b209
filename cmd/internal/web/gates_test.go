package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
)

// Of a gate's period the larger holds of what it counted and of the vehicles that it told of: two of one moment are two,
// and a count is not lost to one vehicle of its minute.
func TestVehiclesOfAGate(t *testing.T) {
	w := instrumented(t)
	for _, body := range []string{
		`"passes":[{"at":"2016-12-16T15:00:01+08:00","plate":"津A11111"},{"at":"2016-12-16T15:00:01+08:00","plate":"津A22222"}]`,
		`"unit":"辆次","step":"1m","readings":[{"at":"2016-12-16T15:10:00+08:00","value":5}]`,
		`"passes":[{"at":"2016-12-16T15:10:30+08:00","plate":"津A33333"}]`,
		`"passes":[{"at":"2016-12-16T15:20:10+08:00","plate":"津A44444"}]`, // vehicle by vehicle
		`"passes":[{"at":"2016-12-16T15:20:20+08:00","plate":"津A55555"}]`,
		`"passes":[{"at":"2016-12-16T15:20:30+08:00","plate":"津A66666"}]`,
		`"unit":"辆次","step":"1h","readings":[{"at":"2016-12-16T14:00:00+08:00","value":7}]`,
		`"passes":[{"at":"2016-12-16T14:30:00+08:00","plate":"津A77777"}]`,
	} {
		w.must(http.StatusCreated, call{who: "E0001", path: apiTelemetry, body: `{"point":"东门",` + body + `}`}, nil)
	}
	for step, want := range map[string]string{
		calls.StepMinute: "[14:30=1 15:00=2 15:10=5 15:20=3]", calls.StepHour: "[14:00=7 15:00=10]", calls.StepDay: "[00:00=17]"} {
		var got string
		w.series("viewer", "东门", "from=2016-12-16&step="+step, func(s calls.Series) bool {
			var all []string
			for _, i := range s.Items {
				all = append(all, fmt.Sprintf("%s=%g", i.At.Format("15:04"), *i.Value))
			}
			got = fmt.Sprint(all)
			return len(all) == strings.Count(want, "=")
		})
		if got != want {
			t.Errorf("%s: %s, want %s", step, got, want)
		}
	}
}

// An export says nothing is missing of a period that is not over, of samples, and of a gate that had no vehicle.
func TestAnExportOfWhatMayBeWhole(t *testing.T) {
	w := instrumented(t)
	at := w.clock.Now()
	post := func(body string) {
		w.must(http.StatusCreated, call{who: "E0001", path: apiTelemetry, body: body}, nil)
	}
	post(fmt.Sprintf(`{"point":"DB0001","unit":"kW","step":"1h","readings":[{"at":%q,"value":7}]}`,
		at.Add(-time.Hour).Truncate(time.Hour).Format(time.RFC3339)))
	post(fmt.Sprintf(`{"point":"东门","passes":[{"at":%q,"plate":"津A11111"}]}`, at.Add(-3*time.Hour).Format(time.RFC3339)))
	w.series("viewer", "DB0001", "", func(s calls.Series) bool { return len(s.Items) == 1 })
	w.series("viewer", "东门", "", func(s calls.Series) bool { return len(s.Items) == 1 })
	from := url.QueryEscape(at.Add(-4 * time.Hour).Truncate(time.Hour).Format(time.RFC3339))
	for _, c := range []struct {
		point, step   string
		rows, missing int
	}{
		{"DB0001", calls.StepHour, 4, 3},
		{"DB0001", calls.StepSample, 0, 0},
		{"东门", calls.StepHour, 1, 0},
	} {
		r := w.must(http.StatusOK, call{who: "E0001", path: apiTelemetry + "/" + url.PathEscape(c.point) + "/export?step=" + c.step +
			"&from=" + from}, nil)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(r.body, "\ufeff"))).ReadAll()
		if n := strings.Count(r.body, "缺数"); err != nil || len(rows)-1 != c.rows || n != c.missing {
			t.Errorf("%s by %s: %d rows, %d missing, %v: %s", c.point, c.step, len(rows)-1, n, err, r.body)
		}
	}
}
