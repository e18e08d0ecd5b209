package service_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/pquerna/otp/totp"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/reductionlist"
)

// office is a world with an administrator, a duty officer and an approver, whose secrets no administrator has seen.
type office struct {
	*servicetest.World
	t         *testing.T
	log       *bytes.Buffer
	passwords map[string]string
}

func newOffice(t *testing.T, change ...func(*service.Settings)) *office {
	t.Helper()
	o := &office{t: t, log: new(bytes.Buffer), passwords: map[string]string{}}
	o.World = servicetest.New(t, slog.New(slog.NewTextHandler(o.log, nil)), change...)
	o.Import(&reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2016-01-01",
		Recipients: []*reductionlist.Recipient{
			{ID: "E0001", Type: reductionlist.Enterprise, Name: "示例企业", Town: "大寺镇", Industry: "C3360"}}})
	for user, role := range map[string]calls.Role{"admin": calls.Admin, "duty": calls.Duty, "approver": calls.Approver} {
		o.passwords[user] = o.Account(user, role, "示例", "").Password
	}
	return o
}

// reissued has the administrator give an account new secrets.
func (o *office) reissued(user string) {
	o.t.Helper()
	issued, err := servicetest.Say(o.t.Context(), o.Svc, "admin", "", calls.RenewAccount, user, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	o.passwords[user] = issued.Password
}

// declared enters a drill, of which the last is ended first; otp may be empty.
func (o *office) declared(level alerts.Level, otp string) (*alerts.Warning, error) {
	o.t.Helper()
	var live *alerts.Warning
	if err := o.Svc.J.View(func(tx *bbolt.Tx) (err error) {
		live, err = alerts.LiveDrill(tx, "120111")
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	if live != nil {
		if _, err := servicetest.WarningAct(o.t.Context(), o.Svc, "duty", "", live.ID, "cancel",
			fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, live.Revision)); err != nil {
			o.t.Fatal(err)
		}
	}
	return servicetest.Say(o.t.Context(), o.Svc, "duty", "", calls.Declare, "",
		fmt.Appendf(nil, `{"level":%q,"trigger":"own_forecast","drill":true,"otp":%q}`, level, otp))
}

func (o *office) pending() *alerts.Warning {
	o.t.Helper()
	w, err := o.declared(alerts.Orange, "")
	if err != nil || w.State != alerts.PendingApproval {
		o.t.Fatalf("%+v, %v", w, err)
	}
	return w
}

func (o *office) approve(key string, w *alerts.Warning, otp string) (*alerts.Warning, error) {
	o.t.Helper()
	body := fmt.Sprintf(`{"revision":%d}`, w.Revision)
	if otp != "" {
		body = fmt.Sprintf(`{"revision":%d,"otp":%q}`, w.Revision, otp)
	}
	return servicetest.WarningAct(o.t.Context(), o.Svc, "approver", key, w.ID, "approve", []byte(body))
}

// said is what the history says of who did an event, as by/how.
func said(w *alerts.Warning, event string) string {
	for _, h := range w.History {
		if h.Event == event && h.SecretSeen != nil {
			return h.SecretSeen.By + "/" + h.SecretSeen.How
		}
	}
	return ""
}

// ruleOf is the rule of a refusal, that of its first field where there is one.
func ruleOf(err error) string {
	e, ok := err.(*refusal.Error)
	switch {
	case !ok:
		return fmt.Sprint(err)
	case len(e.Fields) > 0:
		return e.Fields[0].Path + " " + e.Fields[0].Rule
	}
	return e.Rule
}

func (o *office) refused(err error, rule string) {
	o.t.Helper()
	if got := ruleOf(err); got != rule {
		o.t.Errorf("refused with %s, want %s", got, rule)
	}
}

func (o *office) sound() {
	o.t.Helper()
	if r, err := o.Svc.J.Check(o.t.Context()); err != nil || !r.OK {
		o.t.Errorf("the record: %v, %v", r.Problems, err)
	}
}

// Of a secret that init or a demo made, nobody is said to have seen it. Of one that an administrator issued it is said
// for 30 days, whatever password the owner has chosen meanwhile, and then no more.
func TestAnActSaysForThirtyDaysThatAnAdministratorSawTheSecret(t *testing.T) {
	o := newOffice(t)
	act := func() string {
		t.Helper()
		w, err := o.declared(alerts.Yellow, "")
		if err != nil {
			t.Fatal(err)
		}
		return said(w, "declared")
	}
	if got := act(); got != "" {
		t.Errorf("of a secret that init made the act says %q", got)
	}
	o.reissued("duty")
	if who, err := o.Svc.ChangePassword(t.Context(), "duty", o.passwords["duty"], "七只白鹭 at the river 9"); who == nil {
		t.Fatalf("the password was not changed: %v", err)
	}
	if got := act(); got != "admin/issued" {
		t.Errorf("after a password of its own the act says %q", got)
	}
	o.Elapse(access.SightLasts - 2*time.Minute)
	if got := act(); got != "admin/issued" {
		t.Errorf("shortly before the 30 days are over the act says %q", got)
	}
	o.Elapse(3 * time.Minute)
	if got := act(); got != "" {
		t.Errorf("after 30 days the act says %q", got)
	}
	if _, err := servicetest.Say(t.Context(), o.Svc, "admin", "", calls.AddToken, "duty", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if got := act(); got != "admin/token" {
		t.Errorf("after a token was added the act says %q", got)
	}
	o.sound()
}

// Who administrates may have an account that bears the name of a program: it is no program.
func TestAnAccountWithAProgramsNameIsSeenAsAnyOther(t *testing.T) {
	o := newOffice(t)
	o.Account("demo", calls.Admin, "示例", "")
	if _, err := servicetest.Say(t.Context(), o.Svc, "demo", "", calls.RenewAccount, "duty", nil); err != nil {
		t.Fatal(err)
	}
	w, err := o.declared(alerts.Yellow, "")
	if err != nil || said(w, "declared") != "demo/issued" {
		t.Errorf("the act says %q (%v)", said(w, "declared"), err)
	}
}

// Every act in the rule says it: declaring, asking for another level, changing it, entering a rejected one anew, going
// on by telephone, approving; and of a list beginning, approving and activating it.
func TestEveryActInTheTwoPersonRuleSaysIt(t *testing.T) {
	o := newOffice(t)
	o.reissued("duty")
	o.reissued("approver")
	do := func(w *alerts.Warning, actor, act, more string) *alerts.Warning {
		t.Helper()
		next, err := servicetest.WarningAct(t.Context(), o.Svc, actor, "", w.ID, act,
			fmt.Appendf(nil, `{"revision":%d%s}`, w.Revision, more))
		if err != nil {
			t.Fatalf("%s: %v", act, err)
		}
		return next
	}
	w := o.pending()
	w = do(w, "approver", "reject", `,"reason":"示例"`)
	w = do(w, "duty", "revise", `,"reason":"示例"`)
	w = do(w, "approver", "approve", "")
	w = do(w, "duty", "adjust", `,"level":"red"`)
	w = do(w, "duty", "emergency-approve",
		fmt.Sprintf(`,"authority":"示例","called_at":%q,"reason":"示例"`, o.Clock.Now().Format(time.RFC3339)))
	w = do(w, "duty", "adjust", `,"level":"yellow"`)
	w2, err := servicetest.WarningAct(t.Context(), o.Svc, "approver", "", w.ID, "approve",
		fmt.Appendf(nil, `{"revision":%d}`, w.Revision))
	if err != nil {
		o.refused(err, "warning.same_person")
	} else {
		w = w2
	}
	for _, event := range []string{"declared", "revised", "approved", "raise_asked", "emergency_approved", "upgraded",
		"downgraded"} {
		if got := said(w, event); got != "admin/issued" {
			t.Errorf("%s says %q", event, got)
		}
	}
	if got := said(w.Public(), "approved"); got != "" {
		t.Errorf("outside the office it says %q", got)
	}
	draft := o.draft("duty")
	v, err := servicetest.Say(t.Context(), o.Svc, "approver", "", calls.ApproveList, draft.ID,
		fmt.Appendf(nil, `{"revision":%d}`, draft.Revision))
	if err != nil {
		t.Fatal(err)
	}
	if v, err = servicetest.Say(t.Context(), o.Svc, "duty", "", calls.ActivateList, v.ID,
		fmt.Appendf(nil, `{"revision":%d}`, v.Revision)); err != nil {
		t.Fatal(err)
	}
	for act, s := range map[string]*alerts.SecretSeen{"begun": v.BegunSeen, "approved": v.ApprovedSeen,
		"activated": v.ActivatedSeen} {
		if s == nil || s.By != "admin" {
			t.Errorf("the list was %s and says %+v", act, s)
		}
	}
	o.sound()
}

// draft is an amendment of the list in force.
func (o *office) draft(actor string) calls.Version {
	o.t.Helper()
	v, err := servicetest.Say(o.t.Context(), o.Svc, actor, "", calls.AmendList, "",
		[]byte(`{"recipient_id":"E0001","recipient":{"town":"杨柳青镇","grade":"C","category":"general"},"reason":"示例","effective_from":"2016-12-20"}`))
	if err != nil {
		o.t.Fatal(err)
	}
	return v.Version
}

// The one thing that ends what an act says is a code of a factor that was there before the administrator saw the
// secret: not of one enrolled since, nor of one in the place of one that the administrator reset.
func TestOnlyACodeOfAFactorEnrolledBeforeEndsIt(t *testing.T) {
	o := newOffice(t)
	secret := o.Factor("duty", o.passwords["duty"])
	act := func(secret string) string {
		t.Helper()
		otp := ""
		if secret != "" {
			otp = o.Code(secret)
			o.Clock.Add(30 * time.Second)
		}
		w, err := o.declared(alerts.Yellow, otp)
		if err != nil {
			t.Fatal(err)
		}
		return said(w, "declared")
	}
	o.reissued("duty")
	for _, c := range []struct{ what, secret, want string }{
		{"without a code", "", "admin/issued"}, {"with one of the factor there was", secret, ""},
		{"without one again", "", "admin/issued"}} {
		if got := act(c.secret); got != c.want {
			t.Errorf("%s the act says %q, want %q", c.what, got, c.want)
		}
	}
	if _, err := o.Svc.ResetFactor(t.Context(), service.By("admin"), calls.ByID{ID: "duty"}); err != nil {
		t.Fatal(err)
	}
	later := o.Factor("duty", o.passwords["duty"])
	if got := act(later); got != "admin/reset" {
		t.Errorf("with a code of a factor enrolled after the reset the act says %q", got)
	}
	o.Elapse(access.SightLasts)
	o.reissued("duty")
	if got := act(later); got != "" {
		t.Errorf("30 days after the reset, with a code of the factor enrolled since, the act says %q", got)
	}
	o.sound()
}

// A code is taken once: not again, not one before it, not by two acts that are decided in one block, and not of a
// factor that is no longer in force.
func TestACodeIsTakenOnce(t *testing.T) {
	o := newOffice(t)
	secret := o.Factor("approver", o.passwords["approver"])
	before := o.Code(secret)
	o.Clock.Add(30 * time.Second)
	code := o.Code(secret)
	w := o.pending()
	if _, err := o.approve("", w, code); err != nil {
		t.Fatal(err)
	}
	w = o.pending()
	for what, again := range map[string]string{"the same": code, "the one before": before} {
		if _, err := o.approve("", w, again); ruleOf(err) != "otp access.otp_used" {
			t.Errorf("%s code again: %v", what, err)
		}
	}
	o.Clock.Add(30 * time.Second)
	code = o.Code(secret)
	var wg sync.WaitGroup
	taken := make(chan bool, 8)
	for range cap(taken) {
		wg.Go(func() {
			_, err := o.approve("", w, code)
			taken <- err == nil
		})
	}
	wg.Wait()
	n := 0
	for range cap(taken) {
		if <-taken {
			n++
		}
	}
	if n != 1 {
		t.Errorf("of eight at once with one code %d were taken", n)
	}
	for h := uint64(1); h <= o.Svc.J.Height(); h++ {
		if err := o.Svc.J.View(func(tx *bbolt.Tx) error {
			if text := journal.ReadBlock(tx, h); bytes.Contains(text, []byte(`"`+code+`"`)) ||
				bytes.Contains(text, []byte(secret)) {
				t.Errorf("block %d holds a code or the secret", h)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(o.log.String(), code) || strings.Contains(o.log.String(), secret) {
		t.Error("the log holds a code or the secret")
	}
	o.sound()
}

// Where there is a factor, who approves gives a code; a repeat of the request under its key is answered without looking
// at any.
func TestARepeatUnderItsKeyTakesNoCode(t *testing.T) {
	o := newOffice(t)
	secret := o.Factor("approver", o.passwords["approver"])
	w := o.pending()
	_, err := o.approve("k", w, "")
	o.refused(err, "otp access.otp_wanted")
	_, err = o.approve("k", w, "12345")
	o.refused(err, "otp access.otp_form")
	_, err = o.approve("k", w, o.wrong(secret))
	o.refused(err, "otp access.otp_wrong")
	first, err := o.approve("k", w, o.Code(secret))
	if err != nil || first.State != alerts.Active {
		t.Fatalf("%+v, %v", first, err)
	}
	height := o.Svc.J.Height()
	o.Clock.Add(10 * time.Minute)
	for _, otp := range []string{"", o.wrong(secret), "no code", o.Code(secret)} {
		again, err := o.approve("k", w, otp)
		if err != nil || again.Revision != first.Revision || again.State != alerts.Active {
			t.Errorf("the repeat with %q: %+v, %v", otp, again, err)
		}
	}
	w.Revision++
	_, err = o.approve("k", w, o.wrong(secret))
	o.refused(err, "journal.key_reused")
	if now := o.Svc.J.Height(); now != height {
		t.Errorf("repeats wrote blocks %d to %d", height+1, now)
	}
	o.sound()
}

// wrong is a code of none of the steps that count now.
func (o *office) wrong(secret string) string {
	o.t.Helper()
	right := map[string]bool{}
	for _, d := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		code, err := totp.GenerateCode(secret, o.Clock.Now().Add(d))
		if err != nil {
			o.t.Fatal(err)
		}
		right[code] = true
	}
	for n := range 1000 {
		if code := fmt.Sprintf("%06d", n); !right[code] {
			return code
		}
	}
	return ""
}

// Five wrong codes of an account within a quarter of an hour close its codes, right ones too, for a quarter of an hour:
// those of no other account, and what is no code at all does not count.
func TestFiveWrongCodesCloseThoseOfTheAccount(t *testing.T) {
	o := newOffice(t)
	secret, other := o.Factor("approver", o.passwords["approver"]), o.Factor("duty", o.passwords["duty"])
	heard := ""
	o.Svc.Codes.Refused = func(user string, closed bool) {
		heard += user + map[bool]string{false: " wrong, ", true: " closed, "}[closed]
	}
	w := o.pending()
	for range 20 {
		_, err := o.approve("", w, "12 34")
		o.refused(err, "otp access.otp_form")
	}
	for range 5 {
		_, err := o.approve("", w, o.wrong(secret))
		o.refused(err, "otp access.otp_wrong")
	}
	_, err := o.approve("", w, o.Code(secret))
	o.refused(err, "access.otp_closed")
	if refusal.CodeOf(err) != refusal.RateLimited {
		t.Errorf("closed codes are refused with %s", refusal.CodeOf(err))
	}
	if _, err := o.declared(alerts.Orange, o.Code(other)); err != nil {
		t.Errorf("another account: %v", err)
	}
	if heard != "approver wrong, approver wrong, approver wrong, approver wrong, approver wrong, approver closed, " {
		t.Errorf("of the codes was heard: %s", heard)
	}
	o.Clock.Add(14 * time.Minute)
	w = o.pending()
	_, err = o.approve("", w, o.Code(secret))
	o.refused(err, "access.otp_closed")
	o.Clock.Add(time.Minute)
	if _, err := o.approve("", w, o.Code(secret)); err != nil {
		t.Errorf("after a quarter of an hour: %v", err)
	}
}

// Where the district requires it, nobody approves a warning or a list without a factor; with one it takes a code.
func TestWhereAFactorIsRequiredNobodyApprovesWithout(t *testing.T) {
	o := newOffice(t, func(s *service.Settings) { s.FactorRequired = true })
	w, v := o.pending(), o.draft("duty")
	_, err := o.approve("", w, "")
	o.refused(err, "access.factor_wanted")
	if refusal.CodeOf(err) != refusal.Forbidden {
		t.Errorf("refused with %s", refusal.CodeOf(err))
	}
	_, err = o.approve("", w, "123456")
	o.refused(err, "otp access.otp_no_factor")
	list := func(otp string) error {
		_, err := servicetest.Say(t.Context(), o.Svc, "approver", "", calls.ApproveList, v.ID,
			fmt.Appendf(nil, `{"revision":%d,"otp":%q}`, v.Revision, otp))
		return err
	}
	o.refused(list(""), "access.factor_wanted")
	secret := o.Factor("approver", o.passwords["approver"])
	_, err = o.approve("", w, "")
	o.refused(err, "otp access.otp_wanted")
	if _, err := o.approve("", w, o.Code(secret)); err != nil {
		t.Error(err)
	}
	o.refused(list(o.Code(secret)), "otp access.otp_used")
	o.Clock.Add(30 * time.Second)
	if err := list(o.Code(secret)); err != nil {
		t.Error(err)
	}
}

// A factor is its owner's: it takes the current password and a first code, and to replace one a code of that, unless an
// administrator has reset it.
func TestAFactorIsEnrolledByItsOwner(t *testing.T) {
	o := newOffice(t)
	draft, err := o.Svc.FactorDraft("approver", "")
	if err != nil || !strings.HasPrefix(draft.URI, "otpauth://totp/") || len(draft.Secret) != 32 {
		t.Fatalf("%+v, %v", draft, err)
	}
	enrol := func(password, secret, otp, old string) (bool, error) {
		who, err := o.Svc.EnrolFactor(t.Context(), "approver",
			calls.Enrolment{Current: password, Secret: secret, OTP: otp, OldOTP: old})
		return who != nil, err
	}
	right := o.passwords["approver"]
	if ok, err := enrol("wrong password", draft.Secret, o.Code(draft.Secret), ""); ok || err != nil {
		t.Errorf("with a wrong password: %v, %v", ok, err)
	}
	_, err = enrol(right, "MZXW6", o.Code(draft.Secret), "")
	o.refused(err, "secret access.factor_secret")
	_, err = enrol(right, draft.Secret, o.wrong(draft.Secret), "")
	o.refused(err, "otp access.otp_wrong")
	for range 2 { // the answer may be lost
		if ok, err := enrol(right, strings.ToLower(draft.Secret[:4])+" "+draft.Secret[4:], " "+o.Code(draft.Secret)+" ",
			""); !ok {
			t.Fatal(err)
		}
	}
	_, err = o.approve("", o.pending(), o.Code(draft.Secret))
	o.refused(err, "otp access.otp_used") // by the enrolment
	second, err := o.Svc.FactorDraft("approver", "")
	if err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(30 * time.Second)
	_, err = enrol(right, second.Secret, o.Code(second.Secret), "")
	o.refused(err, "old_otp access.otp_old_wanted")
	_, err = enrol(right, second.Secret, o.Code(second.Secret), o.wrong(draft.Secret))
	o.refused(err, "old_otp access.otp_wrong")
	if ok, err := enrol(right, second.Secret, o.Code(second.Secret), o.Code(draft.Secret)); !ok {
		t.Fatal(err)
	}
	if u, err := o.Svc.ResetFactor(t.Context(), service.By("admin"), calls.ByID{ID: "approver"}); err != nil ||
		u.FactorAt != nil || u.Reset == nil || u.Reset.By != "admin" || u.SecretSeen == nil {
		t.Errorf("after the reset: %+v, %v", u, err)
	}
	if ok, err := enrol(right, draft.Secret, o.Code(draft.Secret), ""); !ok {
		t.Errorf("after a reset: %v", err)
	}
	o.sound()
}
