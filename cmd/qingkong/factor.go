package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

func newFactorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "factor",
		Short: "自己的二次验证（one's own second factor）",
		Example: "  qingkong factor enrol --password-file my.password" + exampleApprover + "\n" +
			"  qingkong factor show" + exampleApprover,
	}
	cmd.AddCommand(newFactorShow(), newFactorEnrol())
	return cmd
}

// exampleApprover stands in the examples.
var exampleApprover = strings.Replace(exampleServer, "duty", "approver", 1)

func newFactorShow() *cobra.Command {
	var c call
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "是否绑定了二次验证（whether one is enrolled, and whether approving takes one）",
		Example: "  qingkong factor show" + exampleApprover,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			answer, err := c.get(cmd.Context(), "/me/factor")
			return c.printFactor(cmd.OutOrStdout(), answer, err)
		},
	}
	c.add(cmd, false)
	return cmd
}

func newFactorEnrol() *cobra.Command {
	var c call
	var password string
	cmd := &cobra.Command{
		Use:   "enrol --password-file FILE",
		Short: "绑定或更换二次验证（enrol a second factor, or replace it）",
		Long: "显示二维码和密钥，用手机上的验证器扫码，再输入它显示的 6 位验证码；已经绑定的，先问原来那个的验证码。口令是自己当前的口令。\n" +
			"此后批准预警和清单要带 --otp。丢了验证器，请管理员用 account reset-factor 重置。\n" +
			"Shows a QR code and a secret to scan with an authenticator, then asks for the six digits that it shows; where there is a\n" +
			"factor, for a code of that first. The password is one's own. From then on approving takes --otp. Where the authenticator\n" +
			"is lost, an administrator resets it with account reset-factor.",
		Example: "  qingkong factor enrol --password-file my.password" + exampleApprover,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd, "password-file"); err != nil {
				return err
			}
			text, err := os.ReadFile(password)
			if err != nil {
				return err
			}
			return c.enrol(cmd, strings.TrimRight(string(text), "\r\n"))
		},
	}
	c.add(cmd, false)
	cmd.Flags().StringVar(&password, "password-file", "", "当前口令文件，一行，权限 0600（file with the current password: one line, mode 0600）")
	return cmd
}

func (c *call) enrol(cmd *cobra.Command, password string) error {
	ask := asking{bufio.NewReader(cmd.InOrStdin()), cmd.ErrOrStderr()}
	in := calls.Enrolment{Current: password}
	answer, err := c.get(cmd.Context(), "/me/factor")
	var state calls.FactorState
	if err == nil {
		err = understand(answer, &state)
	}
	if err == nil && state.At != nil {
		in.OldOTP, err = ask.line("cli.factor_old")
	}
	if err != nil {
		return err
	}
	if answer, err = c.get(cmd.Context(), "/me/factor/secret"); err != nil {
		return err
	}
	var draft calls.FactorDraft
	if err := understand(answer, &draft); err != nil {
		return err
	}
	picture, err := blocks(draft.URI)
	if err != nil {
		return err
	}
	fmt.Fprintf(ask.say, "%s%s\n%s\n", picture, draft.Secret, draft.URI)
	in.Secret = draft.Secret
	if in.OTP, err = ask.line("cli.factor_first"); err != nil {
		return err
	}
	answer, err = c.act(cmd.Context(), "/me/factor", in)
	return c.printFactor(cmd.OutOrStdout(), answer, err)
}

// asking asks whoever sits at the terminal; what is printed for a program stays clean of it.
type asking struct {
	in  *bufio.Reader
	say io.Writer
}

func (a asking) line(rule string) (string, error) {
	fmt.Fprint(a.say, bothLanguages(rule, nil)+" ")
	text, err := a.in.ReadString('\n')
	if text = strings.TrimSpace(text); text == "" {
		if errors.Is(err, io.EOF) || err == nil {
			err = errors.New(bothLanguages("cli.factor_no_code", nil))
		}
		return "", err
	}
	return text, nil
}

func (c *call) printFactor(out io.Writer, answer []byte, err error) error {
	if err != nil {
		return err
	}
	if c.asJSON {
		return printAnswer(out, answer)
	}
	var f calls.FactorState
	if err := understand(answer, &f); err != nil {
		return err
	}
	return printFacts(out, answer, []fact{{"factor_at", clockText(f.At)}, {"required", yesNo(f.Required)}})
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

// otpMember is a flag of the acts in the two-person rule.
var otpMember = member{flag: "otp", help: "验证器上现在的 6 位验证码（the six digits that your authenticator shows now）"}

const otpHelp = "绑定了二次验证的，批准须带 --otp；其他操作带上它，就不注明管理员看过口令。\n" +
	"Who has a second factor approves with --otp; with other acts it ends the notice that an administrator saw the secret."

// seenText is what an act says of who did it; empty for nothing.
func seenText(actor string, s *alerts.SecretSeen) string {
	if s == nil {
		return ""
	}
	return pair("access.seen", refusal.Args{"actor": actor, "by": s.By, "at": clockText(&s.At), "how": refusal.Words("access.how."+s.How, nil)})
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
