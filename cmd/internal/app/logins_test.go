package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"qingkong/cmd/internal/logins"
)

// Whoever comes in or is refused, over HTTP, at the desk or over NATS, leaves a line with the address and is counted;
// what was typed where a name belongs stands nowhere.
func TestLoginsLeaveATrace(t *testing.T) {
	log := &lines{}
	d := newDistrictOf(t, Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	duty, plant := d.account("duty", "duty", ""), d.credentials("E0001")
	const typed = "typed-where-the-name-belongs"
	desk := func(user, password string) {
		t.Helper()
		c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r := d.request("POST", "/login", "", url.Values{"user": {user}, "password": {password}}.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		d.ask(c, r)
	}
	d.signIn(d.browser(), "duty", duty.Password)
	d.signIn(d.browser(), "duty", "wrong")
	d.signIn(d.browser(), typed, "wrong")
	desk("duty", duty.Password)
	desk("duty", "wrong")
	d.connect("E0001", plant.Password)
	for user, secret := range map[string]string{"E0001": "wrong", typed: "wrong"} {
		if _, err := d.dial(user, secret); err == nil {
			t.Errorf("NATS lets %s in", user)
		}
	}
	d.callWith(duty.Token+"x", "GET", "/me", "", nil)
	draft, err := d.app.svc.FactorDraft("duty", "")
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(draft.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	enrol := fmt.Sprintf(`{"current":%q,"secret":%q,"otp":%q}`, duty.Password, draft.Secret, code)
	if status := d.callWith(duty.Token, "POST", "/me/factor", enrol, nil); status != http.StatusOK {
		t.Fatalf("a factor is enrolled with %d", status)
	}
	wrong := "000000"
	for at := -3; at <= 3; at++ { // whatever step it is by then
		if right, _ := totp.GenerateCode(draft.Secret, time.Now().Add(time.Duration(at)*30*time.Second)); right == wrong {
			wrong = "111111"
		}
	}
	d.callWith(duty.Token, "POST", "/warnings",
		`{"level":"orange","trigger":"city_order","document_no":"1","issued_by":"市指挥部","otp":"`+wrong+`"}`, nil)
	_, metrics := fetch(t, d.app, "/metrics")
	stop(t, d.app)

	want := map[string]bool{"login http done duty": true, "login http wrong duty": true, "login http wrong -": true,
		"login desk done duty":  true,
		"login desk wrong duty": true, "login nats done E0001": true, "login nats wrong E0001": true,
		"login nats wrong -": true, "token http wrong duty": true,
		"code http wrong duty": true}
	for _, name := range []string{logins.File, logins.FailedFile} {
		text, err := os.ReadFile(filepath.Join(d.cfg.Data, name))
		if err != nil {
			t.Error(err)
		}
		for line := range bytes.Lines(text) {
			var m struct{ Msg, Way, Outcome, User, Address string }
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			if m.User == "" {
				m.User = "-"
			}
			if m.Address != "127.0.0.1" && m.Msg != string(logins.Code) { // a code comes with an act

				t.Errorf("no address in %s", line)
			}
			delete(want, fmt.Sprint(m.Msg, " ", m.Way, " ", m.Outcome, " ", m.User))
		}
	}
	if len(want) > 0 {
		t.Errorf("no line of %v", want)
	}
	for _, counter := range []string{`{outcome="wrong",way="http",what="login"} 2`,
		`{outcome="done",way="desk",what="login"} 1`, `{outcome="done",way="nats",what="login"} 1`,
		`{outcome="wrong",way="nats",what="login"} `, `{outcome="wrong",way="http",what="token"} 1`} {
		if !strings.Contains(metrics, "qingkong_logins_total"+counter) {
			t.Errorf("/metrics has no qingkong_logins_total%s", counter)
		}
	}
	err = filepath.WalkDir(d.cfg.Data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(typed)) {
			t.Errorf("%s holds what was typed where the name belongs", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, typed) {
			t.Errorf("the program's log holds it: %s", line)
		}
	}
}

// A burst of failed logins is said by a check, with where it comes from, to those who are signed in.
func TestABurstOfFailedLoginsIsAnAlarm(t *testing.T) {
	d := newDistrict(t)
	duty := d.account("duty", "duty", "")
	for range 100 {
		d.signIn(http.DefaultClient, "duty", "wrong")
	}
	d.app.watchman.Look(t.Context())
	_, whole := d.ask(http.DefaultClient, d.request("GET", "/readyz", duty.Token, ""))
	_, part := d.ask(http.DefaultClient, d.request("GET", "/readyz", "", ""))
	if !strings.Contains(whole, `"name":"logins","state":"degraded"`) || !strings.Contains(whole, "127.0.0.1") ||
		!strings.Contains(whole, "duty") {
		t.Errorf("/readyz: %s", whole)
	}
	if !strings.Contains(part, `"name":"logins","state":"degraded"`) || strings.Contains(part, "127.0.0.1") {
		t.Errorf("/readyz for everybody: %s", part)
	}
}
