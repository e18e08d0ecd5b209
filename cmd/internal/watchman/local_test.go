package watchman

import (
	"errors"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/watch"
)

func TestLocalFindings(t *testing.T) {
	is(t, "a store that is written", localFinding(local.Status{File: "d/local.db", Busy: time.Second}), watch.OK,
		"", false)
	is(t, "a full disk", localFinding(local.Status{File: "d/local.db", Trouble: errors.New("no space"),
		Since: time.Now()}), watch.Failed, "watch.local_unwritten", false)
	is(t, "a disk that takes nothing", localFinding(local.Status{File: "d/local.db", Busy: time.Minute}), watch.Failed,
		"watch.local_stuck", false)
	lost := local.Status{File: "d/local.db",
		Aside: []local.Aside{{File: "d/local.db.damaged-1"}, {File: "d/local.db.damaged-2"}}}
	lost.Lost = []string{"watch.channel_mute"}
	f := localFinding(lost)
	is(t, "a file that was damaged", f, watch.Degraded, "watch.local_lost", false)
	if zh, en := f.Why.Detail("zh-CN"), f.Why.Detail("en"); !strings.Contains(zh, "丢失的是没有应答") ||
		!strings.Contains(en, "no answer") || !strings.Contains(en, "damaged-2") {
		t.Errorf("%s / %s", zh, en)
	}
}
