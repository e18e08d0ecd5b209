package stations

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
	"qingkong/notify/telemetry/hj212"
)

// formView is the form by which a station is registered or changed.
type formView struct {
	*frame.Chrome
	Action   string
	Back     string
	MN       string // of the station that is changed; empty for a new one
	Revision int
	Key      string
	Fields   []frame.Field
	Secrets  []frame.Field
	Stranger *calls.Stranger // what is known of who is registered; nil for nothing
	Does     string          // word of the button
	Error    string
}

// Names of the fields; tolerances are boxes of their own.
const toleratePrefix = "tolerate."

// fields ask for all that the register says of a station but its secrets.
func fields(q *frame.Request, s *calls.Station, asNew bool) []frame.Field {
	text := func(name, value string, required bool) frame.Field {
		f := q.Field(name, frame.KindText, required)
		f.Label, f.Hint, f.Value = q.T("f.station_"+name), q.T("f.station_"+name+".hint"), value
		return f
	}
	var out []frame.Field
	if asNew {
		out = append(out, text("mn", s.MN, true))
	}
	outlets := text("outlets", outletsText(s.Outlets), false)
	outlets.Kind, outlets.Max = frame.KindArea, 20_000
	number := func(name string, n int) frame.Field {
		f := text(name, "", false)
		f.Kind, f.Max = frame.KindNumber, 0
		if n != 0 {
			f.Value = strconv.Itoa(n)
		}
		return f
	}
	out = append(out, text("name", s.Name, true), text("recipient_id", s.RecipientID, true), text("st", s.ST, false),
		choice(q, "version", s.Version, false, "2017", "2025", "2005", ""), outlets, number("minute_min", s.MinuteMin),
		number("sample_s", s.SampleS))
	for _, t := range hj212.Tolerances() {
		f := q.Field(toleratePrefix+string(t), frame.KindCheck, false)
		f.Label = q.T("tolerate." + string(t))
		if slices.Contains(s.Tolerate, t) {
			f.Value = "true"
		}
		out = append(out, f)
	}
	return append(out, choice(q, "sm4", string(cmp.Or(s.SM4, hj212.None)), true, "none", "raw", "hex"))
}

func choice(q *frame.Request, name, value string, required bool, values ...string) frame.Field {
	f := q.Field(name, frame.KindChoice, required)
	f.Label, f.Hint, f.Value = q.T("f.station_"+name), q.T("f.station_"+name+".hint"), value
	for _, v := range values {
		f.Options = append(f.Options, frame.Option{Value: v, Label: q.T("f.station_" + name + "." + cmp.Or(v, "none"))})
	}
	return f
}

// secrets ask for password and key. Of a station that has them they are empty: what stays empty stays as it is.
func secrets(q *frame.Request, password string, state calls.SecretState) []frame.Field {
	word, key := q.Field("password", frame.KindText, false), q.Field("sm4_key", frame.KindText, false)
	word.Label, word.Hint, word.Value, word.Max = q.T("f.station_password"), q.T("f.station_password.hint"), password, 32
	key.Label, key.Hint, key.Max = q.T("f.station_sm4_key"), q.T("f.station_sm4_key.hint"), 32
	if state == calls.SecretSet {
		word.Hint, key.Hint = q.T("f.station_secret.set"), q.T("f.station_sm4_key.set")
	}
	return []frame.Field{word, key}
}

// refill puts what was typed back into a form that was refused; a box that was not ticked is sent by no name.
func (v *formView) refill(q *frame.Request) {
	if q.Method != http.MethodPost {
		return
	}
	for i := range v.Fields {
		if v.Fields[i].Kind == frame.KindCheck {
			v.Fields[i].Value = ""
		}
	}
	frame.Set(v.Fields, q.PostForm)
	v.Error = q.Blame(nil, v.Fields, v.Secrets)
}

func (d *desk) addForm(q *frame.Request) (any, error) {
	s, password := calls.Station{Version: "2017", ST: "31"}, ""
	v := &formView{Chrome: q.Chrome(), Action: "/desk/register", Back: "/desk/stations", Key: frame.NewKey(),
		Does: q.T("station.add.do")}
	if mn := q.URL.Query().Get("mn"); mn != "" && q.Method == http.MethodGet {
		s.MN = mn
		if err := d.prefill(q, v, &s, &password); err != nil {
			return nil, err
		}
	}
	v.Fields, v.Secrets = fields(q, &s, true), secrets(q, password, calls.SecretNone)
	v.refill(q)
	return v, nil
}

