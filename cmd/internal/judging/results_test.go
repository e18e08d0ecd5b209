package judging

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Hours stay as long as they are to, behind the newest, and come back as they were put in.
func TestResultsAreKept(t *testing.T) {
	r := OpenResults(ResultOptions{Dir: t.TempDir(), Keep: 48 * time.Hour, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	start := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	leaves := func(n int) [][]byte { return [][]byte{[]byte("a\n"), bytes.Repeat([]byte{byte(n)}, 1000), nil} }
	for n := range 60 {
		if err := r.Keep(t.Context(), start.Add(time.Duration(n)*time.Hour), leaves(n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 61 {
		got, err := r.Of(start.Add(time.Duration(n) * time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		want := leaves(n)
		if n < 11 || n == 60 { // 48 hours before the newest, which is itself there
			want = nil
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("hour %d: %d leaves, want %d", n, len(got), len(want))
		}
	}
}

// What is packed is unpacked to the same.
func TestLeavesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 20).Draw(t, "leaves")
		got, err := unpackLeaves(packLeaves(leaves))
		if err != nil || !slices.EqualFunc(got, leaves, bytes.Equal) {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

// A row of anything at all gives leaves or an error.
func FuzzLeaves(f *testing.F) {
	f.Add(packLeaves([][]byte{[]byte("qingkong.judged/1\n"), nil}))
	f.Add(packer.EncodeAll([]byte{5, 1}, nil))
	f.Add([]byte("no frame"))
	f.Fuzz(func(t *testing.T, row []byte) {
		leaves, err := unpackLeaves(row)
		if err != nil {
			return
		}
		if again, err := unpackLeaves(packLeaves(leaves)); err != nil || !slices.EqualFunc(again, leaves, bytes.Equal) {
			t.Errorf("%v, %v", again, err)
		}
	})
}
