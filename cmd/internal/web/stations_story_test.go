package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

const stationsPath = calls.Prefix + "/stations"

// registered registers a station and returns it as it is answered.
func (w *world) registered(body string) (s calls.Station) {
	w.t.Helper()
	w.must(http.StatusCreated, call{who: "admin", path: stationsPath, body: body}, &s)
	return s
}

// meter is a station that sends no frames.
func meter(mn, recipient string) string {
	return `{"mn":"` + mn + `","name":"总表","recipient_id":"` + recipient + `"}`
}

// row is a station as the record has it.
func (w *world) row(mn string) (st *telemetry.Station) {
	w.t.Helper()
	if err := w.svc.J.View(func(tx *bbolt.Tx) (err error) { st, err = telemetry.Get(tx, mn); return err }); err != nil {
		w.t.Fatal(err)
	}
	return st
}

// A station is registered, looked at, changed, retired and taken back; nothing of it repeats its password or key.
func TestAStationFromItsRegistrationOn(t *testing.T) {
	w := newWorld(t)
	const password, key, other = "pw-6f1c", "0123456789abcdef", "pw-77aa"
	w.shown = append(w.shown, password, key, other) // the log must not have them
	body := strings.Replace(exampleOf("POST /stations"), `"123456"`, `"`+password+`","sm4":"raw","sm4_key":"`+key+`"`, 1)
	body = strings.Replace(body, `"2017"`, `"2025"`, 1)
	first := w.registered(body)
	if first.Revision != 1 || first.Secret != calls.SecretSet || first.RecipientName != "示例企业E0001" || first.MinuteMin != 10 ||
		first.Outlets[0].Factors[0] != (calls.StationFactor{Code: "a19001"}) {
		t.Errorf("registered as %+v", first)
	}
	height := w.svc.J.Height()
	if again := w.registered(body); again.Revision != 1 || w.svc.J.Height() != height {
		t.Errorf("the same again wrote a block: %+v", again)
	}
	w.refused(http.StatusConflict, "conflict",
		call{who: "admin", path: stationsPath, body: strings.Replace(body, password, other, 1)})

	at := stationsPath + "/" + stationMN
	var changed calls.Station
	w.must(http.StatusOK, call{who: "admin", path: at, body: `{"revision":1,"name":"新名","password":"` + other + `"}`}, &changed)
	if changed.Revision != 2 || changed.Name != "新名" || len(changed.Outlets) != 1 || changed.SM4 != "raw" {
		t.Errorf("changed to %+v", changed)
	}
	if got, sm4, err := w.svc.StationSecrets(w.row(stationMN)); err != nil || got != other || string(sm4) != key {
		t.Errorf("the password is %q and the key %q, %v: one is to be changed and the other to stay", got, sm4, err)
	}
	w.refused(http.StatusConflict, "stale_revision", call{who: "admin", path: at, body: `{"revision":1,"name":"又一名"}`})

	var detail calls.StationDetail
	seen := w.must(http.StatusOK, call{who: "E0001", path: at}, &detail).body +
		w.must(http.StatusOK, call{who: "viewer", path: stationsPath}, nil).body
	for _, secret := range []string{password, key, other, w.row(stationMN).Secret.Ref, w.row(stationMN).Secret.Digest} {
		if strings.Contains(seen, secret) {
			t.Errorf("an answer holds %q", secret)
		}
	}
	if detail.AddedBy != "" || detail.Revision != 2 {
		t.Errorf("an enterprise sees %+v", detail.Station)
	}

	w.must(http.StatusOK, call{who: "admin", path: at + "/retire", body: `{"revision":2}`}, nil)
	w.refused(http.StatusConflict, "transition_refused", call{who: "admin", path: at, body: `{"revision":3,"name":"x"}`})
	var back calls.Station
	w.must(http.StatusOK, call{who: "admin", path: at + "/reinstate", body: `{"revision":3}`}, &back)
	if back.Revision != 4 || back.Retired {
		t.Errorf("back as %+v", back)
	}
	w.secretsOnlyInTheVault(password, key, other)
}

