package rows

import (
	"testing"

	"pgregory.net/rapid"
)

// A reader is told of no later hour than the earliest that was told of behind its mark, and of nothing where none was.
func TestMovesNameTheEarliestHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m moves
		hours := rapid.SliceOfN(rapid.Int64Range(1, 12), 1, 40).Draw(t, "hours")
		for i, hour := range hours {
			m.note(hour, uint64(i+1))
		}
		mark := rapid.IntRange(0, len(hours)).Draw(t, "mark")
		earliest, any := int64(0), false
		for _, hour := range hours[mark:] {
			if !any || hour < earliest {
				earliest, any = hour, true
			}
		}
		got, moved := m.since(uint64(mark))
		if moved != any || any && got > earliest {
			t.Fatalf("%v behind %d: %d, %v; the earliest is %d, %v", hours, mark, got, moved, earliest, any)
		}
	})
}
