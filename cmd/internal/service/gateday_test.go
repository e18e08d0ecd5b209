package service

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify/compliance"
)

// tasksOf is a state with tasks.
func tasksOf(t *testing.T, tasks ...compliance.Task) *bbolt.Tx {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "state.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = tx.Rollback(), db.Close() })
	for _, name := range compliance.Buckets() {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2016, 12, 17, 9, 0, 0, 0, alerts.Shanghai())
	for _, ev := range compliance.OpenTasks(tx, tasks, now) {
		if err := compliance.Apply(tx, nil, now, "system", ev); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

// On a day on which everybody's instruments are silent an inspector still takes along what is his, first of all.
func TestOwnTasksAreTakenAlongBeforeOthers(t *testing.T) {
	due := time.Date(2016, 12, 18, 18, 0, 0, 0, alerts.Shanghai())
	tasks := []compliance.Task{{Recipient: "E1", Due: due, Assignee: "wang"}, {Recipient: "E2", Due: due, Assignee: "li", With: "wang"}}
	for i := range compliance.MaxPage + 1 {
		tasks = append(tasks, compliance.Task{Recipient: fmt.Sprintf("E%d", 10+i), Due: due})
	}
	got, err := dayTasks(tasksOf(t, tasks...), "wang", "2016-12-18", alerts.Date("2016-12-18").End())
	if err != nil || len(got) != mostDayTasks {
		t.Fatal(len(got), err)
	}
	for i, id := range []string{"E2", "E1"} {
		if got[i].Recipient != id {
			t.Errorf("task %d is at %s, want %s", i+1, got[i].Recipient, id)
		}
	}
}

// What nobody did on its day stays to be done.
func TestWhatNobodyDidOnItsDayIsTakenAlong(t *testing.T) {
	at := func(day string) time.Time { return alerts.Date(day).Start().Add(18 * time.Hour) }
	tx := tasksOf(t,
		compliance.Task{Recipient: "yesterday's", Day: "2016-12-17", Due: at("2016-12-17")},
		compliance.Task{Recipient: "today's", Day: "2016-12-18", Due: at("2016-12-18")},
		compliance.Task{Recipient: "tomorrow's", Day: "2016-12-19", Due: at("2016-12-19")},
		compliance.Task{Recipient: "any day's", Due: at("2016-12-17")},
		compliance.Task{Recipient: "li's", Day: "2016-12-17", Due: at("2016-12-17"), Assignee: "li"},
		compliance.Task{Recipient: "the desk's", Due: at("2016-12-17"), Desk: true})
	got, err := dayTasks(tx, "wang", "2016-12-18", alerts.Date("2016-12-18").End())
	if err != nil {
		t.Fatal(err)
	}
	var taken []string
	for _, task := range got {
		taken = append(taken, task.Recipient)
	}
	if fmt.Sprint(taken) != "[any day's today's yesterday's]" {
		t.Error(taken)
	}
}