// secretsOnlyInTheVault fails where a block of the record holds one of the texts.
func (w *world) secretsOnlyInTheVault(secrets ...string) {
	w.t.Helper()
	err := w.svc.J.View(func(tx *bbolt.Tx) error {
		for n := uint64(1); n <= w.svc.J.Height(); n++ {
			for _, s := range secrets {
				if strings.Contains(string(journal.ReadBlock(tx, n)), s) {
					w.t.Errorf("block %d holds %q", n, s)
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A request that comes again under its key is answered as the first; another one under it is refused.
func TestRegisteringAgainUnderItsKey(t *testing.T) {
	w := newWorld(t)
	c := example("admin", "POST /stations")
	c.header = map[string]string{"Idempotency-Key": "one"}
	w.must(http.StatusCreated, c, nil)
	height := w.svc.J.Height()
	w.must(http.StatusCreated, c, nil)
	if w.svc.J.Height() != height {
		t.Error("the repeat wrote a block")
	}
	c.body = strings.Replace(c.body, "123456", "654321", 1)
	w.refused(http.StatusConflict, "conflict", c)
}

// What is wrong with secrets is said at their place, and does not repeat them.
func TestSecretsOfAStationFitItsFrames(t *testing.T) {
	w := newWorld(t)
	body := exampleOf("POST /stations")
	with := func(more string) string { return strings.Replace(body, `"123456"`, more, 1) }
	for _, c := range []struct{ body, path string }{
		{with(`""`), "password"},
		{with(`"a;b"`), "password"},
		{with(`"123456","sm4":"raw"`), "sm4_key"},
		{with(`"123456","sm4_key":"0123456789abcdef"`), "sm4_key"},
		{with(`"123456","sm4":"raw","sm4_key":"0123456789abcdef"`), "sm4"}, // of 2017
		{with(`"123456","sm4":"raw","sm4_key":"short-secret"`), "sm4_key"},
		{strings.Replace(meter("DB1", "E0001"), "{", `{"password":"123456",`, 1), "password"},
		{strings.Replace(body, `"a19001"`, `{"code":"a19001","unit":"mg/m3"}`, 1), "outlets[0].factors[0].unit"},
		{strings.Replace(body, `"a19001"`, `{"code":"a19001","units":"%"}`, 1), "outlets[0].factors[0].units"},
		{strings.Replace(body, `E0001`, `E9999`, 1), "recipient_id"},
	} {
		r := w.do(call{who: "admin", path: stationsPath, body: c.body})
		var p problem
		if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.StatusCode != http.StatusUnprocessableEntity &&
			r.StatusCode != http.StatusBadRequest || len(p.Errors) != 1 || p.Errors[0].Path != c.path ||
			strings.Contains(r.body, "short-secret") {
			t.Errorf("%s: %d %s, want a refusal at %s", c.body, r.StatusCode, r.body, c.path)
		}
	}
}

// Who sees which stations: an enterprise its own, a town those of recipients in it, everybody else all, page by page.
func TestWhoSeesWhichStations(t *testing.T) {
	w := newWorld(t)
	for mn, recipient := range map[string]string{"A1": "E0001", "A2": "E0002", "B1": "E0001", "B3": "E0003", "C2": "E0002"} {
		w.registered(meter(mn, recipient))
	}
	w.must(http.StatusOK, call{who: "admin", path: stationsPath + "/B1/retire", body: `{"revision":1}`}, nil)
	for _, c := range []struct{ who, query, want string }{
		{"viewer", "", "A1 A2 B1 B3 C2"}, {"admin", "?limit=2", "A1 A2 B1 B3 C2"}, {"E0001", "", "A1 B1"},
		{"E0001", "?recipient=E0002", ""}, {"E0002", "?limit=1", "A2 C2"}, {"town", "", "A1 B1 B3"},
		{"town", "?recipient=E0002", ""}, {"town", "?recipient=E0003", "B3"}, {"duty", "?recipient=E0002", "A2 C2"},
		{"duty", "?retired=true", "B1"}, {"duty", "?retired=false&q=b", "B3"}, {"duty", "?q=E0002", "A2 C2"},
		{"inspector", "?q=总表", "A1 A2 B1 B3 C2"},
	} {
		var got []string
		for _, s := range list[calls.Station](w, c.who, stationsPath+c.query).Items {
			got = append(got, s.MN)
		}
		if c.query == "?limit=2" || c.query == "?limit=1" {
			got = nil
			for cursor := ""; ; {
				page := list[calls.Station](w, c.who, stationsPath+c.query+"&cursor="+cursor)
				for _, s := range page.Items {
					got = append(got, s.MN)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s%s: %v, want %s", c.who, c.query, got, c.want)
		}
	}
	for who, status := range map[string]int{"E0001": http.StatusOK, "E0002": http.StatusNotFound, "town": http.StatusOK,
		"viewer": http.StatusOK} {
		w.must(status, call{who: who, path: stationsPath + "/A1"}, nil)
	}
}

// What a login over NATS may report for follows the register, and whom an act concerns logs in again.
func TestReportingRightsFollowTheRegister(t *testing.T) {
	w := newWorld(t)
	var kicked []string
	w.svc.Kick = func(user string) { kicked = append(kicked, user) }
	for _, step := range []struct{ path, body, kicked, first, second string }{
		{"", meter("A1", "E0001"), "E0001", "A1", ""},
		{"", meter("B1", "E0001"), "E0001", "A1 B1", ""},
		{"/A1", `{"revision":1,"name":"改名"}`, "", "A1 B1", ""},
		{"/A1", `{"revision":2,"recipient_id":"E0002"}`, "E0001 E0002", "B1", "A1"},
		{"/B1/retire", `{"revision":1}`, "E0001", "", "A1"},
		{"/B1/reinstate", `{"revision":2}`, "E0001", "B1", "A1"},
	} {
		kicked = nil
		if r := w.do(call{who: "admin", path: stationsPath + step.path, body: step.body}); r.StatusCode >= 300 {
			t.Fatalf("%s %s: %s", step.path, step.body, r.body)
		}
		if got := strings.Join(kicked, " "); got != step.kicked {
			t.Errorf("%s %s: %q log in again, want %q", step.path, step.body, got, step.kicked)
		}
		for recipient, want := range map[string]string{"E0001": step.first, "E0002": step.second} {
			if got, err := w.svc.ReportsFor(recipient); err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s %s: %s reports for %v, want %s (%v)", step.path, step.body, recipient, got, want, err)
			}
		}
	}
}

// A station whose recipient leaves the list stays and is shown as that; what the list in force expects of it follows.
func TestAStationOutlivesItsRecipientsPlaceInTheList(t *testing.T) {
	w := newWorld(t)
	w.registered(exampleOf("POST /stations"))
	criterion, err := reductionlist.ParseCriterion("hour_mass_at_most 30 kg/h")
	if err != nil {
		t.Fatal(err)
	}
	monitored := fixture()
	monitored.EffectiveFrom = "2016-12-15"
	monitored.Recipients[0].Measures[0].Monitors = []reductionlist.Monitor{
		{Source: reductionlist.CEMS, Ref: stationMN, Factor: "a21026", Criterion: criterion},
		{Source: reductionlist.CEMS, Ref: stationMN, Factor: "a21002", Criterion: criterion},
		{Source: reductionlist.CEMS, Ref: "another", Factor: "a21002", Criterion: criterion},
		{Source: reductionlist.Video, Ref: "SP1"}}
	w.importList(monitored)
	var d calls.StationDetail
	w.must(http.StatusOK, call{who: "duty", path: stationsPath + "/" + stationMN}, &d)
	want := []calls.ExpectedPoint{
		{Point: stationMN + ".a21026", MeasureID: "M1", Levels: []alerts.Level{alerts.Yellow}, Source: reductionlist.CEMS,
			Criterion: criterion, Known: true},
		{Point: stationMN + ".a21002", MeasureID: "M1", Levels: []alerts.Level{alerts.Yellow}, Source: reductionlist.CEMS,
			Criterion: criterion}}
	if !slices.EqualFunc(d.Expected, want, func(a, b calls.ExpectedPoint) bool {
		return a.Point == b.Point && a.MeasureID == b.MeasureID && slices.Equal(a.Levels, b.Levels) && a.Source == b.Source &&
			a.Criterion == b.Criterion && a.Known == b.Known
	}) {
		t.Errorf("expected are %+v, want %+v", d.Expected, want)
	}

	gone := fixture()
	gone.EffectiveFrom = "2016-12-16"
	gone.Recipients = gone.Recipients[1:]
	w.importList(gone)
	for _, who := range []string{"duty", "E0001"} {
		w.must(http.StatusOK, call{who: who, path: stationsPath + "/" + stationMN}, &d)
		if d.Listed || d.RecipientName != "" || d.RecipientID != "E0001" || len(d.Expected) != 0 {
			t.Errorf("%s sees %+v of a recipient that left", who, d)
		}
	}
	w.must(http.StatusNotFound, call{who: "town", path: stationsPath + "/" + stationMN}, nil)
	w.must(http.StatusOK, call{who: "admin", path: stationsPath + "/" + stationMN, body: `{"revision":1,"name":"留存"}`}, nil)
	w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "admin", path: stationsPath, body: meter("A1", "E0001")})
}

// Erased secrets let nobody in and say so; others take their place.
func TestErasedSecretsOfAStation(t *testing.T) {
	w := newWorld(t)
	w.registered(exampleOf("POST /stations"))
	st := w.row(stationMN)
	w.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/personal-data/erasures",
		body: `{"ref":"` + st.Secret.Ref + `","reason":"口令外泄"}`}, nil)
	var d calls.StationDetail
	w.must(http.StatusOK, call{who: "viewer", path: stationsPath + "/" + stationMN}, &d)
	if _, _, err := w.svc.StationSecrets(st); !errors.Is(err, service.ErrSecretsErased) || d.Secret != calls.SecretErased {
		t.Errorf("%v, shown as %s", err, d.Secret)
	}
	var changed calls.Station
	w.must(http.StatusOK, call{who: "admin", path: stationsPath + "/" + stationMN, body: `{"revision":1,"password":"123456"}`},
		&changed)
	if changed.Secret != calls.SecretSet {
		t.Errorf("after another password: %+v", changed)
	}
}

// A station that sends frames no more leaves what was said of them; one that begins to says it.
func TestAStationChangesHowItReports(t *testing.T) {
	w := newWorld(t)
	w.registered(exampleOf("POST /stations"))
	var s calls.Station
	at := stationsPath + "/" + stationMN
	w.must(http.StatusOK, call{who: "admin", path: at, body: `{"revision":1,"st":""}`}, &s)
	if s.Version != "" || s.Secret != calls.SecretNone || len(s.Tolerate) != 0 || s.MinuteMin != 0 || len(s.Outlets) != 1 {
		t.Errorf("without frames it is %+v", s)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "admin", path: at, body: `{"revision":2,"st":"31","version":"2017"}`})
	w.must(http.StatusOK, call{who: "admin", path: at,
		body: `{"revision":2,"st":"31","version":"2005","password":"1","tolerate":["crc_in_length"]}`}, &s)
	if s.Version != "2005" || s.SampleS != 60 || s.Secret != calls.SecretSet || len(s.Tolerate) != 1 {
		t.Errorf("with frames again it is %+v", s)
	}
}
