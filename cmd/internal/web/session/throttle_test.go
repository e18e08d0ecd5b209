package session

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2016, 12, 16, 12, 0, 0, 0, time.UTC)

// try is one try at a password, a while after the one before.
type try struct {
	after   time.Duration
	user    string
	address string
	wrong   bool
	wait    int // seconds that it is told to wait; -1: it is looked at
}

func wrong(n int, user, address string) (tries []try) {
	for range n {
		tries = append(tries, try{0, user, address, true, -1})
	}
	return tries
}

func join(parts ...[]try) (all []try) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestThrottle(t *testing.T) {
	for _, c := range []struct {
		name  string
		tries []try
	}{
		{"five are free, then it doubles up to a minute", join(wrong(5, "duty", "a"), []try{
			{0, "duty", "a", true, 1}, {time.Second, "duty", "a", true, -1}, {0, "duty", "a", true, 2},
			{2 * time.Second, "duty", "a", true, -1}, {0, "duty", "a", true, 4}, {4 * time.Second, "duty", "a", true, -1},
			{8 * time.Second, "duty", "a", true, -1}, {16 * time.Second, "duty", "a", true, -1},
			{32 * time.Second, "duty", "a", true, -1},
			{0, "duty", "a", true, 60}, {time.Minute, "duty", "a", true, -1}, {59 * time.Second, "duty", "a", true, 1},
		})},
		{"what waits makes nothing worse", join(wrong(5, "duty", "a"), []try{
			{0, "duty", "a", true, 1}, {0, "duty", "a", true, 1}, {0, "duty", "a", true, 1},
			{time.Second, "duty", "a", true, -1}, {0, "duty", "a", true, 2}})},
		{"forgotten after a quarter of an hour", join(wrong(5, "duty", "a"),
			[]try{{15*time.Minute + time.Second, "duty", "a", true, -1}, {0, "duty", "a", true, -1}})},
		{"and not before", join(wrong(4, "duty", "a"),
			[]try{{15 * time.Minute, "duty", "a", true, -1}, {0, "duty", "a", true, 1}})},
		{"the address waits whatever the user",
			join(wrong(5, "duty", "a"), []try{{0, "approver", "a", false, 1}, {0, "nobody", "a", false, 1}})},
		{"many names from one address",
			join(wrong(2, "a", "a"), wrong(2, "b", "a"), wrong(1, "c", "a"), []try{{0, "d", "a", true, 1}})},
		{"the officer gets in while the name is tried from elsewhere", join(wrong(5, "duty", "evil"), []try{
			{time.Second, "duty", "evil", true, -1}, {2 * time.Second, "duty", "evil", true, -1},
			{0, "duty", "office", false, -1}, {0, "duty", "phone", false, -1}})},
		{"a slip then costs a wait, once", join(wrong(5, "duty", "evil"), []try{
			{0, "duty", "office", true, -1}, {0, "duty", "office", false, 2}, {2 * time.Second, "duty", "office", false, -1}})},
		{"many addresses have one try each, not five", join(wrong(5, "duty", "e1"), []try{
			{0, "duty", "e2", true, -1}, {0, "duty", "e2", true, 2}, {0, "duty", "e3", true, -1}, {0, "duty", "e3", true, 4}})},
		{"a hot name does not touch others",
			join(wrong(5, "duty", "evil"), []try{{0, "approver", "office", true, -1}, {0, "approver", "office", true, -1}})},
		{"a name that nobody has counts the same",
			join(wrong(5, "nobody", "e1"), []try{{0, "nobody", "e2", true, -1}, {0, "nobody", "e2", true, 2}})},
		{"a success clears nothing", join(wrong(4, "duty", "a"),
			[]try{{0, "viewer", "a", false, -1}, {0, "duty", "a", true, -1}, {0, "duty", "a", true, 1}})},
		{"a clock that went back an hour", join(wrong(9, "duty", "a")[:5], []try{{-time.Hour, "duty", "a", false, -1}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			th, now := newThrottle(), noon
			for i, try := range c.tries {
				now = now.Add(try.after)
				done, wait := th.begin(try.user, try.address, "", now)
				want := time.Duration(try.wait) * time.Second
				if looked := done != nil; looked != (try.wait < 0) || !looked && wait != want {
					t.Fatalf("try %d (%+v): looked at is %v, wait %v", i+1, try, looked, wait)
				}
				if done != nil {
					done(try.wrong, now)
				}
			}
		})
	}
}

// Tries at the same moment are bounded too, and the bound is gone with them.
func TestThrottleCountsWhatIsUnderWay(t *testing.T) {
	th := newThrottle()
	var under []func(bool, time.Time)
	for range maxPending {
		done, _ := th.begin("duty", "a", "", noon)
		under = append(under, done)
	}
	if done, wait := th.begin("duty", "a", "", noon); done != nil || wait != firstWait {
		t.Errorf("one more is looked at")
	}
	if done, _ := th.begin("duty", "b", "", noon); done == nil {
		t.Errorf("another address has to wait")
	}
	for _, done := range under {
		done(false, noon)
	}
	if done, _ := th.begin("duty", "a", "", noon); done == nil {
		t.Errorf("the bound stays after they were right")
	}
}

func TestThrottleIsBounded(t *testing.T) {
	th := newThrottle()
	for i := range maxCounts + 100 {
		done, _ := th.begin("u"+strconv.Itoa(i)+strings.Repeat("x", 1000), "a"+strconv.Itoa(i), "", noon)
		done(true, noon)
	}
	for name, c := range map[string]recent[count]{"addresses": th.addresses, "users": th.users} {
		if len(c.byKey) > maxCounts || c.order.Len() != len(c.byKey) {
			t.Errorf("%d %s, %d in order", len(c.byKey), name, c.order.Len())
		}
	}
	for key := range th.users.byKey {
		if len(key) > 64 {
			t.Fatalf("a name of %d bytes", len(key))
		}
	}
}

func TestWhereARequestComesFrom(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("127.0.0.1/32")}
	for _, c := range []struct {
		peer, forwarded, proto, address string
		secure                          bool
	}{
		{"192.0.2.1:99", "", "", "192.0.2.1", false},
		{"192.0.2.1:99", "198.51.100.7", "https", "192.0.2.1", false}, // anybody can say so
		{"10.0.0.5:99", "198.51.100.7", "https", "198.51.100.7", true},
		{"10.0.0.5:99", "198.51.100.7", "http", "198.51.100.7", false},
		{"10.0.0.5:99", "", "", "10.0.0.5", false},
		{"10.0.0.5:99", "203.0.113.9, 198.51.100.7", "https", "198.51.100.7", true}, // what the client wrote before it
		{"127.0.0.1:99", "203.0.113.9, 198.51.100.7, 10.0.0.9", "https", "198.51.100.7", true},
		{"10.0.0.5:99", "unknown", "https", "10.0.0.5", true},
		{"[2001:db8:1:2:3::4]:99", "", "", "2001:db8:1:2::/64", false},
		{"[::ffff:192.0.2.1]:99", "", "", "192.0.2.1", false},
		{"10.0.0.5:99", "2001:db8::1", "", "2001:db8::/64", false},
		{"@", "", "", "invalid IP", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		r.Header.Set("X-Forwarded-Proto", c.proto)
		if address, secure := proxies.address(r), proxies.secure(r); address != c.address || secure != c.secure {
			t.Errorf("%+v: from %s, secure %v", c, address, secure)
		}
	}
}
