package app

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal/journaltest"
)

// browser keeps cookies as a browser does.
func (d *district) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// signIn tries a password over the API and returns the status and what was said.
func (d *district) signIn(c *http.Client, user, password string) (int, string) {
	d.t.Helper()
	res, body := d.ask(c, d.request("POST", "/api/v1/session", "",
		fmt.Sprintf(`{"user":%q,"password":%q}`, user, password)))
	return res.StatusCode, body
}

const chosenByDuty = "海河边上 seven herons wade"

// A browser that nobody has logged in from is let in within a minute beside the same guessing, though its first
// requests are refused with those of the guesser's that go beyond the share of their address.
func TestANewBrowserIsLetInWithinAMinuteOfGuessing(t *testing.T) {
	t.Parallel()
	clock := journaltest.NewClock(time.Now())
	d := &district{t: t, cfg: alone(t), tokens: map[string]string{}}
	d.app = start(t, Options{Config: d.cfg, Clock: clock.Now})
	issued, err := servicetest.Say(t.Context(), d.app.svc, "init", "", calls.AddAccount, "",
		[]byte(`{"user":"duty","role":"duty"}`))
	if err != nil {
		t.Fatal(err)
	}
	guess := func() *http.Request {
		return d.request("POST", "/api/v1/session", "", `{"user":"duty","password":"not the password of duty"}`)
	}
	d.flood(guess, func(beyond func() int64) {
		for range 20 { // until the address waits a minute after each wrong one
			seen := beyond()
			eventually(t, "the guesses are refused", func() bool { return beyond() > seen+20 })
			clock.Add(time.Minute)
		}
		for range 5 {
			fresh, waited := d.browser(), 0
			for ; waited < 180; waited++ {
				if code, _ := d.signIn(fresh, "duty", issued.Password); code == http.StatusOK {
					break
				}
				clock.Add(time.Second)
			}
			if waited > 61 { // a second for the turn, given with the first refusal
				t.Errorf("a new browser waits %d s", waited)
			}
			clock.Add(time.Minute)
		}
	})
}

// newGuessed is a district whose duty officer has chosen a password, which is slow to check, and signed in once by a
// browser.
func newGuessed(t *testing.T) (d *district, known *http.Client, people map[string]calls.Issued) {
	t.Helper()
	d, people = newShares(t, func(c *config.Config) { c.Limits = config.Default().Limits })
	// a hundred real ones take minutes on a busy machine
	d.app.svc.Passwords.Cost = access.Cost{Time: 1, Memory: 1 << 10, Threads: 1}
	if code := d.call("duty", "POST", "/me/password", fmt.Sprintf(`{"current":%q,"password":%q}`, people["duty"].Password,
		chosenByDuty), nil); code != http.StatusNoContent {
		t.Fatalf("the password is not changed: %d", code)
	}
	known = d.browser()
	if code, body := d.signIn(known, "duty", chosenByDuty); code != http.StatusOK {
		t.Fatalf("the first login: %d %s", code, body)
	}
	return d, known, people
}

// Somebody behind the duty room's address guesses the officer's password as fast as the line takes it: with the right
// one the browser that the officer has logged in from before is let in each time.
func TestAKnownBrowserIsLetInUnderGuessing(t *testing.T) {
	d, known, _ := newGuessed(t)
	guess := func() *http.Request {
		return d.request("POST", "/api/v1/session", "", `{"user":"duty","password":"not the password of duty"}`)
	}
	d.flood(guess, func(beyond func() int64) {
		eventually(t, "the guesses are refused", func() bool { return beyond() > 300 })
		in := 0
		for range 100 {
			code, body := d.signIn(known, "duty", chosenByDuty)
			if code == http.StatusOK {
				in++
			} else if in == 0 {
				t.Logf("%d %s", code, body)
			}
			if code := d.logout(known); code != http.StatusNoContent {
				t.Logf("logout: %d", code)
			}
		}
		if in != 100 {
			t.Errorf("the right password is let in %d of 100 times", in)
		}
	})
}

func (d *district) logout(c *http.Client) int {
	d.t.Helper()
	res, _ := d.ask(c, d.request("DELETE", "/api/v1/session", "", ""))
	return res.StatusCode
}
