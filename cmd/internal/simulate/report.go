package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Reporter has meters report over HTTP.
type Reporter struct {
	Server string                        // like http://127.0.0.1:8080
	Token  func(recipient string) string // whose word a meter's report is
	Client *http.Client                  // nil for a usual one
	Log    *slog.Logger

	Speed float64 // as that of Line
	From  time.Time

	Since time.Time // periods that begin from then on are reported; zero for from now on
}

// Reported is what became of reports.
type Reported struct {
	Messages int64 `json:"messages"` // that were taken
	Readings int64 `json:"readings"`
	Passes   int64 `json:"passes"`
	Refused  int64 `json:"refused"` // messages that were refused, and will be
	Failed   int64 `json:"failed"`  // attempts after which the same is sent again
}

const (
	reportTime   = 30 * time.Second
	reportLag    = 3 * time.Second // after the end of a period
	mostReport   = 48 * time.Hour  // of one message; what is older after a failure goes with the next
	mostResponse = 64 << 10
)

// Run has meters report each period once it is over until ctx ends. What could not be sent goes with the next
// attempt, in a second doubling to a minute. Errors: a meter that cannot report.
func (r Reporter) Run(ctx context.Context, meters ...*Meter) (total Reported, err error) {
	for _, m := range meters {
		if err := m.check(); err != nil {
			return total, err
		}
	}
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var unknown sync.Once
	c := newClock(r.Speed, r.From)
	for _, m := range meters {
		all.Go(func() {
			did := r.run(ctx, m, c, &unknown)
			mu.Lock()
			defer mu.Unlock()
			total.Messages += did.Messages
			total.Readings += did.Readings
			total.Passes += did.Passes
			total.Refused += did.Refused
			total.Failed += did.Failed
		})
	}
	all.Wait()
	return total, nil
}

// run has a meter report. unknown is of the warning that the server does not know whose word a report is: one of a run,
// for nothing but a person mends it.
func (r Reporter) run(ctx context.Context, m *Meter, c clock, unknown *sync.Once) (did Reported) {
	span := time.Duration(meterSpecs[m.Kind].span) * time.Second
	since := r.Since
	if since.IsZero() {
		since = c.now()
	}
	from := time.Unix(m.next(since), 0)
	backoff := time.Second
	pause := func(d time.Duration) bool {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d):
			return true
		}
	}
	for {
		if wake := from.Add(span + reportLag); c.now().Before(wake) {
			if !pause(min(c.until(wake), time.Hour)) {
				return did
			}
			continue
		}
		over := min(c.now().Add(-reportLag).Sub(from), mostReport) / span
		to := from.Add(over * span)
		msg, _ := m.Message(from, to)
		if len(msg.Readings)+len(msg.Passes) == 0 { // no truck came
			from = to
			continue
		}
		err := r.Send(ctx, m.Recipient, msg)
		var refused *RefusedError
		switch {
		case err == nil:
			did.Messages++
			did.Readings += int64(len(msg.Readings))
			did.Passes += int64(len(msg.Passes))
		case errors.As(err, &refused) && !refused.later():
			did.Refused++
			r.Log.Warn("report refused", "point", msg.Point, "error", err)
		case ctx.Err() != nil:
			return did
		default:
			did.Failed++
			if refused != nil && refused.Status == http.StatusUnauthorized {
				unknown.Do(func() {
					r.Log.Warn("the server does not know the token of reports; they are tried again", "point", msg.Point, "error", err)
				})
			}
			r.Log.Info("report not sent", "point", msg.Point, "error", err)
			if !pause(backoff) {
				return did
			}
			backoff = min(2*backoff, time.Minute)
			continue
		}
		backoff = time.Second
		from = to
	}
}

// RefusedError is an answer other than that a report was taken.
type RefusedError struct {
	Status int
	Said   string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Status, e.Said) }

// later reports whether the same may be taken another time.
func (e *RefusedError) later() bool {
	return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout ||
		e.Status == http.StatusUnauthorized
}

var usualClient = &http.Client{Timeout: reportTime}

// Send reports once. Errors: a RefusedError, or that no answer came.
func (r Reporter) Send(ctx context.Context, recipient string, msg Message) error {
	body, err := json.Marshal(msg)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Server+"/api/v1/telemetry", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "sim-"+strconv.FormatUint(uint64(of(0, string(body))), 16))
	req.Header.Set("Authorization", "Bearer "+r.Token(recipient))
	client := r.Client
	if client == nil {
		client = usualClient
	}
	resp, err := client.Do(req) // #nosec G704 -- whoever simulates names the server
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end, or is of no use any more
	said, err := io.ReadAll(io.LimitReader(resp.Body, mostResponse))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &RefusedError{resp.StatusCode, string(said[:min(len(said), 500)])}
	}
	return nil
}
