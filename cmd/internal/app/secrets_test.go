package app

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

// A machine-made password serves over NATS until its owner chooses another. That is for the browser alone, whatever else
// is right; programs go on with a token, and the log says why one that tries the password is refused.
func TestAChosenPasswordIsForTheBrowserAlone(t *testing.T) {
	const own = "楼下那只黑猫总在晒太阳呢"
	log := &lines{}
	d := newDistrictOf(t, Options{Log: logTo(log)})
	first := d.account("feeder", "feeder", "")
	open := d.connect("feeder", first.Password)
	d.connect("feeder", first.Token) // a token may be given whole
	bare := first.Token[strings.LastIndexByte(first.Token, '.')+1:]

	for _, easy := range []string{"Xiqing@20262026", "120111@2026!!", "西青区2026西青区口令"} { // of the district that is configured
		if status := d.call("feeder", "POST", "/me/password", `{"current":"`+first.Password+`","password":"`+easy+`"}`, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%q: status %d", easy, status)
		}
	}
	if status := d.call("feeder", "POST", "/me/password", `{"current":"`+first.Password+`","password":"`+own+`"}`, nil); status/100 != 2 {
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
