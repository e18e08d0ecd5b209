package readings

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// packets are those of the vectors, one behind the other.
func packets(t *testing.T, lines []byte) string {
	t.Helper()
	var out strings.Builder
	for line := range bytes.Lines(lines) {
		var row struct{ Packet string }
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		out.WriteString(row.Packet)
	}
	return out.String()
}
