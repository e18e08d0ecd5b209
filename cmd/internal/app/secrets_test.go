package app

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/nats-io/nats.go"
)

// A machine-made password serves over NATS until its owner chooses another. That is for the browser alone, whatever
// else is right; programs go on with a token, and the log says why one that tries the password is refused.
func TestAChosenPasswordIsForTheBrowserAlone(t *testing.T) {
	const own = "楼下那只黑猫总在晒太阳呢"
	log := &lines{}
	d := newDistrictOf(t, Options{Log: logTo(log)})
	first := d.account("feeder", "feeder", "")
	open := d.connect("feeder", first.Password)
	d.connect("feeder", first.Token) // a token may be given whole
	bare := first.Token[strings.LastIndexByte(first.Token, '.')+1:]

	// of the district that is configured
	for _, easy := range []string{"Xiqing@20262026", "120111@2026!!", "西青区2026西青区口令"} {
		if status := d.call("feeder", "POST", "/me/password", `{"current":"`+first.Password+`","password":"`+easy+`"}`,
			nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%q: status %d", easy, status)
		}
	}
	if status := d.call("feeder", "POST", "/me/password", `{"current":"`+first.Password+`","password":"`+own+`"}`,
		nil); status/100 != 2 {
		t.Fatalf("the change: status %d", status)
	}
	open.wait("the connection with the machine's password closed", open.lost)
	if status := d.callWith("", "POST", "/session", `{"user":"feeder","password":"`+own+`"}`, nil); status/100 != 2 {
		t.Errorf("the browser with the chosen one: status %d", status)
	}
	for _, secret := range []string{first.Password, own, "qk.feeder." + own} {
		if _, err := d.dial("feeder", secret); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("NATS with %.6q: %v", secret, err)
		}
	}
	d.connect("feeder", first.Token)
	d.connect("feeder", bare)
	said := log.with("login refused", "user=feeder", "chosen by its owner", "log in with a token")
	if len(said) == 0 || log.count(own) > 0 || log.count(first.Password) > 0 {
		t.Errorf("the log says %q, and holds a secret: %v", said, log.count(own) > 0)
	}
	renewed := d.admin("POST", "/accounts/feeder/credentials", "")
	d.connect("feeder", renewed.Password)
	prove(t, d.app)
}

// A token that has an end is refused from then on over HTTP and NATS; what is connected with it is closed, streams of
// events too, and what is connected otherwise is not. Before, it is named where people look, for as long as it is good.
func TestATokenThatEndsIsOutEverywhere(t *testing.T) {
	t.Parallel()
	d := newDistrict(t)
	first := d.account("viewer", "viewer", "")
	steady := d.connect("viewer", first.Password)
	d.wants("credentials", "ok", "")
	const lasts = 5 * time.Second
	end := time.Now().Add(lasts).Truncate(time.Second)
	short := d.admin("POST", "/accounts/viewer/tokens",
		fmt.Sprintf(`{"name":"大屏","expires_at":%q}`, end.Format(time.RFC3339)))
	if short.ExpiresAt == nil || !short.ExpiresAt.Equal(end) {
		t.Fatalf("issued until %v, want %v", short.ExpiresAt, end)
	}
	secret := short.Token[strings.LastIndexByte(short.Token, '.')+1:]
	open := d.connect("viewer", secret)
	stream := d.listen(short.Token)
	if status := d.callWith(short.Token, "GET", "/me", "", nil); status != http.StatusOK {
		t.Fatalf("before its end: status %d", status)
	}
	var user calls.User
	d.call("admin", "GET", "/accounts/viewer", "", &user)
	if len(user.Tokens) != 2 || user.Tokens[0].ExpiresAt != nil || user.Tokens[1].ExpiresAt == nil ||
		!user.Tokens[1].ExpiresAt.Equal(end) {
		t.Errorf("the account shows %+v", user.Tokens)
	}

	open.wait("the live connection closed", open.lost)
	eventually(t, "the token refused",
		func() bool { return d.callWith(short.Token, "GET", "/me", "", nil) == http.StatusUnauthorized })
	if early := time.Until(end); early > 0 {
		t.Errorf("refused %v before its end", early)
	}
	d.out("viewer", secret, short.Token, nil)
	if rest, err := io.ReadAll(stream); err != nil {
		t.Errorf("the stream ends with %q, %v", rest, err)
	}
	eventually(t, "the token out of the record", func() bool {
		user = calls.User{}
		d.call("admin", "GET", "/accounts/viewer", "", &user)
		return len(user.Tokens) == 1 && user.Tokens[0].ID == "t1"
	})
	if status := d.callWith(first.Token, "GET", "/me", "", nil); status != http.StatusOK {
		t.Errorf("the other token: status %d", status)
	}
	select {
	case <-steady.lost:
		t.Error("what is connected with the password was closed")
	default:
	}

	later := d.admin("POST", "/accounts/viewer/tokens",
		fmt.Sprintf(`{"expires_at":%q}`, time.Now().Add(13*24*time.Hour).Format(time.RFC3339)))
	d.wants("credentials", "degraded", "viewer t3（")
	if text := d.ready(); strings.Contains(text, later.Token) {
		t.Errorf("the secret is told: %s", text)
	}
	d.admin("DELETE", "/accounts/viewer/tokens/t3", "")
	d.admin("POST", "/accounts/viewer/tokens",
		fmt.Sprintf(`{"expires_at":%q}`, time.Now().Add(15*24*time.Hour).Format(time.RFC3339)))
	d.wants("credentials", "ok", "")
	prove(t, d.app)
}

// listen opens a stream of events with a token.
func (d *district) listen(token string) io.Reader {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet,
		"http://"+d.app.Addr().HTTP+"/api/v1/events", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := (&http.Client{Timeout: 3 * patience}).Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("events: %v, %v", resp, err)
	}
	d.t.Cleanup(func() { _ = resp.Body.Close() })
	body := bufio.NewReader(resp.Body)
	if _, err := body.ReadString('\n'); err != nil {
		d.t.Fatal(err)
	}
	return body
}

// ready is what the administrator is told of how the program is.
func (d *district) ready() string {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, "http://"+d.app.Addr().HTTP+"/readyz", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.tokens["admin"])
	_, text := d.ask(http.DefaultClient, req)
	return text
}

// wants waits until a check has a state, and says something.
func (d *district) wants(name, state, says string) {
	d.t.Helper()
	eventually(d.t, name+" "+state, func() bool {
		var report struct {
			Checks []struct{ Name, State, Detail string }
		}
		if err := json.Unmarshal([]byte(d.ready()), &report); err != nil {
			d.t.Fatal(err)
		}
		for _, c := range report.Checks {
			if c.Name == name {
				return c.State == state && strings.Contains(c.Detail, says)
			}
		}
		return false
	})
}
