package inspect

import (
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/compliance"
)

// handedIn has a file handed in by a recipient, or by staff.
func (s *state) handedIn(hash, media, recipient string) string {
	s.t.Helper()
	ev := &compliance.EvidenceAdded{Hash: "sha256:" + hash, Size: 1, Type: media, Recipient: recipient}
	if err := compliance.Apply(s.tx, nil, noon, "somebody", ev); err != nil {
		s.t.Fatal(err)
	}
	return ev.Hash
}

// task opens a task of somebody at a recipient.
func (s *state) task(recipient, warning, assignee string) string {
	evs := compliance.OpenTasks(s.tx, []compliance.Task{{Origin: compliance.ByHand, Recipient: recipient, Warning: warning,
		Due: noon.Add(time.Hour), Assignee: assignee}}, noon)
	s.apply("duty", noon, evs)
	return evs[0].(*compliance.TaskOpened).Task.ID
}

func (s *state) open() (all []*compliance.Task) {
	all, _, err := compliance.ListTasks(s.tx, compliance.TaskFilter{Undone: true}, "", 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// rectify is an inspection that asks for another after so many hours.
func rectify(recipient string, hours int) Inspection {
	in := found(recipient, Fail)
	due := noon.Add(time.Duration(hours) * time.Hour)
	in.Disposition, in.Due = Rectify, &due
	return in
}

// A correction that names another day moves the second visit, which whoever has it keeps.
func TestACorrectionMovesTheSecondVisit(t *testing.T) {
	s := newState(t)
	first := s.must("wang", rectify("E1", 6), noon)
	evs, _, err := compliance.DecideTask(s.tx, "duty", compliance.ChangeTask{ID: first.FollowUp, State: compliance.TaskTaken, Assignee: "li"})
	if err != nil {
		t.Fatal(err)
	}
	s.apply("duty", noon, evs)
	later := rectify("E1", 48)
	later.Corrects = first.ID
	second := s.must("wang", later, noon.Add(time.Hour))
	all := s.open()
	if len(all) != 1 || all[0].ID != second.FollowUp || !all[0].Due.Equal(*later.Due) || all[0].Day != "2016-12-19" ||
		all[0].Assignee != "li" || all[0].State != compliance.TaskTaken {
		t.Errorf("%+v", all)
	}
	same := rectify("E1", 48)
	same.Corrects = second.ID
	if third := s.must("wang", same, noon.Add(2*time.Hour)); third.FollowUp != second.FollowUp || len(s.open()) != 1 {
		t.Errorf("%+v after %+v", third, second)
	}
}

// Two inspections of one task ask for one second visit, and that one inspector takes it back does not end it.
func TestTwoInspectionsOfATaskAskForOneVisit(t *testing.T) {
	s := newState(t)
	task := s.task("E1", "", "wang")
	of := func(hours int) Inspection { in := rectify("E1", hours); in.Task = task; return in }
	first, second := s.must("wang", of(6), noon), s.must("li", of(8), noon)
	if first.FollowUp != second.FollowUp || len(s.open()) != 1 {
		t.Fatalf("%s and %s", first.FollowUp, second.FollowUp)
	}
	fine := found("E1", Pass)
	fine.Corrects = second.ID
	if third := s.must("li", fine, noon.Add(time.Hour)); third.FollowUp != "" || len(s.open()) != 1 {
		t.Errorf("%+v, open are %+v", third, s.open())
	}
	if sooner := s.must("zhao", of(2), noon); sooner.FollowUp == first.FollowUp {
		t.Error("a visit that is wanted sooner waits for the later one")
	}
}

// The files of what stands are kept as long as somebody goes there again, and of a case those of the answers as well.
func TestFilesOfWhatStandsAreKept(t *testing.T) {
	s := newState(t)
	first := s.must("wang", rectify("E1", 6), noon)
	corrected := rectify("E1", 6)
	corrected.Corrects, corrected.Evidence = first.ID, []string{s.handedIn("a", "image/jpeg", "")}
	s.must("wang", corrected, noon)
	held := map[string]bool{}
	if err := HoldEvidence(s.tx, held); err != nil || !held["sha256:a"] {
		t.Errorf("%v, %v", held, err)
	}
	crime := found("E2", Fail)
	crime.Disposition, crime.With = OpenCase, "li"
	opened := s.must("wang", crime, noon)
	evs, _, err := DecideReply(s.tx, Reply{ID: opened.ID, Recipient: "E2", Evidence: []string{s.handedIn("b", "image/png", "E2")}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	s.apply("E2", noon, evs)
	if err := HoldEvidence(s.tx, held); err != nil || !held["sha256:b"] {
		t.Errorf("%v, %v", held, err)
	}
}

// What is signed on the glass is a picture.
func TestASignatureIsAPicture(t *testing.T) {
	s := newState(t)
	in := found("E1", Pass)
	in.Signature = s.handedIn("a", "text/plain", "")
	if _, err := s.record("wang", in, noon); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("a text signs: %v", err)
	}
	in.Signature = s.handedIn("b", "image/png", "")
	s.must("wang", in, noon)
}

// A file that was handed in long ago is as young as the last inspection that names it.
func TestAFileIsNamedSince(t *testing.T) {
	s := newState(t)
	in := found("E1", Pass)
	in.Evidence = []string{s.handedIn("a", "application/pdf", "")}
	s.must("wang", in, noon)
	in.At = noon.AddDate(1, 0, 0)
	s.must("wang", in, in.At)
	for since, want := range map[time.Time]bool{noon: true, in.At: true, in.At.Add(time.Hour): false} {
		if got, err := NamedSince(s.tx, "sha256:a", since); got != want || err != nil {
			t.Errorf("since %s: %v, %v", since, got, err)
		}
	}
	if got, err := NamedSince(s.tx, "sha256:b", noon); got || err != nil {
		t.Errorf("of a file that none names: %v, %v", got, err)
	}
}
