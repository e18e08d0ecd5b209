package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/reductionlist"
)

// Owner is what the list in force says of a recipient.
type Owner struct{ Name, Town string }

// Owners are the recipients of the list in force, by their ids; none where no list is in force. They are read once for
// each version and shared: nothing of them is to be written. It opens a transaction of its own.
func (s *Service) Owners() (map[string]Owner, error) {
	v, err := journal.Read(s.J, s.listed)
	if err != nil || v.ID == "" {
		return nil, err
	}
	return s.lists.owners.get(v.ID, func() (map[string]Owner, error) {
		all := make(map[string]Owner, v.Count)
		err := s.eachListed(v.ID, func(r *reductionlist.Recipient) { all[r.ID] = Owner{Name: r.Name, Town: r.Town} })
		return all, err
	})
}

var _ = bind(calls.Stations, (*Service).Stations)

// Stations pages through the stations that the caller may see, in the order of their MNs. A page looks at so many and may
// be shorter than asked, with a cursor to go on.
func (s *Service) Stations(_ context.Context, a Ask, in calls.StationsQuery) (alerts.Page[calls.Station], error) {
	if a.Who.Role == calls.Enterprise {
		if in.Recipient != "" && in.Recipient != a.Who.Recipient || a.Who.Recipient == "" {
			return alerts.Page[calls.Station]{Items: []calls.Station{}}, nil
		}
		in.Recipient = a.Who.Recipient
	}
	owners, err := s.Owners()
	if err != nil {
		return alerts.Page[calls.Station]{}, err
	}
	match := func(st *telemetry.Station) bool {
		return Visible(a.Who, st.Recipient, owners[st.Recipient].Town) &&
			(in.Recipient == "" || st.Recipient == in.Recipient) &&
			(in.Retired == "" || strconv.FormatBool(st.Retired) == in.Retired) &&
			(in.Q == "" || strings.Contains(strings.ToLower(st.MN), strings.ToLower(in.Q)) || strings.Contains(st.Name, in.Q) ||
				strings.Contains(st.Recipient, in.Q))
	}
	return pageOf(s, in.Paging, func(tx *bbolt.Tx) (page []calls.Station, next string, err error) {
		var found []*telemetry.Station
		if in.Recipient != "" {
			found, next, err = ownStations(tx, in, match)
		} else {
			found, next, err = telemetry.Search(tx, in.Cursor, in.Most(), ScanRecipients, match)
		}
		for _, st := range found {
			owner, listed := owners[st.Recipient]
			page = append(page, stationOf(tx, a.Who, st, owner, listed))
		}
		return page, next, err
	})
}

// ownStations is a page of a recipient's stations.
func ownStations(tx *bbolt.Tx, in calls.StationsQuery, match func(*telemetry.Station) bool) ([]*telemetry.Station, string,
	error) {
	all, err := telemetry.OfRecipient(tx, in.Recipient)
	all = slices.DeleteFunc(all, func(st *telemetry.Station) bool { return st.MN <= in.Cursor || !match(st) })
	if len(all) <= in.Most() {
		return all, "", err
	}
	return all[:in.Most()], all[in.Most()-1].MN, err
}

var _ = bind(calls.OneStation, (*Service).OneStation)

// OneStation is a station that the caller may see, with the points that the list in force expects of it. One that it may
// not see is not found, as one that there is not.
func (s *Service) OneStation(_ context.Context, a Ask, in calls.ByMN) (d calls.StationDetail, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		st, err := telemetry.Get(tx, in.MN)
		if err != nil {
			return err
		}
		if d.Station, err = s.StationOf(tx, a.Who, st); err != nil {
			return err
		}
		if !Visible(a.Who, st.Recipient, d.Town) {
			return refusal.New(refusal.NotFound, "telemetry.no_station", refusal.Args{"mn": refusal.Shown(in.MN)})
		}
		d.Expected, err = s.ExpectedOf(tx, st)
		return err
	})
	if err != nil {
		return calls.StationDetail{}, err
	}
	return d, nil
}

// StationOf is a station as who may see it.
func (s *Service) StationOf(tx *bbolt.Tx, who *access.Principal, st *telemetry.Station) (calls.Station, error) {
	r, err := ListedRecipient(tx, st.Recipient, s.J.Wall())
	switch {
	case err == nil:
		return stationOf(tx, who, st, Owner{r.Name, r.Town}, true), nil
	case refusal.CodeOf(err) == refusal.NotFound:
		return stationOf(tx, who, st, Owner{}, false), nil
	}
	return calls.Station{}, err
}

func stationOf(tx *bbolt.Tx, who *access.Principal, st *telemetry.Station, owner Owner, listed bool) calls.Station {
	shown := calls.Station{MN: st.MN, Revision: st.Revision, Name: st.Name, RecipientID: st.Recipient,
		RecipientName: owner.Name, Town: owner.Town, Listed: listed, ST: st.ST, Outlets: outletsShown(st.Outlets),
		Tolerate: append([]hj212.Tolerance{}, st.Tolerate...), SM4: cmp.Or(st.SM4, hj212.None),
		Secret: secretState(tx, st), MinuteMin: st.MinuteMin, SampleS: st.SampleS, Retired: st.Retired,
		AddedAt: st.AddedAt, ChangedAt: st.ChangedAt}
	if st.Version != 0 {
		shown.Version = strconv.Itoa(int(st.Version))
	}
	if who != nil && !Scoped(who) {
		shown.AddedBy, shown.ChangedBy = st.AddedBy, st.ChangedBy
	}
	return shown
}

// outletsShown are outlets as others see them.
func outletsShown(outlets []telemetry.Outlet) []calls.StationOutlet {
	shown := []calls.StationOutlet{}
	for _, o := range outlets {
		factors := []calls.StationFactor{}
		for _, f := range o.Factors {
			factors = append(factors, calls.StationFactor(f))
		}
		shown = append(shown, calls.StationOutlet{Name: o.Name, Factors: factors, O2: o.O2})
	}
	return shown
}

func secretState(tx *bbolt.Tx, st *telemetry.Station) calls.SecretState {
	switch {
	case st.Secret.Ref == "":
		return calls.SecretNone
	case journal.ReadVault(tx, st.Secret.Ref) == nil:
		return calls.SecretErased
	}
	return calls.SecretSet
}

// ExpectedOf are the points by which the list in force watches measures of a station's recipient through this station.
func (s *Service) ExpectedOf(tx *bbolt.Tx, st *telemetry.Station) ([]calls.ExpectedPoint, error) {
	points := []calls.ExpectedPoint{}
	r, err := ListedRecipient(tx, st.Recipient, s.J.Wall())
	if refusal.CodeOf(err) == refusal.NotFound {
		return points, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range reductionlist.ExpectedOf(r) {
		if e.Ref != st.MN {
			continue
		}
		known, _ := st.Factor(e.Factor)
		points = append(points, calls.ExpectedPoint{Point: telemetry.PointOf(e.Ref, e.Factor), MeasureID: e.Measure,
			Levels: e.Levels, Source: e.Source, Criterion: e.Criterion, Known: e.Factor == "" || known != nil})
	}
	return points, nil
}

// ReportsFor are the MNs that a recipient may report for over NATS: those of its stations that are in use.
func (s *Service) ReportsFor(recipient string) (mns []string, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		all, err := telemetry.OfRecipient(tx, recipient)
		for _, st := range all {
			if !st.Retired {
				mns = append(mns, st.MN)
			}
		}
		return err
	})
	return mns, err
}
