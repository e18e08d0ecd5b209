package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

func newFactorCommand() *cobra.Command {
	return group("factor", "自己的二次验证（one's own second factor）",
		"  qingkong factor enrol --password-file my.password"+exampleApprover+"\n  qingkong factor show"+exampleApprover,
		remoteCommand{
			use:     "show",
			short:   "是否绑定了二次验证（whether one is enrolled, and whether approving takes one）",
			example: "  qingkong factor show" + exampleApprover,
		}.command(showing(calls.Factor, tellFactor)), newFactorEnrol())
}

// exampleApprover stands in the examples.
var exampleApprover = strings.Replace(exampleServer, "duty", "approver", 1)

func newFactorEnrol() *cobra.Command {
	var password string
	return remoteCommand{
		use:   "enrol --password-file FILE",
		short: "绑定或更换二次验证（enrol a second factor, or replace it）",
		long: "显示二维码和密钥，用手机上的验证器扫码，再输入它显示的 6 位验证码；已经绑定的，先问原来那个的验证码。口令是自己当前的口令。\n" +
			"此后批准预警和清单要带 --otp。丢了验证器，请管理员用 account reset-factor 重置。\n" +
			"Shows a QR code and a secret to scan with an authenticator, then asks for the six digits that it shows; where there is a\n" +
			"factor, for a code of that first. The password is one's own. From then on approving takes --otp. Where the authenticator\n" +
			"is lost, an administrator resets it with account reset-factor.",
		example: "  qingkong factor enrol --password-file my.password" + exampleApprover,
		needs:   []string{"password-file"},
		whole:   "a file has the password, and whoever sits there is asked for the rest",
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&password, "password-file", "", "当前口令文件，一行，权限 0600（file with the current password: one line, mode 0600）")
		},
		fill: func(r *request) error {
			text, err := os.ReadFile(password)
			if err != nil {
				return err
			}
			r.body["current"] = strings.TrimRight(string(text), "\r\n")
			return enrol(r)
		},
	}.command(showing(calls.EnrolFactor, tellFactor))
}

// enrol shows a new secret and asks for the codes of the old one and of the new.
func enrol(r *request) error {
	ask := prompt{bufio.NewReader(r.cmd.InOrStdin()), r.cmd.ErrOrStderr()}
	state, err := fetch[calls.FactorState](r, calls.Factor.Call)
	if err == nil && state.At != nil {
		r.body["old_otp"], err = ask.line("cli.factor_old")
	}
	if err != nil {
		return err
	}
	draft, err := fetch[calls.FactorDraft](r, calls.NewFactor.Call)
	if err != nil {
		return err
	}
	picture, err := blocks(draft.URI)
	if err != nil {
		return err
	}
	fmt.Fprintf(ask.out, "%s%s\n%s\n", picture, draft.Secret, draft.URI)
	r.body["secret"] = draft.Secret
	r.body["otp"], err = ask.line("cli.factor_first")
	return err
}

// prompt asks the person at the terminal. It writes to stderr, so that stdout holds the answer alone.
type prompt struct {
	in  *bufio.Reader
	out io.Writer
}

func (p prompt) line(rule string) (string, error) {
	fmt.Fprint(p.out, bothLanguages(rule, nil)+" ")
	text, err := p.in.ReadString('\n')
	if text = strings.TrimSpace(text); text == "" {
		if errors.Is(err, io.EOF) || err == nil {
			err = newError("cli.factor_no_code", nil)
		}
		return "", err
	}
	return text, nil
}

func tellFactor(out io.Writer, f calls.FactorState, r *request) error {
	return printMembers(out, r.answer, words[calls.FactorState]{}, f, members{"factor_at", "required"})
}

// blocks draws a QR code with half blocks, light on dark as terminals mostly are, with the border that readers need.
func blocks(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	const quiet = 2
	size := code.Bounds().Dx()
	light := func(x, y int) int {
		if x < 0 || y < 0 || x >= size || y >= size {
			return 1
		}
		if r, _, _, _ := code.At(x, y).RGBA(); r != 0 {
			return 1
		}
		return 0
	}
	var b strings.Builder
	for y := -quiet; y < size+quiet; y += 2 {
		for x := -quiet; x < size+quiet; x++ {
			b.WriteString([]string{" ", "▀", "▄", "█"}[light(x, y)+2*light(x, y+1)])
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

const otpHelp = "绑定了二次验证的，批准须带 --otp；其他操作带上它，就不注明管理员看过口令。\n" +
	"Who has a second factor approves with --otp; with other acts it ends the notice that an administrator saw the secret."

// seenText says that an administrator has seen the secret of an act's author; empty where nobody has.
func seenText(actor string, s *alerts.SecretSeen) string {
	if s == nil {
		return ""
	}
	return pair("access.seen", refusal.Args{"actor": actor, "by": s.By, "at": clockText(&s.At),
		"how": refusal.Words("access.how."+s.How, nil)})
}

// sightText is when and how an administrator came by a secret; "" for never.
func sightText(s *calls.Sight) string {
	if s == nil {
		return ""
	}
	return clockText(&s.At) + "  " + s.By + "  " + pair("access.how."+s.How, nil)
}

func factorText(at *time.Time) string {
	if at == nil {
		return pair("cli.no_factor", nil)
	}
	return clockText(at)
}
