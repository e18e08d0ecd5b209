package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qingkong/notify/telemetry/hj212"
)

// runDecode runs hj212 decode over what comes on its standard input.
func runDecode(t *testing.T, in string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stream")
	if err := os.WriteFile(file, []byte(in), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code = run(append([]string{"hj212", "decode", file}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// hj212Packet is a frame around a data segment.
func hj212Packet(data string) string {
	return fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, hj212.CRC([]byte(data)))
}

const hj212Head = "QN=20260801085857223;ST=31;CN=2011;PW=123456;MN=010000A8900016F000169DC0;"

// A line of each kind, member for member.
func TestDecodeLines(t *testing.T) {
	good := hj212Packet(hj212Head + "Flag=5;CP=&&DataTime=20260801085800;a21026-Rtd=12.50,a21026-Flag=N&&")
	old := hj212Packet("ST=31;CN=2011;MN=12345678901234;Flag=3;PNUM=2;PNO=1;CP=&&02-Rtd=-007;02-Flag=1;S01-Rtd=8&&")
	crc := strings.Replace(good, "12.50", "12.51", 1)
	for _, c := range []struct {
		name, in string
		args     []string
		want     []string
	}{
		{"a good one", good, nil, []string{`{"offset":0,"size":153,"ok":true,"error":null,"deviations":[],"version":"2017",` +
			`"needs_ack":true,"mn":"010000A8900016F000169DC0","st":"31","cn":"2011","qn":"20260801085857223",` +
			`"data_time":"2026-08-01T08:58:00+08:00","values":{"DataTime":"20260801085800","a21026-Rtd":12.50,"a21026-Flag":"N"}}`}},
		{"of 2005, in parts", old, nil, []string{`{"offset":0,"size":102,"ok":true,"error":null,"deviations":[],"version":"2005",` +
			`"needs_ack":true,"mn":"12345678901234","st":"31","cn":"2011","qn":"","pnum":2,"pno":1,"data_time":null,` +
			`"values":{"a21026-Rtd":-7,"a21026-Flag":"1","a19001-Rtd":8},"codes":{"02":"a21026","S01":"a19001"}}`}},
		{"deviations, and a key four times", "GW1 " + hj212Packet(hj212Head+"CP=&&PolId=a;PolId=b;PolId=c;PolId=<d>&&"),
			[]string{"--edition", "2025", "--lang", "en"}, []string{`{"offset":4,"size":125,"ok":true,"error":null,"deviations":[` +
				`{"name":"envelope","offset":0,"bytes":"GW1 ","message":"before ## stands GW1 ."},` +
				`{"name":"repeated","offset":96,"bytes":"PolId","count":3,"message":"PolId stands more than once."}],` +
				`"version":"2025","needs_ack":false,"mn":"010000A8900016F000169DC0","st":"31","cn":"2011","qn":"20260801085857223",` +
				`"data_time":null,"values":{"PolId":["a","b","c","<d>"]}}`}},
		{"a wrong CRC, then a good one", crc + good, []string{"--lang", "en"}, []string{
			`{"offset":0,"size":153,"ok":false,"error":"crc","fault":{"name":"crc","offset":147,"bytes":"` + good[147:151] +
				`","message":"the CRC (` + good[147:151] + `) does not fit: a fault on the way, or a device that computes another."},` +
				`"deviations":[],"version":"2017","needs_ack":true,"mn":"010000A8900016F000169DC0","st":"31","cn":"2011",` +
				`"qn":"20260801085857223","data_time":null,"values":{}}`, `{"offset":153,"size":153,"ok":true,`}},
		{"bytes of no frame", "\x00hello\r\n", nil, []string{`{"offset":0,"size":8,"ok":false,"error":"no_start","fault":` +
			`{"name":"no_start","offset":0,"bytes":"\\x00hello\\x0D\\x0A","message":"这些字节不属于任何一帧（没有 ##），已跳过。"},` +
			`"deviations":[],"version":null,"needs_ack":false,"mn":"","st":"","cn":"","qn":"","data_time":null,"values":{}}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runDecode(t, c.in, append(c.args, "--json")...)
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if code != exitOK || errs != "" || len(lines) != len(c.want) {
				t.Fatalf("exit %d, %q, %d lines\n%s", code, errs, len(lines), out)
			}
			for i, want := range c.want {
				begun := strings.HasSuffix(want, ",") && strings.HasPrefix(lines[i], want)
				if got := lines[i]; got != want && !begun || !json.Valid([]byte(got)) {
					t.Errorf("line %d\n%s\nnot\n%s", i, got, want)
				}
			}
		})
	}
}

// Tolerances and the key are the station's; without them the same frames are refused, and the line says what would help.
func TestDecodeFlags(t *testing.T) {
	data := hj212Head + "Flag=9;CP=&&DataTime=20260801085800;a21026-Rtd=12.5&&"
	modbus := fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, hj212.ModbusCRC([]byte(data)))
	longer := fmt.Sprintf("##%04d%s%04X\r\n", len(data)+4, data, hj212.CRC([]byte(data)))
	swapped := modbus[:len(modbus)-6] + modbus[len(modbus)-4:len(modbus)-2] + modbus[len(modbus)-6:len(modbus)-4] + "\r\n"
	for name, in := range map[string]string{"modbus_crc": modbus, "modbus_crc_swapped": swapped, "crc_in_length": longer} {
		if _, out, _ := runDecode(t, in); !strings.Contains(out, `"ok":false`) ||
			!strings.Contains(out, `"tolerate":"`+name+`"`) {
			t.Errorf("%s: %s", name, out)
		}
		for _, args := range [][]string{{"--tolerate", name},
			{"--tolerate", "crc_in_length,modbus_crc", "--tolerate", "modbus_crc_swapped"}} {
			if _, out, _ := runDecode(t, in, args...); !strings.Contains(out, `"ok":true`) ||
				!strings.Contains(out, `{"name":"tolerated"`) || !strings.Contains(out, `"a21026-Rtd":12.5`) {
				t.Errorf("%s with %v: %s", name, args, out)
			}
		}
	}
	key := filepath.Join(t.TempDir(), "key")
	for _, text := range []string{"0000000000000000\n", "30303030303030303030303030303030"} {
		if err := os.WriteFile(key, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []hj212.Mode{hj212.Raw, hj212.Hex} {
			cipher, err := hj212.NewCipher(mode, []byte("0000000000000000"))
			if err != nil {
				t.Fatal(err)
			}
			f := hj212.NewFrame(hj212.Head{QN: "20260801085857223", ST: "31", CN: "2011", MN: "M", Flag: 9, HasFlag: true},
				hj212.NewItem("DataTime", "20260801085800"), hj212.NewItem("a21026-Rtd", "12.5"))
			in, err := f.Append(nil, cipher)
			if err != nil {
				t.Fatal(err)
			}
			_, out, errs := runDecode(t, string(in), "--sm4", string(mode), "--sm4-key-file", key)
			if !strings.Contains(out, `"ok":true`) || !strings.Contains(out, `"encrypted":true`) ||
				!strings.Contains(out, `"a21026-Rtd":12.5`) {
				t.Errorf("%s: %s %s", mode, out, errs)
			}
		}
	}
}

// Wrong usage is 2, what cannot be read 1, with a line that says what to do; frames before it are printed.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		args []string
		code int
		want string
	}{
		{"x", []string{"--tolerate", "anything"}, exitUsage, "modbus_crc_swapped"},
		{"x", []string{"--edition", "2019"}, exitUsage, "2017"},
		{"x", []string{"--lang", "fr"}, exitUsage, "zh-CN"},
		{"x", []string{"--sm4", "base64"}, exitUsage, "none, raw, hex"},
		{"x", []string{"--sm4", "raw"}, exitUsage, "--sm4-key-file"},
		{"x", []string{"--sm4-key-file", "k"}, exitUsage, "--sm4"},
		{"x", []string{"--sm4", "raw", "--sm4-key-file", "/nonexistent/key"}, exitFailed, "/nonexistent/key"},
		{"x", []string{"--sm4", "raw", "--sm4-key-file", "hj212.go"}, exitFailed, "16"},
		{"x", []string{"another"}, exitUsage, "one file"},
		{"", nil, exitFailed, "HJ 212"},
		{"\r\n\r\n", nil, exitFailed, "HJ 212"},
	} {
		code, out, errs := runDecode(t, c.in, c.args...)
		if code != c.code || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q %v: exit %d, %q %q", c.in, c.args, code, out, errs)
		}
	}
	for _, name := range []string{"/nonexistent/stream", t.TempDir()} {
		var out, errs bytes.Buffer
		code := run([]string{"hj212", "decode", name}, &out, &errs)
		if code != exitFailed || !strings.Contains(errs.String(), name) {
			t.Errorf("%s: exit %d, %q", name, code, errs.String())
		}
	}
}

// From standard input a frame is printed as it comes, and not when the stream ends.
func TestDecodeStandardInput(t *testing.T) {
	good := hj212Packet(hj212Head + "CP=&&a21026-Rtd=1&&")
	var out bytes.Buffer
	in := readerOf(func(n int, b []byte) int {
		if n > 0 && strings.Count(out.String(), "\n") != n {
			t.Errorf("%d lines after %d frames", strings.Count(out.String(), "\n"), n)
		}
		if n == 3 {
			return 0
		}
		return copy(b, good)
	})
	cmd := newHJ212Decode()
	cmd.SetIn(in)
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"-"})
	if err := cmd.Execute(); err != nil || strings.Count(out.String(), `"ok":true`) != 3 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// readerOf is a reader that a function fills, which is told how often it was asked; 0 bytes are the end.
func readerOf(fill func(n int, b []byte) int) io.Reader { return &filled{fill: fill} }

type filled struct {
	fill func(int, []byte) int
	n    int
}

func (f *filled) Read(b []byte) (int, error) {
	got := f.fill(f.n, b)
	f.n++
	if got == 0 {
		return 0, io.EOF
	}
	return got, nil
}
