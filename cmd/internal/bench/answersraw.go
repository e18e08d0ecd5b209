package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

const (
	benchCallers = 256 // act at once in the larger of the comparisons
	rowsCopied   = 128 // acknowledgements whose rows are taken
)

// againstRaw measures acknowledgements against bare servers, pair by pair.
func (b *answersBench) againstRaw(ctx context.Context) (err error) {
	if err := b.declare(ctx); err != nil {
		return err
	}
	// All but a few acknowledge once, so that every answer is known; the rows of those few are taken.
	few := b.open[len(b.open)-min(rowsCopied, len(b.open)/2):]
	if _, err := race(benchCallers, b.open[:len(b.open)-len(few)], always, b.overTCP); err != nil {
		return err
	}
	rows, err := copyRows(b.journal, b.journal.Height, filepath.Join(b.dir, "rows.db"), few, b.overTCP)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.db.Close()) }()
	b.open = nil
	bare, err := b.bareAnswers()
	if err != nil {
		return err
	}
	defer bare.close()
	trip := func(i int) error { return b.ask(bare.conns, i) }
	if err := b.oneCaller(ctx, rows, trip); err != nil {
		return err
	}
	if _, err := b.duel(ctx, "nats", "TCP", benchCallers, b.overTCP, trip); err != nil {
		return err
	}
	return b.overHTTP(ctx)
}

// duel measures callers that act by turns with as many that ask a bare server, and with others, and reports the two.
func (b *answersBench) duel(ctx context.Context, name, way string, callers int, act, raw func(i int) error,
	others ...contender) ([][]lap, error) {
	all := append([]contender{b.acknowledging(callers, act), b.askingBare(callers, raw)}, others...)
	laps, err := alternate(ctx, b.size.pairs, b.size.slice, all...)
	if err != nil {
		return nil, err
	}
	f := Result{Name: fmt.Sprintf("answers_%s_%d_ratio", name, callers), Unit: "1/s"}
	f.Value, f.Raw, f.Ratio = duel(laps)
	b.results = append(b.results, f)
	b.report(fmt.Sprintf("acknowledge over %s, callers=%d", way, callers), eachOf(laps, 0))
	return laps, nil
}

// oneCaller measures one caller, and how much longer an acknowledgement takes than the commit of its rows and a round
// trip, which it needs in any case. The three are medians of the same seconds.
func (b *answersBench) oneCaller(ctx context.Context, rows *rowReplay, trip func(i int) error) error {
	laps, err := b.duel(ctx, "nats", "TCP", 1, b.overTCP, trip, rows.turn)
	if err != nil {
		return err
	}
	const name = "acknowledge over TCP, callers=1"
	micros := func(contender int) float64 { return 1000 * quantile(eachOf(laps, contender), 0.5) }
	ours, round, commit := micros(0), micros(1), micros(2)
	n, size := rows.count()
	b.add(name+", p50 in µs", ours, "µs", commit+round)
	b.add(name+", p50 of a raw commit of the same rows", commit, "µs", 0)
	b.add(name+", p50 of a raw round trip", round, "µs", 0)
	b.add(name+", p50 less commit and round trip", ours-commit-round, "µs", 0)
	b.add(name+", rows of an acknowledgement", n, "rows", 0)
	b.add(name+", bytes of these rows", size, "B", 0)
	return nil
}

// overHTTP measures the HTTP interface in the same way, by callers that keep their connections.
func (b *answersBench) overHTTP(ctx context.Context) error {
	transport := &http.Transport{MaxIdleConns: 2 * benchCallers, MaxIdleConnsPerHost: benchCallers,
		DisableCompression: true}
	defer transport.CloseIdleConnections()
	h := &httpAnswers{b: b, client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
		paths:   make([]string, len(b.ids)),
		answers: map[string]httpAnswer{}}
	if err := b.declare(ctx); err != nil {
		return err
	}
	for i := range b.ids {
		h.paths[i] = b.acknowledgePath(i)
	}
	for _, i := range b.open { // one after the other: keep writes to a map
		if err := h.keep(i); err != nil {
			return err
		}
	}
	b.open = nil
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	bare := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- bare.Serve(ln) }()
	defer func() { _ = bare.Close(); <-served }()
	ours := func(i int) error {
		_, _, err := h.post(b.app.Addr().HTTP, b.acknowledgePath(i), i)
		return err
	}
	raw := func(i int) error {
		_, _, err := h.post(ln.Addr().String(), h.paths[i], i)
		return err
	}
	_, err = b.duel(ctx, "http", "HTTP", benchCallers, ours, raw)
	return err
}

// acknowledgePath is the call that acknowledges the order of recipient i.
func (b *answersBench) acknowledgePath(i int) string {
	return "/api/v1/orders/" + b.orders[b.ids[i]] + "/acknowledge"
}

// httpAnswers asks over HTTP, and is the bare server that answers each path with what ours answered.
type httpAnswers struct {
	b       *answersBench
	client  *http.Client
	paths   []string // of each recipient's first order that was acknowledged so
	answers map[string]httpAnswer
}

type httpAnswer struct {
	header http.Header
	body   []byte
}

func (h *httpAnswers) keep(i int) error {
	header, body, err := h.post(h.b.app.Addr().HTTP, h.paths[i], i)
	if err == nil {
		header.Del("Date") // the server's own
		h.answers[h.paths[i]] = httpAnswer{header, body}
	}
	return err
}

func (h *httpAnswers) post(addr, path string, i int) (http.Header, []byte, error) {
	req, err := http.NewRequest(http.MethodPost, "http://"+addr+path, bytes.NewReader([]byte("{}")))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.b.tokens[i])
	req.Header.Set("Content-Type", "application/json")
	res, err := h.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(res.Body)
	err = errors.Join(err, res.Body.Close())
	if err == nil && (res.StatusCode != http.StatusOK || len(body) == 0) {
		err = fmt.Errorf("%s: %s %s", path, res.Status, body)
	}
	return res.Header, body, err
}

func (h *httpAnswers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	answer := h.answers[r.URL.Path] // post fails with an empty one
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	_, _ = w.Write(answer.body)
}
