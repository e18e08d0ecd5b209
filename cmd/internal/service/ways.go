package service

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/place"
)

// Way is where somebody goes on a day, in the order of the way; of User "" what nobody has.
type Way struct {
	User   string
	Visits []Visit
}

// Visit is a task with its place on the way, from 1, and the latest inspection that was made for it.
type Visit struct {
	calls.TaskView
	Route  int
	Result inspect.Result // empty where there is none
	Found  string         // the inspection; empty for none
}

// mostWays is how many tasks a day's plan shows.
const mostWays = 500

// DayPlan is who goes where on a day (2006-01-02 in Beijing), of the tasks that the caller may see: those of that day, those
// that somebody has and that were for an earlier day or for none, and those that nobody has and that are due by its end.
// more says that there are further ones.
func (s *Service) DayPlan(a Ask, day string) (ways []Way, more bool, err error) {
	_, end, err := daySpan("", day)
	if err != nil {
		return nil, false, err
	}
	owners, err := s.Owners()
	if err != nil {
		return nil, false, err
	}
	today := s.J.Wall().In(alerts.Shanghai()).Format(time.DateOnly)
	err = s.J.View(func(tx *bbolt.Tx) error {
		tasks, rest, err := dayPlanned(tx, a, day, today, end)
		if err != nil {
			return err
		}
		r := s.rankedBy(tx, nil, owners) // nobody reads no notes
		of := map[string][]Visit{}
		for _, t := range tasks {
			v := Visit{TaskView: r.view(t)}
			if all, _, err := inspect.ListRows(tx, inspect.Filter{Task: t.ID, Standing: true}, "", 1); err != nil {
				return err
			} else if len(all) > 0 {
				v.Result, v.Found = all[0].Result, all[0].ID
			}
			of[t.Assignee] = append(of[t.Assignee], v)
		}
		more = rest
		for _, user := range slices.Sorted(maps.Keys(of)) {
			way, err := r.way(user, of[user])
			if err != nil {
				return err
			}
			ways = append(ways, way)
		}
		return nil
	})
	slices.SortStableFunc(ways, func(a, b Way) int { // what nobody has comes last
		return cmp.Compare(len(b.User), 0) - cmp.Compare(len(a.User), 0)
	})
	return ways, more, err
}

// dayPlanSpan is how long before a day a task was opened that ended on it, at most: older ones are in the list of tasks.
const dayPlanSpan = 31

// dayPlanned are the tasks of a day's plan.
func dayPlanned(tx *bbolt.Tx, a Ask, day, today string, end time.Time) (all []*compliance.Task, more bool, err error) {
	sees := func(t *compliance.Task) bool { return !t.Desk && Visible(a.Who, t.Recipient, t.Town) }
	find := func(f compliance.TaskFilter, from, until string) error {
		for cursor, rest := from, true; rest && !more && cursor >= until; rest = cursor != "" {
			var page []*compliance.Task
			if page, cursor, err = compliance.ListTasks(tx, f, cursor, compliance.MaxPage); err != nil {
				return err
			}
			if all = append(all, page...); len(all) > mostWays {
				all, more = all[:mostWays], true
			}
		}
		return nil
	}
	err = find(compliance.TaskFilter{Undone: true, Wanted: func(t *compliance.Task) bool {
		switch {
		case !sees(t) || t.Day == day:
			return sees(t)
		case t.Assignee != "":
			return t.Day < day && day == today
		}
		return t.Day == "" && t.Due.Before(end) && day >= today
	}}, "", "")
	if err != nil {
		return nil, false, err
	}
	opened := func(days int) string { return "T" + end.AddDate(0, 0, days).Format("20060102") }
	err = find(compliance.TaskFilter{State: compliance.TaskDone, Wanted: func(t *compliance.Task) bool {
		return sees(t) && (t.Day == day || t.Day == "" && t.ChangedAt.In(alerts.Shanghai()).Format(time.DateOnly) == day)
	}}, opened(0), opened(-dayPlanSpan))
	return all, more, err
}

// way puts somebody's visits in the order of the way, from the district's office.
func (r *ranked) way(user string, visits []Visit) (w Way, err error) {
	places := make([]compliance.Place, len(visits))
	for i := range visits {
		if places[i], err = r.placeOf(visits[i].Recipient); err != nil {
			return w, err
		}
	}
	w.User = user
	for n, i := range inspect.Route(r.s.office, places) {
		visits[i].Route = n + 1
		w.Visits = append(w.Visits, visits[i])
	}
	return w, nil
}

// Colleagues are the inspectors, for whoever names one.
func (s *Service) Colleagues() (all []calls.Colleague, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error { all, err = colleagues(tx, ""); return err })
	return all, err
}

// OneDraw is a draw that the caller may see.
func (s *Service) OneDraw(a Ask, id string) (d *inspect.Draw, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		if d, err = inspect.GetDraw(tx, id); err == nil && a.Who.Role == calls.Town && !slices.Equal(d.Towns, []string{a.Who.Town}) {
			err = refusal.New(refusal.NotFound, "inspection.no_draw", refusal.Args{"id": refusal.Shown(id)})
		}
		return err
	})
	return shownDraw(d), err
}

// GeoLink is the name of the link that a telephone opens in the map that it has.
const GeoLink = "geo"

// MapsOf are the addresses of a position in degrees of WGS-84: a geo link (RFC 5870), which is of that system, and the maps
// that are configured, whose positions are of the list's system.
func (s *Service) MapsOf(at place.Point, name string) []calls.MapLink {
	on := s.photos.System.FromWGS84(at)
	all := []calls.MapLink{{Name: GeoLink, Href: fmt.Sprintf("geo:%.6f,%.6f", at.Lat, at.Lon)}}
	fill := strings.NewReplacer("{lon}", fmt.Sprintf("%.6f", on.Lon), "{lat}", fmt.Sprintf("%.6f", on.Lat),
		"{name}", url.QueryEscape(name))
	for _, m := range s.maps {
		all = append(all, calls.MapLink{Name: m.Name, Href: fill.Replace(m.Href)})
	}
	return all
}

// MapsTo are the addresses of where the list in force has a recipient; none where it does not say.
func (s *Service) MapsTo(recipient string) (all []calls.MapLink, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		r, err := ListedRecipient(tx, recipient, s.J.Wall())
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		if err == nil && (r.Lon != 0 || r.Lat != 0) {
			at := place.Point{Lon: r.Lon, Lat: r.Lat}
			if s.photos.System == place.GCJ02 {
				at = place.ToWGS84(at)
			}
			all = s.MapsOf(at, r.Name)
		}
		return err
	})
	return all, err
}
