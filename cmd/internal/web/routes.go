package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/web/live"
)

// route is one call of the interface as HTTP has it.
type route struct{ *calls.Call }

// routes are all calls.
var routes = func() (all []route) {
	for _, c := range calls.All() {
		all = append(all, route{c})
	}
	return all
}()

// carriers carry out the calls that are bound here.
var carriers = map[*calls.Call]func(*Server, *request) (any, error){}

// bind binds a call to what carries it out here. The answer is of the call's type, or writes itself.
func bind[In, Out any](c calls.Of[In, Out], do func(*Server, *request, In) (any, error)) (bound struct{}) {
	if carriers[c.Call] != nil {
		panic("web: bound twice: " + c.Name())
	}
	carriers[c.Call] = func(s *Server, q *request) (any, error) { return do(s, q, q.in.(In)) }
	return bound
}

// mount puts every path into the mux, with its methods behind it, so that a wrong method is refused like the rest.
func (s *Server) mount(mux *http.ServeMux) {
	byPath := map[string]map[string]route{}
	for _, r := range routes {
		if byPath[r.Path()] == nil {
			byPath[r.Path()] = map[string]route{}
		}
		byPath[r.Path()][r.Method] = r
	}
	for path, methods := range byPath {
		allowed := allowedMethods(methods)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			method := r.Method
			if _, own := methods[method]; method == http.MethodHead && !own { // net/http leaves the body out
				method = http.MethodGet
			}
			route, ok := methods[method]
			if !ok {
				w.Header().Set("Allow", allowed)
				s.problem(w, r, refusal.New(refusal.Invalid, "http.method", refusal.Args{"method": r.Method, "allowed": allowed}))
				return
			}
			s.call(w, r, route)
		})
	}
}

func allowedMethods(methods map[string]route) string {
	var names []string
	for name := range methods {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// call takes a request through its route: who, may they, what, and the answer.
func (s *Server) call(w http.ResponseWriter, r *http.Request, route route) {
	who, by, err := s.admit(r, route.Act)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if err := speaksTus(w, r, route); err != nil {
		s.problem(w, r, err)
		return
	}
	done, err := s.begin(w, r, route, who)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	defer done()
	q, err := s.read(w, r, route, who)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if q.sent != nil {
		defer q.sent.Close()
	}
	q.by = by
	if route.HasBody() { // the time that it took to come is not the act's: the connection says how slowly it may
		ctx, cancel := context.WithTimeout(live.WithConnection(live.Connection(r.Context())), s.opt.Within)
		defer cancel()
		q.Request = q.WithContext(ctx)
	}
	result, err := s.carryOut(q)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if route.Out == nil && route.Media == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if route.Created != nil {
		w.Header().Set("Location", location(route.Created(result)))
	}
	s.answer(w, r, route, route.status(), result)
}

// carryOut has a call carried out: here, where it is about the connection, a file or this node, or by the service.
func (s *Server) carryOut(q *request) (any, error) {
	if do := carriers[q.route.Call]; do != nil {
		return do(s, q)
	}
	return s.svc.Do(q.Context(), q.route.Call, q.ask(), q.in)
}

func location(path []string) string {
	for i := range path {
		path[i] = url.PathEscape(path[i])
	}
	return calls.Prefix + "/" + strings.Join(path, "/")
}

// admit returns who asks and by what, or refuses: nobody where somebody is needed, a role that may not.
func (s *Server) admit(r *http.Request, act string) (who *access.Principal, by string, err error) {
	if act == "" || act == calls.NearOrSignedIn && near(r) {
		return nil, "", nil
	}
	c := s.caller(r)
	if c.err != nil {
		return nil, "", c.err
	}
	if who, by = c.who, c.by; by == bySession {
		who = s.sessions.Who(r)
	}
	if who == nil {
		if token := bearer(r); token != "" {
			s.sessions.WrongToken(r, access.UserOfToken(token))
		}
		return nil, "", refusal.New(refusal.Unauthenticated, "http.token", nil)
	}
	if act == calls.SignedIn || act == calls.NearOrSignedIn {
		return who, by, nil
	}
	return who, by, access.Require(who, act)
}

// bearer is the token that a request carries, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
