package warnings

import (
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
)

// A notice says from when the air is bad, which is not when the response begins where that is on the evening before.
func TestTheNoticeTellsWhenThePollutionBegins(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02T15", s, alerts.Shanghai())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ now, starts, want string }{
		{"2016-12-16T17", "2016-12-16T20", "西青区 12月17日0时至12月19日24时将出现重污染天气过程。经研究，决定自12月16日20时起启动"},
		{"2016-12-16T21", "2016-12-16T21", "西青区 12月17日0时至12月19日24时将出现重污染天气过程。经研究，决定自12月16日21时起启动"},
		{"2016-12-16T17", "2016-12-17T00", "西青区 12月17日0时至12月19日24时将出现重污染天气过程。经研究，决定自12月17日0时起启动"},
		{"2016-12-18T09", "2016-12-18T09", "西青区 12月18日9时至12月19日24时将出现重污染天气过程。经研究，决定自12月18日9时起启动"},
	} {
		end := at("2016-12-20T00")
		p := &alerts.Proposal{Kind: alerts.KindStart, Level: alerts.Orange, StartsAt: at(c.starts), EndsAt: &end}
		p.Trace.Clauses = []alerts.ClauseTrace{{Level: alerts.Orange, Met: true,
			Windows: []alerts.Window{{From: at("2016-12-17T00"), To: end}}},
			{Level: alerts.Yellow, Met: true, Windows: []alerts.Window{{From: at("2016-12-14T00"), To: at("2016-12-15T00")},
				{From: at("2016-12-17T00"), To: end}}}}
		if got := noticeOf(p, at(c.now), "西青区"); !strings.Contains(got, c.want) {
			t.Errorf("at %s: %s", c.now, got)
		}
	}
}
