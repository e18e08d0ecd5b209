package service

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"qingkong/cmd/internal/journal"
)

// hashMembers are the members of events that hold a SHA-256 of something that is no blob: of a list, and of the
// evidence that an enterprise names and keeps itself.
var hashMembers = []string{"hash", "list_hash", "evidence", "signature"}

var hashText = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// What an event names beside the record is not removed as named by nobody: each hash in an event is that of a blob that
// the event says it names, or stands in a member that holds another hash.
func TestEventsSayWhichBlobsTheyName(t *testing.T) {
	named := 0
	for _, e := range examples() {
		data, err := journal.Encode(e.event)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		if b, ok := e.event.(interface{ Blobs() []string }); ok {
			said = b.Blobs()
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		eachText(value, "", func(member, text string) {
			switch {
			case !hashText.MatchString(text) || slices.Contains(hashMembers, member):
			case slices.Contains(said, text):
				named++
			default:
				t.Errorf("%s has %q at %q: say in its method Blobs that it names a blob, or here that it does not", e.file(), text,
					member)
			}
		})
	}
	if named == 0 {
		t.Error("no event names a blob") // else this proves nothing
	}
}

// eachText calls fn with each string of a JSON value and the member that it stands in.
func eachText(value any, member string, fn func(member, text string)) {
	switch v := value.(type) {
	case string:
		fn(member, v)
	case []any:
		for _, one := range v {
			eachText(one, member, fn)
		}
	case map[string]any:
		for name, one := range v {
			eachText(one, name, fn)
		}
	}
}
