package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

const evidenceOrigin = "qingkong/120111/0a1b2c3d"

// evidenceWorld is a small ledger with its key and a witness, and the bundle of an order in it.
type evidenceWorld struct {
	t       *testing.T
	dir     string
	leaves  [][]byte
	hashes  []tlog.Hash
	signer  note.Signer
	vkey    string
	at      time.Time
	witness *torchwood.CosignatureSigner
	bundle  []byte
}

// ReadHashes implements tlog.HashReader.
func (w *evidenceWorld) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, i := range at {
		out = append(out, w.hashes[i])
	}
	return out, nil
}

func (w *evidenceWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *evidenceWorld) say(kind, actor string, data any) int64 {
	w.t.Helper()
	w.at = w.at.Add(time.Second)
	leaf, err := ledger.AppendEntry(nil, kind, w.at, actor, func(b []byte) ([]byte, error) {
		text, err := json.Marshal(data)
		return append(b, text...), err
	})
	w.must(err)
	more, err := tlog.StoredHashes(int64(len(w.leaves)), leaf, w)
	w.must(err)
	w.hashes, w.leaves = append(w.hashes, more...), append(w.leaves, leaf)
	return int64(len(w.leaves)) - 1
}

func (w *evidenceWorld) checkpoint(size int64, cosigners ...note.Signer) []byte {
	w.t.Helper()
	root, err := tlog.TreeHash(size, w)
	w.must(err)
	text := torchwood.Checkpoint{Origin: evidenceOrigin, Tree: tlog.Tree{N: size, Hash: root}}.String()
	signed, err := note.Sign(&note.Note{Text: text}, append([]note.Signer{w.signer}, cosigners...)...)
	w.must(err)
	return signed
}

// newEvidence makes the bundle of an order that was answered with a photo and a note, was objected to in a note that was
// erased, and of which an entry has a kind that nobody knows.
func newEvidence(t *testing.T) *evidenceWorld {
	t.Helper()
	w := &evidenceWorld{t: t, dir: t.TempDir(), at: time.Date(2016, 12, 16, 18, 0, 0, 0, ledger.Shanghai)}
	skey, vkey, err := identity.NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)), evidenceOrigin)
	w.must(err)
	w.vkey = vkey
	w.signer, err = note.NewSigner(skey)
	w.must(err)
	w.witness, err = torchwood.NewCosignatureSigner("witness.example/w1", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32)))
	w.must(err)

	photo, told, erased := "a photo", saltedNote("明白"), referenceOf(saltedNote("张三不在"))
	shown := []int64{w.say(identity.KindOpened, "", identity.Opened{Origin: evidenceOrigin, VKey: vkey, KeyRef: referenceOf(saltedNote("a key"))})}
	w.say("alerts.forecast.received", "feeder", map[string]int{"number": 1})
	order := map[string]any{"order_id": "W1-E0001-1"}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, from := range []map[string]any{order, more} {
			for k, v := range from {
				all[k] = v
			}
		}
		return all
	}
	shown = append(shown, w.say("notify.order_issued", "duty", map[string]any{"id": "W1-E0001-1", "warning_id": "W1", "recipient_id": "E0001", "level": "red"}))
	w.say("alerts.forecast.received", "feeder", map[string]int{"number": 2})
	shown = append(shown,
		w.say("notify.answered", "E0001", with(map[string]any{"action": "acknowledge", "note_ref": referenceOf(told), "evidence": []string{"sha256:" + hexOf(photo)}})),
		w.say("notify.answered", "E0001", with(map[string]any{"action": "object", "note_ref": erased})))
	cosigned := int64(len(w.leaves))
	shown = append(shown, w.say("journal.vault_erased", "admin", map[string]string{"ref": erased, "reason": "本人要求"}),
		w.say("future.kind", "system", map[string]string{"what": "nobody knows"}))
	w.say("alerts.forecast.received", "feeder", map[string]int{"number": 3})

	size := int64(len(w.leaves))
	proof, err := ledger.Multiproof(size, shown, []int64{cosigned}, w)
	w.must(err)
	var entries []byte
	for _, i := range shown {
		entries = bundle.AppendEntry(entries, i, w.leaves[i])
	}
	made, err := bundle.Make(bundle.Manifest{Origin: evidenceOrigin, Subject: bundle.Subject{Order: "W1-E0001-1"}, MadeAt: w.at.Format(time.RFC3339), Size: size,
		Personal: true, Reason: "复核", Missing: []bundle.Missing{{Name: bundle.Personal + erased, Why: bundle.Erased},
			{Name: bundle.Personal + referenceOf(saltedNote("a key")), Why: bundle.Secret}}},
		[]bundle.Content{bundle.Bytes(bundle.CheckpointFile, w.checkpoint(size)), bundle.Bytes(bundle.EntriesFile, entries),
			bundle.Bytes(bundle.ProofFile, bundle.AppendProof(nil, proof)), bundle.Bytes(bundle.IndexFile, []byte("<!doctype html><title>W1</title>")),
			bundle.Bytes(fmt.Sprint(bundle.Checkpoints, cosigned), w.checkpoint(cosigned, w.witness)),
			bundle.Bytes(bundle.Evidence+hexOf(photo), []byte(photo)), bundle.Bytes(bundle.Personal+referenceOf(told), []byte(told))}, w.signer)
	w.must(err)
	var out bytes.Buffer
	_, err = made.WriteTo(&out)
	w.must(err)
	w.bundle = out.Bytes()
	return w
}

