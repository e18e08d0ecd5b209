package feed

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/alerts/schedule"
)

var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// check returns the schedule of each source, or a refusal that names every wrong place.
func check(sources []Source) ([]schedule.Schedule, error) {
	var c checker
	plans := make([]schedule.Schedule, len(sources))
	names, folders := map[string]bool{}, map[string]string{}
	for i, s := range sources {
		c.at = fmt.Sprintf("feeds[%d].", i)
		c.that(nameForm.MatchString(s.Name), "name", "config.name", s.Name, nil)
		c.that(!names[s.Name], "name", "config.twice", s.Name, nil)
		names[s.Name] = true
		c.that(nameForm.MatchString(s.Source), "source", "config.name", s.Source, nil)
		c.that(s.Format == "" || s.Format == "csv" || s.Format == "json", "format", "config.one_of", s.Format,
			refusal.Args{"allowed": "csv, json"})
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

// schedule reads when a source is looked at.
func (c *checker) schedule(spec string) schedule.Schedule {
	plan, wrong := schedule.Parse(spec)
	if wrong != nil {
		wrong.Path = c.at + "schedule"
		c.wrong = append(c.wrong, *wrong)
	}
	return plan
}
