package feed

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"qingkong/alerts/refusal"
)

// leastEvery is the shortest @every: cron rounds anything shorter up to it without saying so.
const leastEvery = time.Second

var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// check returns the schedule of each source, or a refusal that names every wrong place.
func check(sources []Source) ([]cron.Schedule, error) {
	var c checker
	plans := make([]cron.Schedule, len(sources))
	names, folders := map[string]bool{}, map[string]string{}
	for i, s := range sources {
		c.at = fmt.Sprintf("feeds[%d].", i)
		c.that(nameForm.MatchString(s.Name), "name", "config.name", s.Name, nil)
		c.that(!names[s.Name], "name", "config.twice", s.Name, nil)
		names[s.Name] = true
		c.that(nameForm.MatchString(s.Source), "source", "config.name", s.Source, nil)
		c.that(s.Format == "" || s.Format == "csv" || s.Format == "json", "format", "config.one_of", s.Format, refusal.Args{"allowed": "csv, json"})
		c.that(s.SilentAfter >= 0, "silent_after", "feed.silent_after", s.SilentAfter, nil)
		plans[i] = c.schedule(s.Schedule)
		switch s.Kind {
		case "folder":
			c.folder(folders, s)
		case "url":
			u, err := url.Parse(s.URL)
			c.that(err == nil && web(u) && u.Hostname() != "", "url", "feed.url", redact(s.URL), nil)
		default:
			c.that(false, "kind", "config.one_of", s.Kind, refusal.Args{"allowed": "folder, url"})
		}
	}
	return plans, refusal.Input(c.wrong)
}

// web reports whether a URL is one that a feed may ask.
func web(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// checker collects what is wrong with one source after another.
type checker struct {
	at    string
	wrong []refusal.Field
}

func (c *checker) that(ok bool, key, rule string, value any, args refusal.Args) {
	if ok {
		return
	}
	if args == nil {
		args = refusal.Args{}
	}
	args["value"] = value
	c.wrong = append(c.wrong, refusal.Field{Path: c.at + key, Rule: rule, Args: args})
}

// folder refuses an empty path, and one that two feeds would take each other's files from.
func (c *checker) folder(folders map[string]string, s Source) {
	if strings.TrimSpace(s.Path) == "" {
		c.that(false, "path", "config.empty", s.Path, nil)
		return
	}
	path := filepath.Clean(s.Path)
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	other, twice := folders[path]
	c.that(!twice, "path", "feed.path_twice", s.Path, refusal.Args{"other": other})
	folders[path] = s.Name
}

// schedule reads a cron spec, and refuses what cron would accept and not do: another zone, an interval that it
// lengthens, and a day that never comes.
func (c *checker) schedule(spec string) cron.Schedule {
	if strings.Contains(spec, "TZ=") {
		c.that(false, "schedule", "feed.schedule_zone", spec, nil)
		return nil
	}
	plan, err := cron.ParseStandard(spec)
	if err != nil {
		c.that(false, "schedule", "feed.schedule", spec, refusal.Args{"why": err.Error()})
		return nil
	}
	if _, fixed := plan.(cron.ConstantDelaySchedule); fixed {
		every, err := time.ParseDuration(strings.TrimPrefix(spec, "@every "))
		c.that(err == nil && every >= leastEvery, "schedule", "feed.schedule_often", spec, refusal.Args{"least": leastEvery})
	}
	c.that(!plan.Next(time.Now()).IsZero(), "schedule", "feed.schedule_never", spec, nil)
	return plan
}
