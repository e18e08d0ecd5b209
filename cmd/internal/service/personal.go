package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/notify"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
)

// Reading is personal data of others that a call showed to somebody.
type Reading struct {
	Kind       string // access.SeenContact or another of its kind
	Recipients []string
	List       string // all recipients of this version; Count says how many contacts that was
	Count      int    // 0: as many as Recipients
	// Still is what a page goes on showing by itself: it is recorded once an hour and not each time that it is drawn
	// anew.
	Still bool
}

// How often what was read is recorded, and how much may wait for that. A crash loses at most what waits: the reads of a
// minute, or of so many recipients.
const (
	seenEvery = time.Minute
	seenMost  = 1000   // recipients named; more are recorded at once
	seenKept  = 20_000 // when nothing can be recorded for long, further ones are only counted
	stillFor  = time.Hour
	stillMost = 100_000
)

// readLog are what was read and is not recorded yet.
type readLog struct {
	mu     sync.Mutex
	by     map[string]*userReads
	named  int
	full   chan struct{}
	still  map[stillKey]time.Time
	filing sync.Mutex // held while what waits is recorded
}

type userReads struct {
	from, to time.Time
	reads    map[readKey]*readCount
}

type readKey struct{ kind, call, list string }

type readCount struct {
	count, unnamed int
	recipients     map[string]bool
}

type stillKey struct{ user, kind, call, recipient string }

func newReadLog() *readLog {
	return &readLog{by: map[string]*userReads{}, full: make(chan struct{}, 1), still: map[stillKey]time.Time{}}
}

// Saw notes that personal data were shown to who asked. Data of an enterprise that are shown to itself, and the officer
// whom an order names to it, are not noted.
func (s *Service) Saw(a Ask, reading Reading) {
	who := a.Who
	if who == nil || who.Role == calls.Enterprise && reading.Kind == access.SeenDutyContact {
		return
	}
	recipients := reading.Recipients
	if who.Role == calls.Enterprise {
		recipients = slices.DeleteFunc(slices.Clone(recipients), func(id string) bool { return id == who.Recipient })
		if len(recipients) == 0 && reading.List == "" {
			return
		}
	}
	s.reads.add(who.User, a.Call, reading, recipients, s.J.Now())
}

// sawOfficer notes that the caller was shown the duty officer whom orders name; who asks again and again is noted once
// an hour.
func (s *Service) sawOfficer(a Ask, shown bool) {
	if shown {
		s.Saw(a, Reading{Kind: access.SeenDutyContact, Count: 1, Still: true})
	}
}

// sawNotes notes who was shown what stands in an order about its recipient: an objection, why that was decided as it
// was.
func (s *Service) sawNotes(a Ask, order json.RawMessage) {
	var o notify.View
	if len(order) == 0 || json.Unmarshal(order, &o) != nil { // what is no order shows nothing
		return
	}
	objection := o.Objection != nil && o.Objection.Note+o.Objection.Reason != ""
	exemption := o.Release != nil && o.Release.Kind == notify.ReleaseExempted && o.Release.Reason != ""
	if objection || exemption {
		s.Saw(a, Reading{Kind: access.SeenNote, Recipients: []string{o.RecipientID}, Still: true})
	}
}

// namesOfficer reports whether an order's JSON names a duty officer.
func namesOfficer(order json.RawMessage) bool {
	return len(order) > 0 && !bytes.Contains(order, []byte(`"contact":{"name":"","phone":""}`))
}

func (v *readLog) add(user, call string, reading Reading, recipients []string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	count := max(reading.Count, len(recipients))
	if reading.Still {
		if recipients = v.fresh(user, call, reading, recipients, now); len(recipients) == 0 {
			return
		}
		count = len(recipients)
	}
	if count == 0 {
		return
	}
	u := v.of(user, now, now)
	u.to = now
	r := u.of(readKey{reading.Kind, call, reading.List})
	r.count += count
	for _, id := range recipients {
		switch {
		case id == "" || r.recipients[id]:
		case v.named >= seenKept:
			r.unnamed++
		default:
			r.recipients[id] = true
			v.named++
		}
	}
	if v.named >= seenMost {
		select {
		case v.full <- struct{}{}:
		default:
		}
	}
}

// of is what waits of a user; what begins with it is from one time to another.
func (v *readLog) of(user string, from, to time.Time) *userReads {
	if v.by[user] == nil {
		v.by[user] = &userReads{from: from, to: to, reads: map[readKey]*readCount{}}
	}
	return v.by[user]
}

func (u *userReads) of(key readKey) *readCount {
	if u.reads[key] == nil {
		u.reads[key] = &readCount{recipients: map[string]bool{}}
	}
	return u.reads[key]
}

