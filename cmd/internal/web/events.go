package web

import (
	"net/http"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/web/live"
	"qingkong/reductionlist"
)

// eventsHeader is with what a client of server-sent events comes back by itself; the parameter is for the first time.
const eventsHeader = "Last-Event-ID"

func newLive(s *Server) *live.Hub {
	return live.New(s.svc, live.Options{Log: s.log,
		Version: func(tx *bbolt.Tx, v *reductionlist.Version, _ time.Time) (any, error) {
			return s.svc.VersionOf(tx, v)
		}})
}

// Live tells what changes, for pages that show it.
func (s *Server) Live() *live.Hub { return s.live }

// Stop ends the streams of events, which have no end of their own, so that a shutdown need not wait for them.
func (s *Server) Stop() { s.live.Close() }

// stream is an answer that goes on, and what ends it for its caller's share.
type stream struct {
	*live.Subscription
	done func()
}

func (v stream) serve(w http.ResponseWriter, r *http.Request) {
	defer v.done()
	live.Serve(w, r, v.Subscription, live.JSON)
}

// A stream goes on from now or from where the caller left off.
var _ = bind(calls.Events, func(s *Server, q *request, in calls.EventsQuery) (any, error) {
	filter, err := s.eventsFilter(q, in.Order, in.Warning)
	if err != nil {
		return nil, err
	}
	last := in.Event
	if again := q.Header.Get(eventsHeader); again != "" { // later than the parameter, which stays in a client's address
		last = again
	}
	done, err := s.shares.Stream(q.Context(), q.w.Header(), q.who.User)
	if err != nil {
		return nil, err
	}
	sub, err := s.live.Subscribe(live.Connection(q.Context()), live.Viewer{
		User: q.who.User, Filter: filter, LastID: last, Still: s.still(q)})
	if err != nil {
		done()
		return nil, err
	}
	return stream{sub, done}, nil
})

// eventsFilter is what the caller may see, narrowed to the order or the warning that it asks for.
func (s *Server) eventsFilter(q *request, order, warning string) (live.Filter, error) {
	f := live.FilterOf(q.who)
	if order != "" && warning != "" {
		return f, calls.WrongQuery("warning", warning, "live.one_filter")
	}
	err := s.svc.J.View(func(tx *bbolt.Tx) error {
		switch {
		case order != "":
			if err := access.Require(q.who, calls.ActOrdersRead); err != nil {
				return err
			}
			o, err := service.VisibleOrder(tx, q.who, order)
			if err != nil {
				return err
			}
			f = f.OfOrder(o)
		case warning != "":
			if _, err := alerts.GetWarning(tx, warning); err != nil {
				return err
			}
			f = f.OfWarning(warning)
		}
		return nil
	})
	return f, err
}

// still says, as long as a stream lasts, whether the token or session that it was begun with is still good for it.
func (s *Server) still(q *request) func() bool {
	who := q.who
	token := bearer(q.Request)
	if token == "" {
		return func() bool { return live.Same(who, s.sessions.Still(q.Request)) }
	}
	return func() bool {
		now, err := s.svc.Authenticate(token)
		return err == nil && live.Same(who, now)
	}
}
