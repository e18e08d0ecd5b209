package frame

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"qingkong/cmd/internal/calls"
)

// asField names the role whose demo account somebody logs in as by its button, without typing.
const asField = "as"

// doors are the roles that stand as buttons below the login form of a demo, for who sits at the machine itself.
func (f *Frame) doors(r *http.Request) (roles []string) {
	if f.DemoAccount == nil || !atThisMachine(r) {
		return nil
	}
	for _, role := range calls.Roles() {
		if _, _, ok := f.DemoAccount(string(role)); ok {
			roles = append(roles, string(role))
		}
	}
	return roles
}

// credentials are what a login form gives: typed, or those of the demo account whose button was used.
func (f *Frame) credentials(q *Request) (user, password string) {
	if as := q.PostForm.Get(asField); as != "" && f.DemoAccount != nil && atThisMachine(q.Request) {
		if user, password, ok := f.DemoAccount(as); ok {
			return user, password
		}
	}
	return strings.TrimSpace(q.PostForm.Get("user")), q.PostForm.Get("password")
}

// atThisMachine says that a request comes from this machine, by a name that only this machine can mean, and through no
// proxy: a page of elsewhere whose name was made to lead here sends its own.
func atThisMachine(r *http.Request) bool {
	if r.Header.Values("X-Forwarded-For") != nil || r.Header.Values("Forwarded") != nil {
		return false
	}
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return isLoopback(peer) && (host == "localhost" || isLoopback(host))
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