// fresh are those of what a page still shows that were not noted within the hour. A reading that names no recipient
// counts as one.
func (v *readLog) fresh(user, call string, reading Reading, recipients []string, now time.Time) []string {
	if len(v.still) > stillMost {
		maps.DeleteFunc(v.still, func(_ stillKey, at time.Time) bool { return now.Sub(at) >= stillFor })
		if len(v.still) > stillMost {
			clear(v.still) // then some is noted a second time
		}
	}
	if len(recipients) == 0 && reading.Count > 0 {
		recipients = []string{""}
	}
	var fresh []string
	for _, id := range recipients {
		key := stillKey{user, reading.Kind, call, id}
		if at, noted := v.still[key]; noted && now.Sub(at) < stillFor {
			continue
		}
		v.still[key] = now
		fresh = append(fresh, id)
	}
	return fresh
}

// take is everything that waits, by user.
func (v *readLog) take() []access.PersonalSeen {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []access.PersonalSeen
	for _, user := range slices.Sorted(maps.Keys(v.by)) {
		all = append(all, v.by[user].events(user)...)
	}
	v.by, v.named = map[string]*userReads{}, 0
	return all
}

// events are what a user read, in events that name a bounded number of recipients.
func (u *userReads) events(user string) (events []access.PersonalSeen) {
	keys := slices.SortedFunc(maps.Keys(u.reads), func(a, b readKey) int {
		return slices.Compare([]string{a.kind, a.call, a.list}, []string{b.kind, b.call, b.list})
	})
	event := access.PersonalSeen{User: user, From: u.from, To: u.to}
	named := 0
	for _, k := range keys {
		r := u.reads[k]
		ids := slices.Sorted(maps.Keys(r.recipients))
		one := calls.PersonalRead{Kind: k.kind, Call: k.call, List: k.list, Count: r.count, Unnamed: r.unnamed}
		for len(ids) > access.MaxSeen-named {
			room := access.MaxSeen - named
			part := one
			part.Recipients, part.Count, part.Unnamed = ids[:room], room, 0
			ids, one.Count = ids[room:], max(one.Count-room, 0)
			event.Reads = append(event.Reads, part)
			events = append(events, event)
			event.Reads, named = nil, 0
		}
		if len(ids) > 0 {
			one.Recipients = ids
		}
		named += len(ids)
		event.Reads = append(event.Reads, one)
	}
	if len(event.Reads) > 0 {
		events = append(events, event)
	}
	return events
}

// back puts what could not be recorded where it came from.
func (v *readLog) back(events []access.PersonalSeen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range events {
		u := v.of(e.User, e.From, e.To)
		u.from = e.From
		for _, was := range e.Reads {
			r := u.of(readKey{was.Kind, was.Call, was.List})
			r.count += was.Count
			r.unnamed += was.Unnamed
			for _, id := range was.Recipients {
				if !r.recipients[id] {
					r.recipients[id] = true
					v.named++
				}
			}
		}
	}
}

// RecordSeen records everything that was read up to now. Reads that could not be recorded wait on.
func (s *Service) RecordSeen(ctx context.Context) error {
	s.reads.filing.Lock()
	defer s.reads.filing.Unlock()
	events := s.reads.take()
	for i, e := range events {
		_, err := s.J.Submit(ctx, journal.Command{Kind: access.CommandSeen, Actor: e.User, Payload: e})
		if err != nil {
			s.reads.back(events[i:])
			return err
		}
	}
	return nil
}

// KeepSeen records what was read, every minute or sooner when it is much, until ctx ends and once more then.
func (s *Service) KeepSeen(ctx context.Context) error {
	tick := time.NewTicker(seenEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.reads.full:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := s.RecordSeen(last); err != nil {
				s.log.Error("who read personal data since the last record is lost", "err", err)
			}
			return ctx.Err()
		}
		if err := s.RecordSeen(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Warn("who read personal data could not be recorded yet", "err", err)
			select { // what waits stays full: not again at once
			case <-time.After(10 * time.Second):
			case <-ctx.Done():
			}
		}
	}
}

var _ = bind(calls.Accesses, (*Service).Seen)

// Seen pages through who read personal data, the last first; see [access.ListSeen]. It records the reads that wait
// first, so that the answer is whole.
func (s *Service) Seen(ctx context.Context, _ Ask, in calls.SeenQuery) (alerts.Page[calls.Seen], error) {
	if in.Cursor == "" {
		if err := s.RecordSeen(ctx); err != nil {
			return alerts.Page[calls.Seen]{}, err
		}
	}
	return pageOf(s, in.Paging, func(tx *bbolt.Tx) ([]calls.Seen, string, error) {
		return access.ListSeen(tx, in.Recipient, in.User, in.Cursor, in.Most())
	})
}