func saltedNote(text string) string { return strings.Repeat("s", 16) + text }

func referenceOf(salted string) string {
	sum := sha256.Sum256([]byte(salted))
	return "v" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func hexOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// file writes a file and gives its name.
func (w *evidenceWorld) file(name string, text []byte) string {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	w.must(os.WriteFile(name, text, 0o600))
	return name
}

// keys is a key file of the log and the witness, and of a witness that cosigned nothing.
func (w *evidenceWorld) keys() string {
	idle, err := torchwood.NewCosignatureSigner("witness.example/idle", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32)))
	w.must(err)
	return w.file("xiqing.keys", []byte("# 西青区\nlog "+w.vkey+"\nwitness "+w.witness.Verifier().String()+"\nwitness "+idle.Verifier().String()+"\n"))
}

func runVerify(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(append([]string{"verify"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// Who names the keys reads in the first line that all is proved, then by whom, and each entry in words; personal content is
// named and not shown.
func TestVerifyForPeople(t *testing.T) {
	w := newEvidence(t)
	name := w.file("order.zip", w.bundle)
	code, out, errs := runVerify(name, "--key", w.keys())
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	first, _, _ := strings.Cut(out, "\n")
	if first != "已证明：减排令 W1-E0001-1 的存证包自制作以来一字未改，由您指定其密钥的台账签署" {
		t.Errorf("the first line is %q", first)
	}
	for _, want := range []string{"台账: " + evidenceOrigin, identity.Fingerprint(w.vkey), "台账条数: 9", "检查点: 9 条; 没有您指定的见证者的签名",
		"检查点: 6 条; witness.example/w1 于 ", "未见证: witness.example/idle", "含个人信息: 是，理由：复核", "已删除，删除本身有条目为证",
		"是程序的密钥，从不交出", "0  2016-12-16 18:00:01.000  建立存证台账：台账 " + evidenceOrigin,
		"2  2016-12-16 18:00:03.000  下达减排令：减排令 W1-E0001-1，预警 W1，对象 E0001，级别 红色（Ⅰ级）  duty",
		"4  2016-12-16 18:00:05.000  答复减排令：减排令 W1-E0001-1，确认，材料 1 件  E0001", "未知类型 future.kind，已证明", "理由：本人要求",
		"材料 " + hexOf("a photo")[:12] + "…，7 字节", "个人信息 v", "，22 字节"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "明白") || strings.Contains(out, "untrusted_key") {
		t.Errorf("personal content, or a mark too many, in\n%s", out)
	}
	code, out, errs = runVerify(name, "--key", w.keys(), "--lang", "en")
	if first, _, _ = strings.Cut(out, "\n"); code != exitOK || first != "proved: the bundle of order W1-E0001-1 is as it was made, and signed by the ledger whose key you named" ||
		!strings.Contains(out, "order answered: order W1-E0001-1, acknowledgement, pieces of evidence: 1") ||
		!strings.Contains(out, "of a kind unknown here, future.kind: proved all the same") {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
}

// Without a key the bundle is whole and no more, which the first line says.
func TestVerifyWithoutAKey(t *testing.T) {
	w := newEvidence(t)
	code, out, errs := runVerify(w.file("order.zip", w.bundle))
	first, rest, _ := strings.Cut(out, "\n")
	if code != exitOK || errs != "" || !strings.Contains(first, "untrusted_key") || strings.Contains(first, "已证明") ||
		!strings.Contains(rest, identity.Fingerprint(w.vkey)) || !strings.Contains(rest, "另有未指定的签名：witness.example/w1") {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
	// a witness alone vouches for the ledger's root and not for who signs it
	code, out, _ = runVerify(w.file("order.zip", w.bundle), "--key", w.file("w.keys", []byte("witness "+w.witness.Verifier().String()+"\n")))
	if first, rest, _ = strings.Cut(out, "\n"); code != exitOK || !strings.Contains(first, "untrusted_key") || !strings.Contains(rest, "witness.example/w1 于 ") {
		t.Errorf("with a witness alone: exit %d\n%s", code, out)
	}
}

func TestVerifyJSON(t *testing.T) {
	w := newEvidence(t)
	var got struct {
		OK        bool
		Untrusted *bool `json:"untrusted_key"`
		Origin    string
		Subject   struct{ Order string }
		Key       string
		Size      int64
		Root      string

		Checkpoints []struct {
			Size      int64
			Witnesses []struct{ Name string }
		}
		Lacking []string
		Missing []struct{ Name, Why, Message string }
		Items   []struct {
			Index                    int64
			At, Kind, Actor, Message string
		}
	}
	code, out, errs := runVerify(w.file("order.zip", w.bundle), "--key", w.keys(), "--json", "--lang", "en")
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitOK || errs != "" {
		t.Fatalf("exit %d, %v %s\n%s", code, err, errs, out)
	}
	if !got.OK || got.Untrusted == nil || *got.Untrusted || got.Origin != evidenceOrigin || got.Subject.Order != "W1-E0001-1" || got.Key != w.vkey || got.Size != 9 ||
		len(got.Checkpoints) != 2 || got.Checkpoints[1].Witnesses[0].Name != "witness.example/w1" || !slices.Equal(got.Lacking, []string{"witness.example/idle"}) ||
		len(got.Missing) != 2 || got.Missing[0].Why != "erased" || len(got.Items) != 6 || strings.Contains(out, "明白") {
		t.Errorf("%s", out)
	}
	if item := got.Items[2]; item.Index != 4 || item.Kind != "notify.answered" || item.Actor != "E0001" || item.At != "2016-12-16T18:00:05.000+08:00" ||
		item.Message != "order answered: order W1-E0001-1, acknowledgement, pieces of evidence: 1" {
		t.Errorf("%+v", item)
	}
	code, out, _ = runVerify(w.file("order.zip", w.bundle), "--json")
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitOK || !*got.Untrusted {
		t.Errorf("exit %d, %v\n%s", code, err, out)
	}
}

// A bundle of which a byte differs exits 1 and says where: its file, its entry and the rule, in both languages.
func TestVerifyNamesWhatDiffers(t *testing.T) {
	w := newEvidence(t)
	flip := func(what string) []byte {
		raw := bytes.Clone(w.bundle)
		at := bytes.Index(raw, []byte(what))
		if at < 0 {
			t.Fatalf("no %q in the bundle", what)
		}
		raw[at+len(what)-1] ^= 1
		return raw
	}
	other := func(seed byte) string {
		_, vkey, err := identity.NewKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), evidenceOrigin)
		w.must(err)
		return "log " + vkey + "\n"
	}
	for _, c := range []struct {
		name string
		raw  []byte
		keys string
		file string
		want []string
	}{
		{"an answer", flip(`"action":"acknowledge`), "", "entries", []string{"文件 entries", "内容与目录所载的哈希不符", "the file entries", "does not have the hash"}},
		{"the photo", flip("a photo"), "", "evidence/" + hexOf("a photo"), []string{"文件 evidence/" + hexOf("a photo")}},
		{"the page for people", flip("<title>W1"), "", "index.html", []string{"文件 index.html"}},
		{"the manifest", flip(`"origin": "q`), "", "manifest.json", []string{"manifest.json"}},
		{"cut short", w.bundle[:len(w.bundle)-1], "", "", []string{"存证包有改动：文件不是存证包规定的那一种写法"}},
		{"no bundle at all", []byte("PK"), "", "", []string{"the bundle differs"}},
		{"nothing", nil, "", "", []string{"the bundle differs"}},
		{"another key of the log", w.bundle, other(9), "manifest.json", []string{"签署的不是您指定的密钥", "it is not signed by the key that was named"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{w.file("changed.zip", c.raw)}
			if c.keys != "" {
				args = append(args, "--key", w.file("other.keys", []byte(c.keys)))
			}
			code, out, errs := runVerify(args...)
			if code != exitFailed || out != "" || strings.Count(errs, "\n") != 1 {
				t.Fatalf("exit %d, stdout %q, stderr %q", code, out, errs)
			}
			for _, want := range c.want {
				if !strings.Contains(errs, want) {
					t.Errorf("no %q in %q", want, errs)
				}
			}
			var got struct {
				OK      *bool
				File    string
				Rule    string
				Message string
			}
			code, out, _ = runVerify(append(args, "--json")...)
			if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitFailed || got.OK == nil || *got.OK || got.File != c.file || got.Rule == "" ||
				!strings.Contains(errs, got.Message) {
				t.Errorf("exit %d, %v: %s", code, err, out)
			}
		})
	}
}

// Whoever holds the log's key can make a bundle whose manifest agrees and whose entries do not: the entry is named.
func TestVerifyNamesTheEntry(t *testing.T) {
	w := newEvidence(t)
	b, err := bundle.Open(bytes.NewReader(w.bundle), int64(len(w.bundle)))
	w.must(err)
	m := b.Manifest
	var all []bundle.Content
	for _, f := range m.Files {
		text, err := b.Read(f.Name)
		w.must(err)
		if f.Name == bundle.EntriesFile {
			text = bytes.Replace(text, []byte("18:00:05.000"), []byte("17:00:05.000"), 1)
		}
		all = append(all, bundle.Bytes(f.Name, text))
	}
	made, err := bundle.Make(m, all, w.signer)
	w.must(err)
	var out bytes.Buffer
	_, err = made.WriteTo(&out)
	w.must(err)
	code, stdout, errs := runVerify(w.file("backdated.zip", out.Bytes()), "--key", w.keys())
	if code != exitFailed || stdout != "" || !strings.Contains(errs, "在文件 entries、第 4 条：条目的次序、时间或写法不对") ||
		!strings.Contains(errs, "in the file entries, entry 4: ") {
		t.Errorf("exit %d, %q %q", code, stdout, errs)
	}
}

// What cannot be read was neither proved nor disproved.
func TestVerifyWrongUse(t *testing.T) {
	w := newEvidence(t)
	good := w.file("order.zip", w.bundle)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "one file is wanted"},
		{[]string{good, good}, "one file is wanted"},
		{[]string{filepath.Join(w.dir, "absent.zip")}, "absent.zip"},
		{[]string{w.dir}, "is no file"},
		{[]string{good, "--key", filepath.Join(w.dir, "absent.keys")}, "absent.keys"},
		{[]string{good, "--key", w.file("a.keys", []byte("\nlog nonsense\n"))}, "line 2"},
		{[]string{good, "--key", w.file("b.keys", []byte("key "+w.vkey+"\n"))}, "line 1"},
		{[]string{good, "--key", w.file("d.keys", nil)}, "names no key"},
		{[]string{good, "--key", w.file("e.keys", bytes.Repeat([]byte("#\n"), 1<<20))}, "a key file of"},
		{[]string{good, "--lang", "fr"}, "--lang"},
	} {
		code, out, errs := runVerify(c.args...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
}
