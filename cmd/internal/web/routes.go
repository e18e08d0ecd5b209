package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
)

const prefix = "/api/v1"

// signedIn stands for an act that whoever has a valid token may do.
const signedIn = "signed in"

// route is one call of the interface.
type route struct {
	method  string
	pattern string // below /api/v1, of http.ServeMux
	act     string // what access must allow; empty for a public call
	handle  func(*Server, *request) (any, error)
	query   []string                  // the parameters it takes
	upload  bool                      // its body is a file
	created func(answer any) []string // path of what a POST made, below /api/v1; nil: it makes nothing
}

var paging = []string{"limit", "cursor"}

func with(query ...string) []string { return append(query, paging...) }

// routes are all calls below /api/v1.
var routes = []route{
	{method: "GET", pattern: "/me", act: signedIn, handle: (*Server).me},
	{method: "POST", pattern: "/accounts", act: access.ActAccountsCreate, handle: (*Server).addAccount, created: accountPath},
	{method: "GET", pattern: "/accounts", act: access.ActAccountsRead, handle: (*Server).accounts, query: with("role")},
	{method: "GET", pattern: "/accounts/{id}", act: access.ActAccountsRead, handle: (*Server).account},
	{method: "POST", pattern: "/accounts/{id}/credentials", act: access.ActAccountsCredentials, handle: userAct((*service.Service).RenewAccount)},
	{method: "POST", pattern: "/accounts/{id}/disable", act: access.ActAccountsDisable, handle: userAct((*service.Service).Disable)},
	{method: "POST", pattern: "/accounts/{id}/enable", act: access.ActAccountsDisable, handle: userAct((*service.Service).Enable)},
	{method: "POST", pattern: "/accounts/{id}/tokens", act: access.ActTokensCreate, handle: (*Server).addToken, created: tokensPath},
	{method: "DELETE", pattern: "/accounts/{id}/tokens/{token}", act: access.ActTokensRevoke, handle: (*Server).revokeToken},

	{method: "POST", pattern: "/forecasts", act: access.ActForecastsCreate, handle: (*Server).forecast, created: forecastPath},
	{method: "GET", pattern: "/forecasts/skill", act: access.ActSkillRead, handle: (*Server).skill, query: []string{"from", "to"}},
	{method: "GET", pattern: "/feeds", act: access.ActSkillRead, handle: (*Server).feeds},
	{method: "POST", pattern: "/observations", act: access.ActObservationsCreate, handle: (*Server).observation},
	{method: "GET", pattern: "/proposals", act: access.ActProposalsList, handle: (*Server).proposals, query: with("state")},
	{method: "GET", pattern: "/proposals/{id}", act: access.ActProposalsList, handle: (*Server).proposal},
	{method: "POST", pattern: "/proposals/{id}/dismiss", act: access.ActProposalsDismiss, handle: (*Server).dismiss},

	{method: "GET", pattern: "/warnings", act: access.ActWarningsRead, handle: (*Server).warnings, query: paging},
	{method: "POST", pattern: "/warnings", act: access.ActWarningsDeclare, handle: (*Server).declare, created: warningPath},
	{method: "GET", pattern: "/warnings/{id}", act: access.ActWarningsRead, handle: (*Server).warning},
	{method: "GET", pattern: "/warnings/{id}/board", act: access.ActBoardRead, handle: (*Server).board},
	{method: "POST", pattern: "/warnings/{id}/approve", act: access.ActWarningsApprove, handle: warningAct("approve")},
	{method: "POST", pattern: "/warnings/{id}/emergency-approve", act: access.ActWarningsEmergencyApprove, handle: warningAct("emergency-approve")},
	{method: "POST", pattern: "/warnings/{id}/reject", act: access.ActWarningsReject, handle: warningAct("reject")},
	{method: "POST", pattern: "/warnings/{id}/adjust", act: access.ActWarningsAdjust, handle: warningAct("adjust")},
	{method: "POST", pattern: "/warnings/{id}/revise", act: access.ActWarningsRevise, handle: warningAct("revise")},
	{method: "POST", pattern: "/warnings/{id}/lift", act: access.ActWarningsLift, handle: warningAct("lift")},
	{method: "POST", pattern: "/warnings/{id}/cancel", act: access.ActWarningsCancel, handle: warningAct("cancel")},

	{method: "POST", pattern: "/list/imports", act: access.ActListsImport, handle: (*Server).importList, query: []string{"source"}, upload: true, created: importPath},
	{method: "GET", pattern: "/list/imports/{id}", act: access.ActListsRead, handle: (*Server).imported},
	{method: "GET", pattern: "/list/imports/{id}/errors.xlsx", act: access.ActListsRead, handle: (*Server).importErrors},
	{method: "GET", pattern: "/list/versions", act: access.ActListsRead, handle: (*Server).versions, query: with("as_of")},
	{method: "GET", pattern: "/list/versions/{id}", act: access.ActListsRead, handle: (*Server).version},
	{method: "POST", pattern: "/list/versions/{id}/approve", act: access.ActListsApprove, handle: (*Server).approveVersion},
	{method: "POST", pattern: "/list/versions/{id}/activate", act: access.ActListsApprove, handle: (*Server).activateVersion},
	{method: "GET", pattern: "/recipients", act: access.ActRecipientsRead, handle: (*Server).recipients, query: with("q", "town", "as_of", "version")},
	{method: "GET", pattern: "/recipients/{id}", act: access.ActRecipientsRead, handle: (*Server).recipient, query: []string{"as_of", "version"}},
	{method: "POST", pattern: "/recipients/{id}/credentials", act: access.ActRecipientsCredentials, handle: userAct((*service.Service).IssueCredentials)},
	{method: "DELETE", pattern: "/recipients/{id}/credentials", act: access.ActRecipientsCredentials, handle: (*Server).revokeCredentials},

	{method: "GET", pattern: "/orders", act: access.ActOrdersRead, handle: (*Server).orders,
		query: with("warning", "recipient", "state", "town", "q")},
	{method: "GET", pattern: "/orders/{id}", act: access.ActOrdersRead, handle: (*Server).order},
	{method: "POST", pattern: "/orders/{id}/receive", act: access.ActOrdersAnswer, handle: orderAct("receive")},
	{method: "POST", pattern: "/orders/{id}/read", act: access.ActOrdersAnswer, handle: orderAct("read")},
	{method: "POST", pattern: "/orders/{id}/acknowledge", act: access.ActOrdersAnswer, handle: orderAct("acknowledge")},
	{method: "POST", pattern: "/orders/{id}/object", act: access.ActOrdersAnswer, handle: orderAct("object")},
	{method: "POST", pattern: "/orders/{id}/start", act: access.ActOrdersAnswer, handle: orderAct("start")},
	{method: "POST", pattern: "/orders/{id}/report", act: access.ActOrdersAnswer, handle: orderAct("report")},
	{method: "POST", pattern: "/orders/{id}/complete", act: access.ActOrdersAnswer, handle: orderAct("complete")},

	{method: "POST", pattern: "/orders/{id}/objection", act: access.ActOrdersObjection, handle: (*Server).objection},

	{method: "GET", pattern: "/ledger/entries", act: access.ActLedgerRead, handle: (*Server).entries, query: []string{"from", "limit"}},
	{method: "GET", pattern: "/ledger/proof", act: access.ActLedgerRead, handle: (*Server).proof, query: []string{"entry"}},
}

