package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

func newHJ212Command() *cobra.Command {
	return group("hj212", "读监测设备的 HJ 212 报文（frames of monitoring stations）",
		"  qingkong hj212 decode capture.bin", newHJ212Decode())
}

// decodeFlags are what the register would say of a station.
type decodeFlags struct {
	tolerate []string
	edition  int
	sm4      string
	keyFile  string
	lang     string
}

func newHJ212Decode() *cobra.Command {
	var f decodeFlags
	cmd := &cobra.Command{
		Use:   "decode FILE|-",
		Short: "逐帧解读报文，每帧一行 JSON（every frame as a line of JSON）",
		Long: "从文件或标准输入（-）读 HJ 212 字节流：粘连、截断、夹有杂字节都可以，2005、2017、2025 版都认。每帧一行 JSON：长度和 CRC\n" +
			"都对才是 ok；与标准不同而不影响读数的，逐一列在 deviations。不合格的帧也各占一行，不影响退出码。\n" +
			"SM4 只按标准文本和自编报文验证过，没有用实际设备试过。\n" +
			"Reads a stream of HJ 212 from a file or standard input (-): glued, cut, with garbage between, of 2005, 2017 and\n" +
			"2025. A frame is ok when its length and its CRC fit; what else is unlike the standard stands in deviations. Refused\n" +
			"frames have a line too and do not change the exit code. SM4 has not been tried against devices.",
		Example: "  qingkong hj212 decode capture.bin\n" +
			"  nc -l 9212 | qingkong hj212 decode --tolerate modbus_crc,crc_in_length -\n" +
			"  qingkong hj212 decode --edition 2025 --sm4 hex --sm4-key-file station.key capture.bin",
		Args: oneFile,
	}
	jsonFlag(cmd) // it prints nothing else
	fl := cmd.Flags()
	fl.StringSliceVar(&f.tolerate, "tolerate", nil,
		"照样接受：modbus_crc、modbus_crc_swapped、crc_in_length（let these pass too）")
	fl.IntVar(&f.edition, "edition", 0, "登记的版本 2005、2017 或 2025，缺省看标志位（the registered edition; by Flag without it）")
	fl.StringVar(&f.sm4, "sm4", "none", "数据区加密：none、raw 或 hex（how CP is encrypted）")
	fl.StringVar(&f.keyFile, "sm4-key-file", "",
		"存放密钥的文件，16 个字符或 32 位十六进制数（file that holds the key, 16 characters or 32 hexadecimal digits）")
	fl.StringVar(&f.lang, "lang", "zh-CN", "说明的语言 zh-CN 或 en（language of the messages）")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opt, err := f.options()
		if err != nil {
			return err
		}
		in, at := cmd.InOrStdin(), "-"
		if args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			in, at = file, args[0]
		}
		n, err := decodeFrames(in, cmd.OutOrStdout(), opt, f.lang, args[0] == "-")
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if n == 0 {
			return refusal.New(refusal.Invalid, "cli.hj212_empty", refusal.Args{"file": at})
		}
		return nil
	}
	return cmd
}

func (f *decodeFlags) options() (opt hj212.Options, err error) {
	for _, name := range f.tolerate {
		if !slices.Contains(hj212.Tolerances(), hj212.Tolerance(name)) {
			return opt, usage("--tolerate %q is none of %s", name, quotedList(hj212.Tolerances()))
		}
		opt.Tolerate = append(opt.Tolerate, hj212.Tolerance(name))
	}
	if opt.Version = hj212.Version(f.edition); f.edition != 0 && !slices.Contains(hj212.Versions(), opt.Version) {
		return opt, usage("--edition %d is none of 2005, 2017, 2025", f.edition)
	}
	if f.lang != "zh-CN" && f.lang != "en" {
		return opt, usage("--lang %q is neither zh-CN nor en", f.lang)
	}
	mode := hj212.Mode(f.sm4)
	switch {
	case !slices.Contains(hj212.Modes(), mode):
		return opt, usage("--sm4 %q is none of %s", f.sm4, quotedList(hj212.Modes()))
	case mode == hj212.None && f.keyFile != "":
		return opt, usage("--sm4-key-file goes with --sm4 raw or hex")
	case mode != hj212.None && f.keyFile == "":
		return opt, usage("--sm4 %s needs --sm4-key-file", f.sm4)
	}
	if mode == hj212.None {
		return opt, nil
	}
	key, err := os.ReadFile(f.keyFile)
	if err != nil {
		return opt, err
	}
	key = bytes.TrimRight(key, "\r\n")
	if text, err := hex.DecodeString(string(key)); err == nil && len(text) == 16 {
		key = text
	}
	opt.Cipher, err = hj212.NewCipher(mode, key)
	return opt, err
}

func quotedList[T ~string](names []T) string {
	var out []string
	for _, n := range names {
		out = append(out, string(n))
	}
	return strings.Join(out, ", ")
}

