package plant

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/internal/text"
)

// Differs refuses a problem that differs from p in more than figures, demands and the time it begins at: what the list
// says of the plant is not to be changed by whoever asks what would be if. Every such place has its JSON path. The time
// has to lie in the plan's window, begin no later than it and end with it.
func (p *Problem) Differs(asked []byte, now time.Time) error {
	var own, other map[string]any
	if err := json.Unmarshal(p.Text, &own); err != nil {
		return err
	}
	if err := refusal.Unmarshal(asked, &other); err != nil { // which refuses a member named twice
		return err
	}
	c := &problemDiff{machines: "units"}
	if p.Kind == Waste {
		c.machines = "furnaces"
	}
	c.object("", own, other)
	if len(c.fields) == 0 {
		c.time(p, asked, now)
	}
	return refusal.Input(c.fields)
}

// free are the members, without the indices of lists, that may be what they like.
var free = []string{"start", "steps", "step_h", "demand", "baseline_mw", "intake_t_h", "steam_min_t_h", "pit.level_t",
	"units.initially_on", "units.hours_in_state", "units.available", "furnaces.initially_on", "furnaces.hours_in_state",
	"furnaces.available"}

type problemDiff struct {
	machines string
	fields   []refusal.Field
}

func (c *problemDiff) wrong(path, rule string, args refusal.Args) {
	c.fields = append(c.fields, refusal.Field{Path: path, Rule: rule, Args: args})
}

// object compares the members of two objects that stand at path.
func (c *problemDiff) object(path string, own, other map[string]any) {
	names := sortedNames(own)
	for _, name := range sortedNames(other) {
		if _, known := own[name]; !known {
			names = append(names, name)
		}
	}
	for _, name := range names {
		at := name
		if path != "" {
			at = path + "." + name
		}
		if slices.Contains(free, withoutIndex(at)) && c.belongs(at) {
			continue
		}
		have, given := own[name], other[name]
		if _, there := other[name]; !there {
			c.wrong(at, "input.required", nil)
			continue
		}
		if _, there := own[name]; !there {
			c.wrong(text.Clip(at), "plan.not_in_model", nil)
			continue
		}
		c.value(at, have, given)
	}
}

// belongs says whether a free member is one of this kind of plant.
func (c *problemDiff) belongs(at string) bool {
	switch withoutIndex(at) {
	case "demand", "baseline_mw":
		return c.machines == "units"
	case "intake_t_h", "steam_min_t_h":
		return c.machines == "furnaces"
	}
	return true
}

func (c *problemDiff) value(at string, own, other any) {
	switch own := own.(type) {
	case map[string]any:
		if given, ok := other.(map[string]any); ok {
			c.object(at, own, given)
			return
		}
	case []any:
		if given, ok := other.([]any); ok && len(given) == len(own) {
			for i := range own {
				c.value(fmt.Sprintf("%s[%d]", at, i), own[i], given[i])
			}
			return
		}
	default:
		if reflect.DeepEqual(own, other) {
			return
		}
	}
	c.wrong(at, "plan.model_differs", refusal.Args{"value": brief(other), "want": brief(own)})
}

// brief is a value as a message shows it.
func brief(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return text.Clip(string(raw))
}

// withoutIndex is a path without the indices of lists: units[0].name is units.name.
func withoutIndex(path string) string {
	var b strings.Builder
	for path != "" {
		head, rest, found := strings.Cut(path, "[")
		b.WriteString(head)
		if !found {
			break
		}
		_, path, _ = strings.Cut(rest, "]")
	}
	return b.String()
}

// time refuses a problem whose steps do not go from about now to the end of the window.
func (c *problemDiff) time(p *Problem, asked []byte, now time.Time) {
	var h struct {
		Start *time.Time `json:"start"`
		StepH *float64   `json:"step_h"`
		Steps *float64   `json:"steps"`
	}
	if json.Unmarshal(asked, &h) != nil || h.Start == nil || h.StepH == nil || h.Steps == nil {
		return // refused with its path by whoever solves it
	}
	if h.Start.After(p.From) || h.Start.Before(p.From.Add(-2*time.Hour)) || h.Start.Before(p.first) {
		c.wrong("start", "plan.start", refusal.Args{"value": clock(*h.Start),
			"want": clock(p.From), "now": clock(now)})
		return
	}
	hours, most := *h.StepH**h.Steps, p.last.Sub(*h.Start).Hours()
	if *h.StepH <= 0 || hours > most || !p.open && hours != most {
		c.wrong("steps", "plan.steps", refusal.Args{"hours": hours, "want": most, "end": clock(p.last)})
	}
}
