package bundle_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
	"qingkong/notify/ledger/identity"
)

// Who knows the log's key and a witness's learns that all of it is so, and who cosigned; who knows none learns that the
// bundle is whole, and no more.
func TestWhatABundleProves(t *testing.T) {
	r, d := bundletest.Usual(t)
	raw := d.Bytes(t)
	witness := r.Witness.Verifier().String()
	report, err := verified(raw, keysOf(t, "# 西青区\nlog "+r.VKey+"\nwitness "+witness+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !report.Trusted || report.Key != r.VKey || report.Origin != bundletest.Origin || report.Entries != 7 ||
		report.Size != int64(len(r.Leaves)) || report.Subject.Order != "W1-E0001-1" || !report.Personal {
		t.Errorf("%+v", report)
	}
	if n := len(report.Signed); n != 2 || len(report.Signed[1].Witnesses) != 1 || len(report.Signed[0].Witnesses) != 0 ||
		time.Since(report.Signed[1].Witnesses[0].At) > time.Minute || len(report.Lacking) != 0 {
		t.Errorf("checkpoints %+v, lacking %v", report.Signed, report.Lacking)
	}
	if report, err = verified(raw, bundle.Keys{}); err != nil || report.Trusted || report.Key != r.VKey ||
		len(report.Signed[1].Unknown) != 1 {
		t.Errorf("without a key: %+v, %v", report, err)
	}
	other := strings.Replace(witness, "+", "x+", 1)
	if _, err := bundle.ParseKeys([]byte("witness " + other)); err == nil {
		t.Errorf("%s is a key", other)
	}
	var told []string
	err = open(t, raw).Entries(func(i int64, e ledger.Entry) error { told = append(told, fmt.Sprintf("%d %s", i, e.Kind)); return nil })
	if want := []string{"0 ledger.opened", "6 notify.order_issued", "10 notify.answered", "11 notify.answered", "12 journal.vault_erased",
		"13 compliance.hour_summed", "14 compliance.hour_summed"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("entries %v (%v)", told, err)
	}
}

// Any other zip program reads a bundle.
func TestOthersUnzipIt(t *testing.T) {
	_, d := bundletest.Usual(t)
	raw := d.Bytes(t)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File[1:] {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil || !bytes.Equal(text, d.Files[f.Name]) {
			t.Errorf("%s: %q (%v)", f.Name, text, err)
		}
	}
}

// No byte of a bundle can be changed, added or removed: that is noticed, and told where.
func TestEachByteOfABundle(t *testing.T) {
	_, d := bundletest.Usual(t)
	raw := d.Bytes(t)
	try := func(what string, at int, changed []byte) {
		_, err := verified(changed, bundle.Keys{})
		var is *bundle.Difference
		if !errors.As(err, &is) || is.Rule == "" || is.Say == "" {
			t.Errorf("%s byte %d of %d (%q): %v", what, at, len(raw), raw[max(0, at-20):min(len(raw), at+20)], err)
		}
	}
	for i := range raw {
		for _, bit := range []byte{0x01, 0x20} {
			flipped := bytes.Clone(raw)
			flipped[i] ^= bit
			try("flip", i, flipped)
		}
		try("remove", i, slices.Delete(bytes.Clone(raw), i, i+1))
		try("add before", i, slices.Insert(bytes.Clone(raw), i, raw[i]))
		try("cut at", i, raw[:i])
	}
	try("add behind", len(raw), append(bytes.Clone(raw), 0))
}

// What a thorough forger does, who has our program, all files and a key of his own, but not the ledger's.
func TestForgeries(t *testing.T) {
	for _, c := range bundletest.Forgeries() {
		t.Run(c.Name, func(t *testing.T) {
			_, err := verified(c.Bytes(t), bundle.Keys{})
			var is *bundle.Difference
			if !errors.As(err, &is) || is.Rule != c.Rule {
				t.Errorf("%v; it should break %s", err, c.Rule)
			}
		})
	}
}

// A forger who makes a ledger of his own makes bundles that are whole: they are told from ours by the key alone, and by
// witnesses.
func TestAnotherLedgersBundle(t *testing.T) {
	r, _ := bundletest.Usual(t)
	forger := bundletest.New(t)
	var err error
	if forger.SKey, forger.VKey, err = identity.NewKey(bundletest.Random(9), bundletest.Origin); err != nil {
		t.Fatal(err)
	}
	forger.Leaves, forger.Hashes = nil, nil
	forger.Say(identity.KindOpened, "", identity.Opened{Origin: bundletest.Origin, VKey: forger.VKey, KeyRef: bundletest.Reference("a secret")})
	forger.Others(7)
	d := forger.Proving(bundle.Subject{Order: "W1-E0001-1"}, []int64{0, 3})
	raw := d.Bytes(t)
	if report, err := verified(raw, bundle.Keys{}); err != nil || report.Trusted || report.Key != forger.VKey {
		t.Errorf("without a key: %+v (%v)", report, err)
	}
	var is *bundle.Difference
	if _, err := verified(raw, keysOf(t, "log "+r.VKey)); !errors.As(err, &is) || is.Rule != bundle.RuleKey {
		t.Errorf("with our key: %v", err)
	}
	report, err := verified(raw, keysOf(t, "witness "+r.Witness.Verifier().String()))
	if err != nil || len(report.Lacking) != 1 {
		t.Errorf("with our witness: %+v (%v)", report, err)
	}
}

// A cosignature that a named witness did not make is refused.
func TestAFalseCosignature(t *testing.T) {
	r, d := bundletest.Usual(t)
	text := d.Files[bundle.Checkpoints+"12"]
	at := bytes.LastIndexByte(text, ' ') + 20
	text[at] = 'A' + (text[at]-'A'+1)%2 // another letter of base64
	raw := d.Bytes(t)
	var is *bundle.Difference
	if _, err := verified(raw, keysOf(t, "witness "+r.Witness.Verifier().String())); !errors.As(err, &is) || is.Rule != bundle.RuleCosigner {
		t.Errorf("%v", err)
	}
}

// A key that signed for the next is followed, in both directions; one that did not is not.
func TestKeysFollowEachOther(t *testing.T) {
	r := bundletest.New(t)
	first := r.VKey
	rotate := func(seed byte, by note.Signer) {
		skey, vkey, err := identity.NewKey(bundletest.Random(seed), bundletest.Origin)
		if err != nil {
			t.Fatal(err)
		}
		said, err := note.Sign(&note.Note{Text: identity.RotationText(bundletest.Origin, vkey)}, by)
		if err != nil {
			t.Fatal(err)
		}
		r.Say(identity.KindRotated, "admin", identity.Rotated{VKey: vkey, KeyRef: bundletest.Reference("x"), Note: string(said)})
		r.SKey, r.VKey = skey, vkey
	}
	r.Others(2)
	cosigned := r.Checkpoint(3, r.Witness)
	rotate(5, r.Signer())
	second := r.VKey
	r.Others(2)
	d := r.Proving(bundle.Subject{Warning: "W1"}, []int64{0, 3, 4}, 3)
	d.Files[bundle.Checkpoints+"3"] = cosigned
	raw := d.Bytes(t)
	for _, vkey := range []string{first, second} {
		if report, err := verified(raw, keysOf(t, "log "+vkey)); err != nil || !report.Trusted || report.Key != second {
			t.Errorf("by %s: %+v (%v)", vkey, report, err)
		}
	}
	skey, _, err := identity.NewKey(bundletest.Random(8), bundletest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	rotate(6, stranger)
	d = r.Proving(bundle.Subject{Warning: "W1"}, []int64{0, 3, int64(len(r.Leaves)) - 1})
	var is *bundle.Difference
	if _, err := verified(d.Bytes(t), bundle.Keys{}); !errors.As(err, &is) || is.Rule != bundle.RuleEntry {
		t.Errorf("a key of a stranger follows: %v", err)
	}
}

// What is no bundle is refused at its form, whatever it would unpack to.
func TestWhatIsNoBundle(t *testing.T) {
	zipped := func(name string, method uint16, content []byte) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = f.Write(content)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, raw := range map[string][]byte{
		"nothing":            nil,
		"text":               []byte("PK, said the file"),
		"an empty zip file":  {'P', 'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a bomb":             zipped("manifest.json", zip.Deflate, make([]byte, 10<<20)),
		"a path upwards":     zipped("../manifest.json", zip.Store, []byte("x")),
		"an ordinary zip":    zipped("manifest.json", zip.Store, []byte("{}")),
		"a name too long":    zipped(strings.Repeat("a", 200), zip.Store, []byte("x")),
		"a size that is not": append([]byte("PK\x03\x04\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f\x0d\x00\x00\x00"), "manifest.json"...),
	} {
		_, err := bundle.Open(bytes.NewReader(raw), int64(len(raw)))
		var is *bundle.Difference
		if !errors.As(err, &is) || is.Rule != bundle.RuleZip && is.Rule != bundle.RuleName {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatNoBundleIsMadeOf(t *testing.T) {
	_, d := bundletest.Usual(t)
	for _, name := range []string{"../x", "/x", "a/b/c", "manifest.json", "", "a b", "证据", strings.Repeat("a", 121), "a..b", "x/"} {
		_, err := bundle.Make(d.Manifest, []bundle.Content{bundle.Bytes(name, nil)}, d.Sign)
		if err == nil {
			t.Errorf("%q is a file", name)
		}
	}
	if _, err := bundle.Make(d.Manifest, []bundle.Content{bundle.Bytes("a", nil), bundle.Bytes("a", nil)}, d.Sign); err == nil {
		t.Error("a name stands twice")
	}
	n := 0
	made, err := bundle.Make(d.Manifest, []bundle.Content{{Name: "a", Open: func() (io.ReadCloser, error) {
		n++
		return io.NopCloser(strings.NewReader(fmt.Sprint(n))), nil
	}}}, d.Sign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.WriteTo(io.Discard); err == nil {
		t.Error("a content that changed is written")
	}
}

func TestKeyFiles(t *testing.T) {
	r := bundletest.New(t)
	for text, line := range map[string]string{
		"": "",
		"\ufeff# 西青\r\nlog " + r.VKey + "\r\n": "",
		"log " + r.VKey + "x":                  "line 1",
		"\n\nkey " + r.VKey:                    "line 3",
		"log":                                  "line 1",
		"witness " + r.VKey:                    "line 1",
		"log " + r.Witness.Verifier().String(): "line 1",
	} {
		_, err := bundle.ParseKeys([]byte(text))
		if (err == nil) != (line == "") || err != nil && !strings.HasPrefix(err.Error(), line) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever is read as a bundle, nothing panics and nothing is taken into memory that is not there.
func FuzzVerify(f *testing.F) {
	_, d := bundletest.Usual(f)
	raw := d.Bytes(f)
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	plain, err := json.Marshal(d.Manifest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, b []byte) {
		report, err := verified(b, bundle.Keys{})
		if err == nil && !bytes.Equal(b, raw) && report.Size == int64(0) {
			t.Errorf("%+v", report)
		}
	})
}

// A reference is a string of v and 43 characters of base64 for URLs, wherever it stands in the data.
func TestReferencesOfAnEntry(t *testing.T) {
	form := regexp.MustCompile(`"(v[A-Za-z0-9_-]{43})"`)
	a, b := "v"+strings.Repeat("a", 43), "v"+strings.Repeat("_-0Z", 10)+"abc"
	for _, data := range []string{
		``, `"v`, `{}`, `"` + a + `"`, `"` + a, `x"` + a + `"`, `{"ref":"` + a + `","note_ref":"` + b + `","again":"` + a + `"}`,
		`"` + a + `"` + b + `"`, `"v"` + a + `"`, `"v"v"v"` + a + `"v"`, `"` + a + `a"`, `"` + a[:43] + `"`, `"` + a[:43] + `é"`, `"` + a[:43] + `=","` + b + `"`,
		`"vv` + a[:42] + `"`, `"` + strings.Repeat("v", 44) + `"`,
	} {
		var want []string
		for _, m := range form.FindAllStringSubmatch(data, -1) {
			if !slices.Contains(want, m[1]) {
				want = append(want, m[1])
			}
		}
		if got := bundle.References([]byte(data)); !slices.Equal(got, want) {
			t.Errorf("%q names %q, want %q", data, got, want)
		}
	}
}
