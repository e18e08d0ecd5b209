package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/xuri/excelize/v2"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/settings"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// listRounds is how often each measurement of the list is made; its median counts.
const listRounds = 3

// listBench is a workbook of n recipients, and a program with two versions of it.
type listBench struct {
	bench
	n        int
	workbook []byte
}

// cost is the time of one run in ms, and the memory that it allocated and that it held at most, in MiB.
type cost [3]float64

// List measures the import of a workbook of n recipients with all checks, beside excelize's streaming reader over the
// same rows; and through the interface the difference of two such versions, a recipient as of a day, and a page of
// search results.
func List(ctx context.Context, n int) ([]Result, error) {
	b := &listBench{n: n}
	return b.run(ctx, b.write, b.reading, b.start, b.queries, b.prove)
}

// write makes the list and its workbook.
func (b *listBench) write(context.Context) (err error) {
	if b.list, err = seeds.Demo(b.n); err != nil {
		return err
	}
	measures := 0
	for _, r := range b.list.Recipients {
		measures += len(r.Measures)
	}
	var buf bytes.Buffer
	if err := workbook.Write(&buf, b.list); err != nil {
		return err
	}
	b.workbook = buf.Bytes()
	b.add("recipients", float64(b.n), "rows", 0)
	b.add("measures", float64(measures), "rows", 0)
	b.add("workbook", float64(len(b.workbook)), "bytes", 0)
	return nil
}

// reading measures both readers in turn, so that other work of the machine meets both.
func (b *listBench) reading(context.Context) error {
	var costs [2][3][]float64
	for range listRounds {
		for i, reader := range []func() error{b.stream, b.read} {
			one, err := costOf(reader)
			if err != nil {
				return err
			}
			for k, v := range one {
				costs[i][k] = append(costs[i][k], v)
			}
		}
	}
	for k, of := range []struct{ name, unit string }{
		{"import with all checks", "ms"}, {"import, allocated", "MiB"}, {"import, peak of the heap", "MiB"},
	} {
		b.add(of.name+"; raw: excelize's streaming reader", median(costs[1][k]), of.unit, median(costs[0][k]))
	}
	return nil
}

// stream reads every row and keeps none: the least that excelize needs.
func (b *listBench) stream() (err error) {
	f, err := excelize.OpenReader(bytes.NewReader(b.workbook), excelize.Options{RawCellValue: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, name := range f.GetSheetList() {
		rows, err := f.Rows(name)
		if err != nil {
			return err
		}
		for rows.Next() {
			if _, err := rows.Columns(excelize.Options{RawCellValue: true}); err != nil {
				return err
			}
		}
		if err := errors.Join(rows.Error(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

// read is the whole of an import but for the record: the list, its findings and its hash.
func (b *listBench) read() error {
	read, err := workbook.ReadBytes(b.workbook)
	if err != nil {
		return err
	}
	if reductionlist.HasErrors(rules.Judge(read, settings.UsualList())) || read.List.Hash() != b.list.Hash() {
		return errors.New("the workbook is not read as the list that was written")
	}
	return nil
}

// costOf runs work and looks at the heap while it runs.
func costOf(work func() error) (cost, error) {
	runtime.GC()
	before, stop, peak := heap(), make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
				most = max(most, heap()[0])
			}
		}
	}()
	begin := time.Now()
	err := work()
	took := time.Since(begin)
	close(stop)
	most, after := <-peak, heap()
	return cost{ms(took), float64(after[1]-before[1]) / (1 << 20), float64(most-min(most, before[0])) / (1 << 20)}, err
}

// heap is how much of the heap objects take, and how much was ever allocated.
func heap() [2]uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return [2]uint64{s[0].Value.Uint64(), s[1].Value.Uint64()}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// queries measures questions about the versions, over HTTP where there is a call for them.
func (b *listBench) queries(ctx context.Context) error {
	next, err := b.amended(ctx)
	if err != nil {
		return err
	}
	issued, err := b.officer(ctx)
	if err != nil {
		return err
	}
	var current string
	err = b.journal.View(func(tx *bbolt.Tx) error {
		v, err := reductionlist.Current(tx, b.journal.Now())
		current = v.ID
		return err
	})
	if err != nil {
		return err
	}
	name := b.list.Recipients[len(b.list.Recipients)-1].Name
	get := func(path string) func() error {
		return func() error { return get(ctx, "http://"+b.app.Addr().HTTP+"/api/v1"+path, issued.Token) }
	}
	at := "/list/versions/" + next
	type query struct {
		name string
		work func() error
	}
	measure := func(n int, raw float64, queries ...query) error {
		for _, q := range queries {
			took, err := times(n, q.work)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			b.add(q.name, took, "ms", raw)
		}
		return nil
	}
	// The first answers make what later ones use: totals of both versions, the marks of every measure.
	err = measure(1, 0,
		query{"first difference of two versions, with all totals", get(at + "/diff?limit=100&against=" + current)},
		query{"first score of a version", get(at + "/score?limit=100")})
	if err != nil {
		return err
	}
	raw, err := times(20, get("/me"))
	if err != nil {
		return err
	}
	return measure(20, raw, []query{
		{"difference of two versions, whole", func() error { return b.diff(current, next) }},
		{"page of the difference of two versions", get(at + "/diff?limit=100&against=" + current)},
		{"page of scores", get(at + "/score?limit=100")},
		{"page of the work list", get(at + "/tasks?limit=100")},
		{"recipient as of a day", get("/recipients/E0003?as_of=2016-12-16")},
		{"page of 100 recipients", get("/recipients?limit=100")},
		{"page of search results", get("/recipients?limit=100&q=" + url.QueryEscape("有限公司"))},
		{"search for the last recipient by name", get("/recipients?limit=100&q=" + url.QueryEscape(name))},
	}...)
}

// amended records a second version, with one change in every hundredth recipient.
func (b *listBench) amended(ctx context.Context) (string, error) {
	l, err := seeds.Demo(b.n)
	if err != nil {
		return "", err
	}
	for i := 0; i < len(l.Recipients); i += 100 {
		l.Recipients[i].Address += "甲"
	}
	l.EffectiveFrom, l.EffectiveTo = "2099-10-01", ""
	v, err := b.svc.ImportList(ctx, "bench", l, "bench", nil)
	return v.ID, err
}

func (b *listBench) diff(from, to string) error {
	return b.journal.View(func(tx *bbolt.Tx) error {
		changes, _, err := reductionlist.DiffVersions(tx, from, to, "", b.n)
		if err == nil && len(changes) < b.n/100 {
			err = fmt.Errorf("%d changes", len(changes))
		}
		return err
	})
}

func get(ctx context.Context, address, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", address, resp.Status)
	}
	return err
}

// times is the median of so many runs in milliseconds.
func times(n int, work func() error) (float64, error) {
	var took []float64
	for range n {
		begin := time.Now()
		if err := work(); err != nil {
			return 0, err
		}
		took = append(took, ms(time.Since(begin)))
	}
	return median(took), nil
}
