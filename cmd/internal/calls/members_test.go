package calls

import (
	"strings"
	"testing"
)

// Every row of words is of a member that some call has, and says it in both languages.
func TestWordsOfMembers(t *testing.T) {
	has := map[string]bool{}
	for _, c := range All() {
		for _, p := range c.Members() {
			if key := c.Pattern + " " + p.Name; members[key].ZH != "" {
				has[key] = true
			} else {
				has[p.Name] = true
			}
		}
	}
	for key, p := range members {
		if !has[key] || p.ZH == "" || p.EN == "" {
			t.Errorf("%s: no call has it, or words are missing: %+v", key, p)
		}
	}
}

// What a member is follows from its type, and those of the path, the query and of what is embedded are none or the
// input's own.
func TestMembersOfACall(t *testing.T) {
	for call, want := range map[*Call]string{
		Relist.Call:        "revision:1 list_version:0 recipients:4",
		Forecast.Call:      "source:0 region:0 issued_at:2 drill:3 days:5 hours:5",
		Account.Call:       "",
		DiscardList.Call:   "",
		CancelWarning.Call: "warning_id:0 revision:1 reason:0",
	} {
		var got []string
		for _, p := range call.Members() {
			got = append(got, p.Name+":"+string(rune('0'+int(p.Kind))))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %q, want %q", call.Name(), got, want)
		}
	}
}

// A part of a path cannot leave its place in it.
func TestPathOfACall(t *testing.T) {
	if got := RevokeToken.To("a/b", "t 2"); RevokeToken.Parts() != 2 || got != "/accounts/a%2Fb/tokens/t%202" {
		t.Errorf("%d parts, %s", RevokeToken.Parts(), got)
	}
	if got := Accounts.To("more"); Accounts.Parts() != 0 || got != "/accounts" {
		t.Error(got)
	}
}