// decodeFrames prints a line for every frame and returns how many there were. With eager each is printed as it comes.
func decodeFrames(in io.Reader, out io.Writer, opt hj212.Options, lang string, eager bool) (n int, err error) {
	d := hj212.NewDecoder(in, opt)
	w := bufio.NewWriterSize(out, 64<<10)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for f := (hj212.Frame{}); ; n++ {
		if err := d.Next(&f); err != nil {
			if err == io.EOF {
				err = nil
			}
			if failed := w.Flush(); failed != nil {
				return n, failed
			}
			return n, err
		}
		if err := enc.Encode(decodedOf(&f, lang)); err != nil {
			return n, err
		}
		if eager {
			if err := w.Flush(); err != nil {
				return n, err
			}
		}
	}
}

// decoded is a frame as it is printed. Of a refused one head and version are what could be read, and no proof.
type decoded struct {
	Offset     int64             `json:"offset"`
	Size       int               `json:"size"`
	OK         bool              `json:"ok"`
	Error      *hj212.Name       `json:"error"`
	Fault      *told             `json:"fault,omitempty"`
	Deviations []told            `json:"deviations"`
	Version    *string           `json:"version"`
	NeedsAck   bool              `json:"needs_ack"`
	Encrypted  bool              `json:"encrypted,omitempty"`
	MN         string            `json:"mn"`
	ST         string            `json:"st"`
	CN         string            `json:"cn"`
	QN         string            `json:"qn"`
	PNUM       int               `json:"pnum,omitempty"`
	PNO        int               `json:"pno,omitempty"`
	Resent     bool              `json:"resent,omitempty"`
	DataTime   *string           `json:"data_time"`
	Values     values            `json:"values"`
	Codes      map[string]string `json:"codes,omitempty"` // those of 2005 in the frame, and what stands in values
}

// told is a note as it is printed.
type told struct {
	Name     hj212.Name      `json:"name"`
	Offset   int64           `json:"offset"`
	Bytes    string          `json:"bytes,omitempty"`
	Count    int             `json:"count,omitempty"` // where it is more than 1
	Declared int             `json:"declared,omitempty"`
	There    int             `json:"there,omitempty"`
	Tolerate hj212.Tolerance `json:"tolerate,omitempty"`
	Message  string          `json:"message"`
}

func toldOf(n *hj212.Note, lang string) told {
	t := told{Name: n.Name, Offset: n.Offset, Bytes: n.Bytes, Tolerate: n.Fits, Message: n.Message(lang)}
	if n.Count > 1 {
		t.Count = n.Count
	}
	if n.Declared != n.There {
		t.Declared, t.There = n.Declared, n.There
	}
	return t
}

func decodedOf(f *hj212.Frame, lang string) decoded {
	d := decoded{Offset: f.Offset, Size: f.Size, OK: f.Fault == nil, Deviations: []told{}, NeedsAck: f.Flag.NeedsAck(),
		Encrypted: f.Encrypted, MN: f.MN, ST: f.ST, CN: f.CN, QN: f.QN, PNUM: f.Parts, PNO: f.Part, Resent: f.Resent}
	if f.Fault != nil {
		fault := toldOf(f.Fault, lang)
		d.Error, d.Fault = &f.Fault.Name, &fault
	}
	for i := range f.Notes {
		d.Deviations = append(d.Deviations, toldOf(&f.Notes[i], lang))
	}
	if f.Version != 0 {
		version := strconv.Itoa(int(f.Version))
		d.Version = &version
	}
	if !f.DataTime.IsZero() {
		at := f.DataTime.Format(time.RFC3339)
		d.DataTime = &at
	}
	d.Values, d.Codes = valuesOfFrame(f)
	return d
}

// values are a JSON object in the order of the frame. A key that stands several times has a list.
type values struct {
	keys []string
	of   map[string][]json.RawMessage
}

func valuesOfFrame(f *hj212.Frame) (values, map[string]string) {
	v := values{of: map[string][]json.RawMessage{}}
	var codes map[string]string
	for i := range f.Items {
		it := &f.Items[i]
		if !strings.Contains(it.Text, "=") {
			continue // which is among the deviations
		}
		key := it.Key
		if written, _, _ := strings.Cut(it.Key, "-"); it.Code != "" && it.Code != written {
			if key = it.Code + "-" + it.Kind; codes == nil {
				codes = map[string]string{}
			}
			codes[written] = it.Code
		}
		if v.of[key] == nil {
			v.keys = append(v.keys, key)
		}
		v.of[key] = append(v.of[key], valueOf(it))
	}
	return v, codes
}

// valueOf is a number as it is written where JSON can say it so, and else a text.
func valueOf(it *hj212.Item) json.RawMessage {
	switch {
	case it.IsNumber && json.Valid([]byte(it.Value)):
		return json.RawMessage(it.Value)
	case it.IsNumber:
		return strconv.AppendFloat(nil, it.Number, 'f', -1, 64)
	}
	return jsonText(it.Value)
}

func jsonText(s string) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text can always be said
	return bytes.TrimSpace(b.Bytes())
}

// MarshalJSON writes the object.
func (v values) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, key := range v.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, jsonText(key)...), ':')
		if all := v.of[key]; len(all) == 1 {
			b = append(b, all[0]...)
		} else {
			b = append(b, '[')
			b = append(b, bytes.Join(asBytes(all), []byte{','})...)
			b = append(b, ']')
		}
	}
	return append(b, '}'), nil
}

func asBytes(all []json.RawMessage) (out [][]byte) {
	for _, one := range all {
		out = append(out, one)
	}
	return out
}
