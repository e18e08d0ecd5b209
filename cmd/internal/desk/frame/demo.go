package frame

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"qingkong/cmd/internal/calls"
)

// filling is how far the time before a demo is filled in.
type filling struct{ Done, All int }

func (f *Frame) filling() *filling {
	if f.Filling == nil {
		return nil
	}
	if done, all := f.Filling(); done < all {
		return &filling{done, all}
	}
	return nil
}

// asField is the field with the role whose demo account a button logs in.
const asField = "as"

// demoRoles are the roles that stand as buttons below the login form of a demo, for somebody at the machine itself.
func (f *Frame) demoRoles(r *http.Request) (roles []string) {
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

// credentials are what was typed into a login form, or those of the demo account whose button was used.
func (f *Frame) credentials(q *Request) (user, password string) {
	if as := q.PostForm.Get(asField); as != "" && f.DemoAccount != nil && atThisMachine(q.Request) {
		if user, password, ok := f.DemoAccount(as); ok {
			return user, password
		}
	}
	return strings.TrimSpace(q.PostForm.Get("user")), q.PostForm.Get("password")
}

// atThisMachine reports whether a request comes from this machine and through no proxy, to a name that only this
// machine can mean: a page from elsewhere whose host name was made to lead here sends its own name.
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
