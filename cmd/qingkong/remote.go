package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// remote is a running coordinator that a command talks to over HTTP.
type remote struct {
	url, tokenFile string
	trust          trust
	client         *http.Client // nil before the first call
}

func (s *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.url, "server", "", "协调程序地址（address of the coordinator, like http://127.0.0.1:8080）")
	cmd.Flags().StringVar(&s.tokenFile, "token-file", "", "令牌文件（file with an API token）")
	s.trust.flags(cmd)
}

// call is a command that is a call of the HTTP interface.
type call struct {
	remote
	key    string // for a POST: under which a repeat takes effect once
	asJSON bool
}

func (c *call) add(cmd *cobra.Command, post bool) {
	c.flags(cmd)
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "输出服务器返回的 JSON（print the server's JSON）")
	if post {
		cmd.Flags().StringVar(&c.key, "idempotency-key", "",
			"重发时沿用同一个键，只生效一次；缺省为随机（key under which a repeat takes effect once; default random）")
	}
}

// check refuses a command line that lacks one of the flags, or whose --server is no address.
func (c *call) check(cmd *cobra.Command, flags ...string) error {
	if err := requireFlags(cmd, append([]string{"server", "token-file"}, flags...)...); err != nil {
		return err
	}
	if u, err := url.Parse(c.url); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usage("--server %q is no address like http://127.0.0.1:8080", c.url)
	} else if u.Scheme == "http" && c.trust.set() {
		return usage("--ca, --cert and --key go with an address that begins with https://, not with %q", c.url)
	}
	return c.trust.check()
}

// do sends a request, over TLS as the flags say.
func (s *remote) do(req *http.Request) (*http.Response, error) {
	if s.client == nil {
		config, err := s.trust.config()
		if err != nil {
			return nil, err
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = config
		s.client = &http.Client{Transport: transport}
	}
	return s.client.Do(req) // #nosec G704 -- whoever runs the command names the server
}

// send makes a call at a path. The error of an act whose outcome is not known says how to repeat it safely.
func (s *remote) send(ctx context.Context, of *calls.Call, path, key string, body []byte) ([]byte, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	method, media, wait := of.Method, "application/json", time.Minute
	if of.Upload {
		media, wait = "application/octet-stream", 6*time.Minute // the server's own bound is less
	}
	if of.Table > 0 && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		media = calls.CSVMedia
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	to := strings.TrimRight(s.url, "/") + calls.Prefix + path
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if of.HasBody() {
		req.Header.Set("Content-Type", media)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.do(req)
	if err != nil {
		if refusal.CodeOf(err) != "" {
			return nil, err
		}
		if trouble := tlsTrouble(s.url, err); trouble != nil {
			return nil, trouble
		}
		if failed := (*net.OpError)(nil); errors.As(err, &failed) && failed.Op == "dial" {
			return nil, wrapError("cli.unreachable", refusal.Args{"url": s.url}, err)
		}
		return nil, unknown(method, key, body, err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, unknown(method, key, body, err)
	}
	switch {
	case resp.StatusCode/100 == 2:
		return text, nil
	// net/http says so, before any handler
	case resp.StatusCode == http.StatusBadRequest &&
		strings.HasSuffix(strings.TrimSpace(string(text)), "to an HTTPS server."):
		return nil, refusal.New(refusal.Invalid, "tls.wanted", refusal.Args{"url": s.url})
	case resp.StatusCode >= 500:
		return nil, unknown(method, key, body, problemOf(resp.Status, text))
	}
	return nil, problemOf(resp.Status, text)
}

// unknown is the error of a call without an answer; that of an act says how to repeat it.
func unknown(method, key string, body []byte, err error) error {
	switch method {
	case http.MethodPost:
		return fmt.Errorf("%w; %s", err,
			bothLanguages("cli.outcome_unknown", refusal.Args{"flags": "--idempotency-key " + key + repeatOf(body)}))
	case http.MethodDelete, http.MethodPut:
		return fmt.Errorf("%w; %s", err, bothLanguages("cli.repeat", nil))
	}
	return err
}

// wrapError is an error in the words of the catalogue, and its cause.
func wrapError(rule string, args refusal.Args, cause error) error {
	return fmt.Errorf("%s: %w", bothLanguages(rule, args), cause)
}

// serverProblem is a problem document as one line.
type serverProblem struct{ state, line string }

func (p *serverProblem) Error() string { return p.line }

// problemOf reads a problem document; any other answer becomes an error that names its status.
func problemOf(status string, text []byte) error {
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		State  string `json:"state"`
		Errors []struct {
			Path    string `json:"path"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return newError("cli.status", refusal.Args{"status": status})
	}
	line := p.Code + ": " + p.Detail
	for _, e := range p.Errors {
		line += "; " + strings.TrimPrefix(e.Path+": ", ": ") + e.Message
	}
	return &serverProblem{state: p.State, line: line}
}

// repeatOf is the flag that a repeat needs besides the key: the revision that was acted on, if there was one.
func repeatOf(body []byte) string {
	var in struct {
		Revision int `json:"revision"`
	}
	if json.Unmarshal(body, &in) != nil || in.Revision == 0 {
		return ""
	}
	return fmt.Sprintf(" --revision %d", in.Revision)
}

func (s *remote) token() (string, error) {
	text, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return "", wrapError("cli.token_unreadable", nil, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, unicode.IsSpace) {
		return "", newError("cli.token_wrong", refusal.Args{"file": s.tokenFile})
	}
	return token, nil
}

// understand reads an answer of the server.
func understand(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	if err == nil && string(bytes.TrimSpace(text)) == "null" {
		err = errors.New("null")
	}
	if err != nil {
		return wrapError("cli.not_understood", nil, err)
	}
	return nil
}

// oneID takes the one argument that a command is about. A dot alone would be another path.
func oneID(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("one %s is wanted, %d were given", what, len(args))
		}
		return checkID(what, args[0])
	}
}

func checkID(what, id string) error {
	if strings.Trim(id, ". ") == "" {
		return usage("%q is no %s", id, what)
	}
	return nil
}

// Times are given as RFC 3339 has them, or like this in Shanghai.
const clockForm = "2006-01-02 15:04"

const timeHelp = "时间写成 \"2016-12-16 20:00\"（北京时间，一天之末可写 24:00）或 RFC 3339。\nTimes are like \"2016-12-16 20:00\" (Asia/Shanghai; a day ends at 24:00) or as RFC 3339 has them."

func readMoment(flag, text string) (time.Time, error) {
	at, ok := refusal.ReadTime(text)
	if !ok {
		return at, usage(`--%s %q is no time; write it like "2016-12-16 20:00" or 2016-12-16T20:00:00+08:00`, flag, text)
	}
	return at, nil
}

// untilText is the end of a period; the end of a day is its 24:00.
func untilText(at *time.Time) string {
	if at == nil || at.IsZero() {
		return ""
	}
	return alerts.EndText(*at)
}

func clockText(at *time.Time) string {
	if at == nil || at.IsZero() {
		return ""
	}
	return at.In(alerts.Shanghai()).Format(clockForm)
}
