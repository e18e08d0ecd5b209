package journal

import (
	"cmp"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/channel"
)

// SendReport is what the holder of the lease reports of the messages of one channel.
type SendReport struct {
	Epoch   uint64       `json:"epoch"`
	Channel string       `json:"channel,omitempty"` // empty is NATS
	Rows    []Due        `json:"rows"`              // that went out, and those for which there was nothing to send
	Single  []RowOutcome `json:"single,omitempty"`
}

// RowOutcome is what became of a message that the carrier did not take, or gave an id of its own.
type RowOutcome struct {
	Due
	Result    channel.Result `json:"result"`
	CarrierID string         `json:"carrier_id,omitempty"`
	Why       string         `json:"why,omitempty"`
	After     time.Duration  `json:"after,omitempty"` // ns; see [channel.Outcome]
}

// How long after an outcome that is unknown the message is tried again where its carrier does not say: at first,
// doubling. However long a carrier asks for, it is tried within longestPause.
const (
	unknownPause    = time.Minute
	unknownPauseMax = 30 * time.Minute
	longestPause    = 24 * time.Hour
)

// DecideSent makes the events for what became of messages of a channel. again gives how long after now a message that
// went out goes out next; zero means never.
func DecideSent(tx *bbolt.Tx, in SendReport, now time.Time, again func(Due) time.Duration) (events []Event, err error) {
	if err := CheckEpoch(tx, in.Epoch); err != nil {
		return nil, err
	}
	by, box := cmp.Or(in.Channel, channel.NATS), tx.Bucket(outboxBucket)
	type group struct {
		topic string
		again int64
	}
	at := map[group]int{}
	sent := Sent{Epoch: in.Epoch, Channel: in.Channel}
	for _, d := range in.Rows {
		row, ok := readOutRow(box.Get(outKey(by, d.Topic, d.ID)))
		if !ok {
			continue
		}
		d.Attempts = int(row.attempts)
		g := group{topic: d.Topic}
		if wait := again(d); wait > 0 && !d.Nothing {
			g.again = now.Add(wait).UnixMilli()
		}
		i, ok := at[g]
		if !ok {
			i = len(sent.Groups)
			at[g] = i
			sent.Groups = append(sent.Groups, SentGroup{Topic: g.topic, Again: g.again})
		}
		sent.Groups[i].IDs = append(sent.Groups[i].IDs, d.ID)
	}
	events = append(events, sent.split()...)
	for _, s := range in.Single {
		if row, ok := readOutRow(box.Get(outKey(by, s.Topic, s.ID))); ok {
			s.Attempts = int(row.attempts)
			o := Outcome{Epoch: in.Epoch, Channel: by, Topic: s.Topic, ID: s.ID, Result: s.Result, CarrierID: s.CarrierID,
				Why: s.Why}
			if pause := s.pause(again); pause > 0 {
				o.Again = now.Add(pause).UnixMilli()
			}
			events = append(events, o)
		}
	}
	return events, nil
}

// perEntry is how many messages an entry of what was sent names. Whoever proves that one of them went out hands the whole
// entry on.
const perEntry = 100

// split is a report as entries of at most perEntry messages.
func (s Sent) split() (events []Event) {
	one, room := s, perEntry
	one.Groups = nil
	for _, g := range s.Groups {
		for len(g.IDs) > 0 {
			n := min(len(g.IDs), room)
			one.Groups = append(one.Groups, SentGroup{Topic: g.Topic, Again: g.Again, IDs: g.IDs[:n]})
			g.IDs, room = g.IDs[n:], room-n
			if room == 0 {
				events, room = append(events, one), perEntry
				one.Groups = nil
			}
		}
	}
	if len(one.Groups) > 0 {
		events = append(events, one)
	}
	return events
}

// pause is how long until the message goes out next; 0 is never.
func (s RowOutcome) pause(again func(Due) time.Duration) time.Duration {
	switch s.Result {
	case channel.Sent:
		return again(s.Due)
	case channel.Refused:
		return 0
	}
	pause := unknownPause
	for range min(s.Attempts, 10) {
		pause = min(2*pause, unknownPauseMax)
	}
	if s.After > 0 {
		pause = s.After
	}
	return min(max(pause, time.Millisecond), longestPause)
}
