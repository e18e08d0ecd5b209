package calls

import (
	"log/slog"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Person is a user as it sees itself.
type Person struct {
	User      string     `json:"user"`
	Role      Role       `json:"role"`
	Name      string     `json:"name"`
	Town      string     `json:"town"`
	Recipient string     `json:"recipient"`
	By        string     `json:"by,omitempty"`         // of GET /me
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // of a new session
}

// LoginInput is who signs in.
type LoginInput struct {
	User     string `json:"user" validate:"required"`
	Password string `json:"password" validate:"required"`
}

// PasswordChange is a password of the caller's own choosing.
type PasswordChange struct {
	Current  string `json:"current" validate:"required"`
	Password string `json:"password" validate:"required"`
}

// Session is one login of a browser as its user sees it.
type Session struct {
	ID      string    `json:"id"`
	BegunAt time.Time `json:"begun_at"`
	SeenAt  time.Time `json:"seen_at"` // to the minute
	Address string    `json:"address"` // where it began; empty for one that began before addresses were kept
	Device  string    `json:"device"`  // the same for all logins of one browser
	Browser string    `json:"browser"` // what the browser says it is
	Current bool      `json:"current"` // the one that asks
}

// Enrolment is a factor's secret, as it was handed out, with the current password, the first code and, where there is a
// factor already, a code of that one.
type Enrolment struct {
	Current string `json:"current" validate:"required"`
	Secret  string `json:"secret" validate:"required"`
	OTP     string `json:"otp" validate:"required"`
	OldOTP  string `json:"old_otp,omitempty"`
}

// FactorState is a user's factor as its owner sees it.
type FactorState struct {
	At       *time.Time `json:"factor_at"` // since when there is one; null for none
	Required bool       `json:"required"`  // approving takes one
}

// FactorDraft is a secret for an authenticator that nothing keeps yet.
type FactorDraft struct {
	Secret string `json:"secret"` // base32, for typing
	URI    string `json:"uri"`    // otpauth://…, for a QR code
}

// NewAccount is an account that is to be added. Name is a person's name and Phone where to call it, both of which go to
// the vault. Town is required for the role town.
type NewAccount struct {
	User string `json:"user" validate:"account"`
	Role string `json:"role" validate:"role"`
	Name string `json:"name" validate:"line=80"`
	Town string `json:"town" validate:"line=40"`

	Phone string `json:"phone" validate:"phones"`
}

// AccountPhone is where to call the person of an account; empty takes the number away.
type AccountPhone struct {
	ByID
	Phone string `json:"phone" validate:"phones"`
}

// OwnPhone is where to call the caller; empty takes the number away.
type OwnPhone struct {
	Phone string `json:"phone" validate:"phones"`
}

// NewToken is one token more for a user. Name says what the token is for, never a person. From ExpiresAt on it is
// refused; without one it has no end.
type NewToken struct {
	ByID
	Name      string     `json:"name" validate:"line=40"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// TokenOf names one token of a user.
type TokenOf struct {
	ByID
	Token string `path:"token" json:"-"`
}

// Issued is what is shown once. Only its JSON holds the secrets: logged or printed it gives the user alone.
type Issued struct {
	User     string `json:"user"`
	Password string `json:"password,omitempty"`
	Token    string `json:"token"`

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // of the token; nil for never
}

// String is the user without the secrets.
func (i Issued) String() string { return "credentials of " + i.User }

// GoString is the user without the secrets.
func (i Issued) GoString() string { return i.String() }

// LogValue is the user without the secrets.
func (i Issued) LogValue() slog.Value { return slog.StringValue(i.String()) }

// User is a user as others see it, without its secrets.
type User struct {
	User       string     `json:"user"`
	Role       Role       `json:"role"`
	Name       string     `json:"name"` // empty when it was erased
	Phone      string     `json:"phone,omitempty"`
	Town       string     `json:"town,omitempty"`
	Recipient  string     `json:"recipient,omitempty"`
	MNs        []string   `json:"mns,omitempty"`
	Disabled   bool       `json:"disabled"`
	PasswordAt *time.Time `json:"password_at"` // null when its credentials were revoked
	Tokens     []Token    `json:"tokens"`
	AddedAt    time.Time  `json:"added_at"`
	AddedBy    string     `json:"added_by"`
	FactorAt   *time.Time `json:"factor_at"`              // since when it has its second factor; null for none
	Reset      *Sight     `json:"factor_reset,omitempty"` // the last time its factor was reset
	SecretSeen *Sight     `json:"secret_seen,omitempty"`  // the last time an administrator came by its secret
}

// Token is one of a user's tokens, without its secret.
type Token struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`

	ExpiresAt *time.Time `json:"expires_at"` // null for never
}

// Sight says that somebody else came by an account's secret: who, when and how.
//
// An administrator who sees the secrets of two accounts can be both persons of the two-person rule. Nothing prevents
// that, for somebody has to hand out secrets; so each act of such an account says it, whatever password its owner
// chooses afterwards: the administrator may have chosen it. Only a code of a factor that the owner had before shows who
// acts.
type Sight struct {
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	How string    `json:"how"`
}

// AccountsQuery asks for the users of a role; without one, for the accounts.
type AccountsQuery struct {
	Role string `query:"role" json:"-" validate:"omitempty,role"`
	Paging
}

// Seen is a record of who read personal data of others in a period.
type Seen struct {
	ID    string         `json:"id"`
	User  string         `json:"user"`
	From  time.Time      `json:"from"`
	To    time.Time      `json:"to"`
	Reads []PersonalRead `json:"reads"`
}

// PersonalRead is what was read by one call.
type PersonalRead struct {
	Kind       string   `json:"kind"`
	Call       string   `json:"call"`  // as the interface names it: GET /recipients/{id}
	Count      int      `json:"count"` // how many pieces were shown
	Recipients []string `json:"recipients,omitempty"`
	Unnamed    int      `json:"unnamed,omitempty"` // further recipients, whose ids there was no room to keep
	List       string   `json:"list,omitempty"`    // all recipients of this version

	ReasonRef string `json:"reason_ref,omitempty"` // why they were taken away in a bundle: vault reference
}

// SeenQuery asks for reads of a recipient's data, or by a user.
type SeenQuery struct {
	Recipient string `query:"recipient" json:"-"`
	User      string `query:"user" json:"-"`
	Paging
}

// Erasure is whose data are to be erased, and why. Exactly one of RecipientID, User, Evidence and Ref is given.
type Erasure struct {
	RecipientID string `json:"recipient_id"`                           // its contacts, of all versions of the list
	User        string `json:"user"`                                   // the name of an account
	Evidence    string `json:"evidence" validate:"omitempty,evidence"` // hash of a file that was handed in, with what its photo says
	Ref         string `json:"ref" validate:"omitempty,vault"`         // one entry of the vault, as the record names it
	Reason      string `text:"free" json:"reason" validate:"filled,bytes=500"`
}

// Erased is what is erased now: how many entries of the vault, those that were erased before among them, so that a
// repeat is answered like the first.
type Erased struct {
	Entries   int      `json:"entries"`
	Backups   []KeptIn `json:"backups"` // of the server's folder, the newest first
	Workbooks []string `json:"-"`       // names of the stored workbooks that held the same and went with them this time
}

// KeptIn is a backup that still holds what was erased, or of which that cannot be said.
type KeptIn struct {
	File  string     `json:"file"`  // its name in the folder of backups; the folder itself where it cannot be read
	Holds string     `json:"holds"` // yes or unknown
	Why   string     `json:"why"`   // of unknown: passphrase, damaged, unfinished, unread or late; else empty
	Until *time.Time `json:"until"` // when the schedule will have removed it; null: until somebody does
}

// The words of a [KeptIn].
const (
	HoldsIt       = "yes"
	HoldsUnknown  = "unknown"
	WhyPassphrase = "passphrase" // it is encrypted with another one, or none is configured
	WhyDamaged    = "damaged"
	WhyUnfinished = "unfinished" // it is being written, or was left by a run that was killed
	WhyUnread     = "unread"     // the disk gives it not
	WhyLate       = "late"       // there was no time left to look into it
)

// DeviceKey is a key for what a browser keeps of its user.
type DeviceKey struct {
	ID  string `json:"id"`  // names the key and tells nothing of it
	Key string `json:"key"` // 32 bytes, standard base64
}

// Calls of who is signed in.
var (
	Login = row[LoginInput, Person]("POST /session", "",
		"登录控制台，得到会话", "signs in to the console with a session",
		Call{Body: signInBody, Spared: true, Refuses: codes{refusal.Unauthenticated},
			Example: `{"user":"duty","password":"…"}`})
	Logout = row[None, None]("DELETE /session", "",
		"退出登录", "ends the session",
		Call{Spared: true})
	OwnSessions = row[None, alerts.Page[Session]]("GET /sessions", SignedIn,
		"自己的网页登录", "the caller's own sessions", Call{})
	EndSessions = row[None, None]("DELETE /sessions", SignedIn,
		"结束自己的全部网页登录，登录过的浏览器也不再认得；令牌不变", "ends all of the caller's sessions, and that browsers know it; tokens stay",
		Call{})
	EndSession = row[ByID, None]("DELETE /sessions/{id}", SignedIn,
		"结束自己的一个网页登录", "ends one of the caller's sessions",
		Call{Spared: true, Refuses: codes{refusal.NotFound}})
	Me = row[None, Person]("GET /me", SignedIn,
		"我是谁", "who the caller is", Call{})
	OwnDeviceKey = row[None, DeviceKey]("GET /me/device-key", SignedIn,
		"本人在这个浏览器里的密钥，用来加密离线草稿；同一浏览器再次登录仍是同一个，浏览器不再认得时作废",
		"the caller's key in this browser, for drafts kept offline; the same after another login there, void once the browser is no longer known",
		Call{Refuses: codes{refusal.NotFound}})
	ChangePassword = row[PasswordChange, None]("POST /me/password", SignedIn,
		"修改自己的口令；此后口令只用于网页和接口登录，连接 NATS 要用令牌",
		"changes the caller's own password; it serves to sign in here alone then, and NATS takes a token",
		Call{Body: signInBody, Example: `{"current":"…","password":"…"}`})
	SetOwnPhone = row[OwnPhone, *User]("PUT /me/phone", SignedIn,
		"自己的电话，值班室需要审批时据此联系；空的即删去",
		"where to call the caller when an approval is wanted; empty takes it away",
		Call{Body: smallBody, Refuses: codes{refusal.Conflict}, Example: `{"phone":"13800000000"}`})
	Factor = row[None, FactorState]("GET /me/factor", SignedIn,
		"自己的二次验证", "the caller's own second factor", Call{})
	NewFactor = row[None, FactorDraft]("GET /me/factor/secret", SignedIn,
		"为验证器取一个新密钥，每次不同；绑定以前什么也不改变",
		"a new secret for an authenticator, another each time; nothing changes before it is enrolled", Call{})
	EnrolFactor = row[Enrolment, FactorState]("POST /me/factor", SignedIn,
		"绑定二次验证：当前口令和第一个验证码；更换时还要原来那个的验证码",
		"enrols a second factor with the current password and a first code; to replace one, with a code of that",
		Call{Body: signInBody,
			// #nosec G101 -- nobody has these
			Refuses: codes{refusal.TransitionRefused}, Example: `{"current":"…","secret":"…","otp":"000000"}`})
)

// Calls on accounts.
var (
	AddAccount = row[NewAccount, Issued]("POST /accounts", ActAccountsCreate,
		"建立账号；口令和令牌只在这里显示一次", "adds an account; its password and token are shown here alone",
		Call{Body: smallBody, Example: `{"user":"dasi","role":"town","name":"示例","town":"大寺镇"}`}).
		at(func(i Issued) []string { return []string{"accounts", i.User} })
	Accounts = row[AccountsQuery, alerts.Page[*User]]("GET /accounts", ActAccountsRead,
		"账号列表；role=enterprise 列出企业", "lists accounts; recipients under role=enterprise", Call{})
	Account = row[ByID, *User]("GET /accounts/{id}", ActAccountsRead,
		"一个账号", "an account", Call{})
	RenewAccount = row[Nothing, Issued]("POST /accounts/{id}/credentials", ActAccountsCredentials,
		"换发口令和令牌，旧的立即失效", "renews password and token; the old ones end",
		Call{Body: smallBody, Bare: true, Refuses: codes{refusal.TransitionRefused}})
	SetPhone = row[AccountPhone, *User]("PUT /accounts/{id}/phone", ActAccountsCreate,
		"账号本人的电话；空的即删去", "where to call the person of an account; empty takes it away",
		Call{Body: smallBody, Bare: true, Refuses: codes{refusal.Conflict}, Example: `{"phone":"13800000000"}`})
	ResetFactor = row[ByID, *User]("DELETE /accounts/{id}/factor", ActAccountsCredentials,
		"重置账号的二次验证，用于验证器丢失", "resets an account's second factor, where the authenticator is lost", Call{})
	DisableAccount = row[Nothing, *User]("POST /accounts/{id}/disable", ActAccountsDisable,
		"停用账号", "disables an account",
		Call{Body: smallBody, Bare: true, Refuses: codes{refusal.SamePerson}})
	EnableAccount = row[Nothing, *User]("POST /accounts/{id}/enable", ActAccountsDisable,
		"恢复账号", "enables an account again",
		Call{Body: smallBody, Bare: true})
	AddToken = row[NewToken, Issued]("POST /accounts/{id}/tokens", ActTokensCreate,
		"增加一个令牌，只显示一次；给了 expires_at 的到时即失效", "adds a token, shown once; with expires_at it is refused from then on",
		Call{Body: smallBody, Bare: true, Refuses: codes{refusal.TransitionRefused},
			Example: `{"name":"DCS 接口","expires_at":"2027-12-01T00:00:00+08:00"}`}).
		at(func(i Issued) []string { return []string{"accounts", i.User, "tokens"} })
	RevokeToken = row[TokenOf, *User]("DELETE /accounts/{id}/tokens/{token}", ActTokensRevoke,
		"吊销一个令牌", "revokes a token", Call{})
	IssueCredentials = row[Nothing, Issued]("POST /recipients/{id}/credentials", ActRecipientsCredentials,
		"发给企业口令和令牌，只显示一次", "issues a recipient's password and token, shown once",
		Call{Body: smallBody, Bare: true, Refuses: codes{refusal.TransitionRefused}})
	RevokeCredentials = row[ByID, *User]("DELETE /recipients/{id}/credentials", ActRecipientsCredentials,
		"收回企业的口令和令牌", "ends a recipient's password and tokens", Call{})
)

// Calls on personal data.
var (
	Accesses = row[SeenQuery, alerts.Page[Seen]]("GET /personal-data/accesses", ActPersonalRead,
		"谁在何时以何种方式查看过个人信息", "who read personal data, when, and by which call", Call{})
	Erase = row[Erasure, Erased]("POST /personal-data/erasures", ActPersonalErase,
		"删除个人信息并记录理由；台账仍可证明", "erases personal data and records why; the record still proves itself",
		Call{Body: textBody, Bare: true, Refuses: codes{refusal.NotFound},
			Example: `{"recipient_id":"E0001","reason":"联系人已离职，本人要求删除"}`})
)