// prefill fills in what is known of a sender that waits in quarantine, and of whose it is by the list.
func (d *desk) prefill(q *frame.Request, v *formView, s *calls.Station, password *string) error {
	if d.Svc.Instruments == nil {
		return nil
	}
	found, err := d.Svc.Strangers(q.Context(), q.Ask(), calls.None{})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(found.Items, func(one calls.Stranger) bool { return one.MN == s.MN })
	if i < 0 {
		return nil
	}
	known := &found.Items[i]
	v.Stranger, *password = known, known.Password
	for i, o := range known.Outlets { // frames do not say what a stack is called
		o.Name = cmp.Or(o.Name, q.T("station.outlet", "n", i+1))
		s.Outlets = append(s.Outlets, o)
	}
	s.ST, s.Version = cmp.Or(known.ST, s.ST), cmp.Or(known.Version, s.Version)
	if len(known.Listed) == 0 {
		return nil
	}
	s.RecipientID = known.Listed[0]
	owners, err := d.Svc.Owners()
	s.Name = owners[s.RecipientID].Name
	return err
}

// add registers a station.
func (d *desk) add(q *frame.Request) (to string, err error) {
	typed, err := typedStation(q, true)
	if err != nil {
		return "", err
	}
	in := calls.NewStation{MN: typed.MN, Name: typed.Name, RecipientID: typed.RecipientID, ST: typed.ST,
		Version: typed.Version, Outlets: typed.outlets, Tolerate: typed.Tolerate, SM4: typed.SM4,
		MinuteMin: typed.MinuteMin, SampleS: typed.SampleS, Secrets: typed.secrets}
	if err := valid.Check(&in); err != nil {
		return "", err
	}
	_, err = d.Svc.AddStation(q.Context(), q.Ask(), in)
	return stationPath(in.MN) + "?done=station.add", err
}

// typedStation is what was typed into the form.
type stationTyped struct {
	calls.Station
	outlets []calls.OutletText
	secrets calls.Secrets
}

func typedStation(q *frame.Request, asNew bool) (in stationTyped, err error) {
	values, err := frame.Typed(fields(q, &calls.Station{}, asNew), q.PostForm)
	if err != nil {
		return in, err
	}
	text := func(name string) string { s, _ := values[name].(string); return s }
	whole := func(name string) int { n, _ := values[name].(float64); return int(n) }
	in.MN, in.Name, in.RecipientID, in.ST = text("mn"), text("name"), text("recipient_id"), text("st")
	in.Version, in.SM4 = text("version"), hj212.Mode(text("sm4"))
	in.MinuteMin, in.SampleS = whole("minute_min"), whole("sample_s")
	in.Tolerate = []hj212.Tolerance{}
	for _, t := range hj212.Tolerances() {
		if values[toleratePrefix+string(t)] == true {
			in.Tolerate = append(in.Tolerate, t)
		}
	}
	in.secrets = calls.Secrets{Password: q.PostForm.Get("password"), SM4Key: q.PostForm.Get("sm4_key")}
	in.outlets, err = parseOutlets(text("outlets"))
	return in, err
}

func (d *desk) changeForm(q *frame.Request) (any, error) {
	mn := q.PathValue("mn")
	s, err := d.Svc.OneStation(q.Context(), q.Ask(), calls.ByMN{MN: mn})
	if err != nil {
		return nil, err
	}
	v := &formView{Chrome: q.Chrome(), Action: stationPath(mn) + "/change", Back: stationPath(mn), MN: mn,
		Revision: s.Revision, Key: frame.NewKey(), Does: q.T("station.change.do")}
	if n := frame.RevisionOf(q.PostForm); n != 0 && q.Refused == nil {
		v.Revision = n
	}
	v.Fields, v.Secrets = fields(q, &s.Station, false), secrets(q, "", s.Secret)
	v.refill(q)
	return v, nil
}

// change gives a station another content.
func (d *desk) change(q *frame.Request) (to string, err error) {
	mn := q.PathValue("mn")
	typed, err := typedStation(q, false)
	if err != nil {
		return "", err
	}
	in := calls.StationChange{ByMN: calls.ByMN{MN: mn}, Revision: frame.RevisionOf(q.PostForm), Name: &typed.Name,
		RecipientID: &typed.RecipientID, ST: &typed.ST, Outlets: typed.outlets, Tolerate: typed.Tolerate,
		Secrets: typed.secrets}
	if typed.ST != "" || typed.SM4 != hj212.None { // of a station without frames nothing is said of them
		in.SM4 = &typed.SM4
	}
	if typed.Version != "" {
		in.Version = &typed.Version
	}
	if typed.MinuteMin != 0 {
		in.MinuteMin = &typed.MinuteMin
	}
	if typed.SampleS != 0 {
		in.SampleS = &typed.SampleS
	}
	if err := valid.Check(&in); err != nil {
		return "", err
	}
	_, err = d.Svc.ChangeStation(q.Context(), q.Ask(), in)
	return stationPath(mn) + "?done=station.change", err
}

// addPath is the address of the form for an MN.
func addPath(mn string) string { return "/desk/register?" + url.Values{"mn": {mn}}.Encode() }