// mount puts every path into the mux, with its methods behind it, so that a wrong method is refused like the rest.
func (s *Server) mount(mux *http.ServeMux) {
	byPath := map[string]map[string]*route{}
	for i := range routes {
		r := &routes[i]
		if byPath[r.pattern] == nil {
			byPath[r.pattern] = map[string]*route{}
		}
		byPath[r.pattern][r.method] = r
	}
	for pattern, methods := range byPath {
		allowed := allowedMethods(methods)
		mux.HandleFunc(prefix+pattern, func(w http.ResponseWriter, r *http.Request) {
			method := r.Method
			if method == http.MethodHead { // net/http leaves the body out
				method = http.MethodGet
			}
			route := methods[method]
			if route == nil {
				w.Header().Set("Allow", allowed)
				s.problem(w, r, refusal.New(refusal.Invalid, "http.method", refusal.Args{"method": r.Method, "allowed": allowed}))
				return
			}
			s.call(w, r, route)
		})
	}
}

func allowedMethods(methods map[string]*route) string {
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
func (s *Server) call(w http.ResponseWriter, r *http.Request, route *route) {
	who, err := s.admit(r, route.act)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	q, err := s.read(w, r, route, who)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	result, err := route.handle(s, q)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	status := http.StatusOK
	if route.created != nil {
		status = http.StatusCreated
		w.Header().Set("Location", location(route.created(result)))
	}
	s.answer(w, r, status, result)
}

func location(path []string) string {
	for i := range path {
		path[i] = url.PathEscape(path[i])
	}
	return prefix + "/" + strings.Join(path, "/")
}

// admit returns who asks, or refuses: nobody where somebody is needed, a role that may not.
func (s *Server) admit(r *http.Request, act string) (*access.Principal, error) {
	if act == "" {
		return nil, nil
	}
	var who *access.Principal
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && token != "" {
		var err error
		if who, err = s.svc.Authenticate(strings.TrimSpace(token)); err != nil {
			return nil, err
		}
	}
	if who == nil {
		return nil, refusal.New(refusal.Unauthenticated, "http.token", nil)
	}
	if act == signedIn {
		return who, nil
	}
	return who, access.Require(who, act)
}
