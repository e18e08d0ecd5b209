package service

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/alerts/refusal"
)

// held is a workbook that is in memory already.
func held(workbook []byte) func() ([]byte, error) {
	return func() ([]byte, error) { return workbook, nil }
}

// One workbook is in work at a time, and who waits for it has nothing of its own in memory; who waits too long is
// refused, and so is who goes away.
func TestWorkbooksWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{workbooks: make(chan struct{}, 1)}
		var at, most, opened int
		work := func(took time.Duration) func() error {
			return func() error {
				at++
				most = max(most, at)
				time.Sleep(took)
				at--
				return nil
			}
		}
		begin := time.Now()
		outcomes := make(chan error, 10)
		for range 4 {
			go func() { outcomes <- s.Workbooks(t.Context(), work(9*time.Second)) }()
		}
		refused := 0
		for range 4 {
			if err := <-outcomes; refusal.CodeOf(err) == refusal.RateLimited {
				if refused++; time.Since(begin) != workbookPatience {
					t.Errorf("refused after %v", time.Since(begin))
				}
			} else if err != nil {
				t.Error(err)
			}
		}
		if most != 1 || refused != 1 {
			t.Errorf("%d in work at once, %d refused", most, refused)
		}
		done := make(chan error)
		go func() { done <- s.Workbooks(t.Context(), work(time.Minute)) }()
		synctest.Wait()
		_, err := s.ImportWorkbook(t.Context(), By("duty"), "甲.xlsx", func() ([]byte, error) { opened++; return nil, nil })
		if refusal.CodeOf(err) != refusal.RateLimited || opened != 0 {
			t.Errorf("an import beside another: %v, taken into memory %d times", err, opened)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Workbooks(gone, work(0)); !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone: %v", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
