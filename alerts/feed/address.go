package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

const (
	// fetchTime is the most that one request may take, redirects and body included.
	fetchTime = time.Minute
	// maxRedirects is how many a request follows.
	maxRedirects = 5
)

// errNothingNew says that an address answered and brought nothing that was not answered before.
var errNothingNew = errors.New("nothing new")

// newClient returns the client of one feed: TLS as by default, and a deadline, which the default client has not.
func newClient() *http.Client {
	return &http.Client{Timeout: fetchTime, Transport: http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: checkRedirect}
}

// checkRedirect follows at most maxRedirects, and only on the web. The Referer would carry our query, and with it
// perhaps a key, to another host.
func checkRedirect(req *http.Request, via []*http.Request) error {
	req.Header.Del("Referer")
	if !web(req.URL) {
		return fmt.Errorf("redirected to %s, which is neither http nor https", req.URL.Scheme)
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("redirected more than %d times", maxRedirects)
	}
	return nil
}

// lookAddress asks the address, offers what is new, and returns when to ask again if the handler was not ready. A fault
// of the address itself waits for the schedule, for its publisher follows a schedule too.
func (f *feed) lookAddress(ctx context.Context) (again time.Duration) {
	d, raw, got, err := f.fetch(ctx)
	var why *refusal.Error
	switch {
	case ctx.Err() != nil:
		return 0
	case errors.Is(err, errNothingNew):
		f.met("")
		if got != (address{}) {
			f.set(func(s *state) { s.Address = got })
		}
		return 0
	case err != nil && !errors.As(err, &why):
		f.met("address brought no document; tried again on schedule: "+clean(err), "url", redact(f.URL))
		return 0
	}
	f.met("")
	if err == nil {
		err = f.offer(ctx, d)
	}
	if later(err) {
		f.log.Warn("document not taken yet and fetched again later", "url", redact(f.URL), "error", err)
		return f.retry()
	}
	if errors.As(err, &why) {
		f.log.Error("document refused", "url", redact(f.URL), "error", err)
		f.refuseFetched(raw, d.Format, why)
	}
	f.set(func(s *state) { s.Address = got })
	return 0
}

// fetch returns the document at the address, its bytes as they came, and what to remember once it is answered. It
// returns errNothingNew, with newer validators if there are any; a refusal where no handler needs to see the document,
// without its bytes where they are too many; or any other error.
func (f *feed) fetch(ctx context.Context) (d Document, raw []byte, got address, err error) {
	got.URL = digest([]byte(f.URL))
	last := f.get().Address
	if last.URL != got.URL {
		last = address{}
	}
	res, err := f.ask(ctx, last)
	if err != nil {
		return d, nil, got, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotModified {
		return d, nil, address{}, errNothingNew
	}
	if res.StatusCode != http.StatusOK {
		return d, nil, got, fmt.Errorf("status %d", res.StatusCode)
	}
	got.ETag, got.LastModified = res.Header.Get("ETag"), res.Header.Get("Last-Modified")
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSize+1))
	if err != nil {
		return d, nil, got, err // also a body shorter than was announced
	}
	if len(body) > maxSize {
		return d, nil, got, refusal.New(refusal.TooLarge, "feed.too_large_url", refusal.Args{"limit": maxSize})
	}
	if got.Body = digest(body); got.Body == last.Body {
		return d, nil, got, errNothingNew
	}
	d = Document{Feed: f.Name, Source: f.Source.Source, Name: redact(f.URL), At: f.responseTime(res.Header)}
	if d.Format, err = f.formatOf(res); err != nil {
		return d, body, got, err
	}
	d.Body, err = DecodeText(body)
	return d, body, got, err
}

// ask sends the request, conditional on what was answered last.
func (f *feed) ask(ctx context.Context, last address) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "qingkong")
	if last.ETag != "" {
		req.Header.Set("If-None-Match", last.ETag)
	}
	if last.LastModified != "" {
		req.Header.Set("If-Modified-Since", last.LastModified)
	}
	return f.client.Do(req)
}

// responseTime is when the document was last changed, or else was sent, or else now.
func (f *feed) responseTime(h http.Header) time.Time {
	for _, name := range []string{"Last-Modified", "Date"} {
		if t, err := http.ParseTime(h.Get(name)); err == nil {
			return f.moment(t)
		}
	}
	return f.moment(time.Now())
}

// formatOf is the feed's format, or what the Content-Type says, or for one that says nothing the ending of the path.
// The configuration comes first, for many servers send everything as text/plain.
func (f *feed) formatOf(res *http.Response) (string, error) {
	if f.Format != "" {
		return f.Format, nil
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	ending := strings.ToLower(path.Ext(res.Request.URL.Path))
	general := kind == "" || kind == "text/plain" || kind == "application/octet-stream"
	switch {
	case kind == "application/json", strings.HasSuffix(kind, "+json"), general && ending == ".json":
		return "json", nil
	case kind == "text/csv", kind == "application/csv", general && ending == ".csv":
		return "csv", nil
	}
	return "", refusal.New(refusal.UnsupportedMedia, "feed.format_unknown", refusal.Args{"type": kind})
}

// redact is a URL as it may be shown: scheme, host and path. A user, a password and a query may be secrets.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not a URL)" // whatever it is, it may hold a secret as well
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// secrets matches, in the text of an error, what redact leaves out of a URL: of ours, or of one that a server sent
// us to.
var secrets = regexp.MustCompile(`//[^/@\s"]*@|[?#][^\s"]*`)

// clean is the text of an error of the HTTP client without secrets of a URL.
func clean(err error) string {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // its own text repeats the whole URL
	}
	return secrets.ReplaceAllStringFunc(err.Error(), func(s string) string {
		if strings.HasPrefix(s, "//") {
			return "//…@"
		}
		return s[:1] + "…"
	})
}
