package alerts

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// measuredMembers are the members of a measured day or hour that hold a number.
var measuredMembers = append(slices.Clone(aqiPollutants), "o3", nameAQI)

// setUnreadAside takes the numbers out of an observation that no concentration and no index can be, such as -999, and returns them
// by the path of their day or hour. What is no JSON it leaves to be refused as it is.
func setUnreadAside(data []byte) ([]byte, map[string][]NotTaken) {
	var out bytes.Buffer
	aside := map[string][]NotTaken{}
	dec, last := jsontext.NewDecoder(bytes.NewReader(data)), 0
	for {
		kind := dec.PeekKind()
		if kind == jsontext.KindInvalid {
			break
		}
		text, err := readNext(dec)
		if err != nil {
			return data, nil
		}
		if kind != jsontext.KindNumber {
			continue
		}
		path, member, ok := memberOf(string(dec.StackPointer()))
		if !ok || !unreadable(member, text) {
			continue
		}
		end := int(dec.InputOffset())
		out.Write(data[last : end-len(text)])
		out.WriteString("null")
		last = end
		if member == "o3" {
			member = aqi.O3H1
			if strings.HasPrefix(path, "days") {
				member = aqi.O3H8
			}
		}
		aside[path] = append(aside[path], NotTaken{member, shortened(text), AsideImpossible})
	}
	if _, err := dec.ReadToken(); err == nil || last == 0 || !wholeJSON(data) {
		return data, nil
	}
	out.Write(data[last:])
	return out.Bytes(), aside
}

func wholeJSON(data []byte) bool { return jsontext.Value(data).IsValid() }

// readNext reads a token; of a number its text.
func readNext(dec *jsontext.Decoder) (string, error) {
	tok, err := dec.ReadToken()
	if err != nil || tok.Kind() != jsontext.KindNumber {
		return "", err
	}
	return tok.String(), nil
}

// memberOf is the day or hour in which a number stands, and the member that it is.
func memberOf(pointer string) (path, member string, ok bool) {
	part := strings.Split(pointer, "/")
	if len(part) != 4 || part[1] != "hours" && part[1] != "days" || !slices.Contains(measuredMembers, part[3]) {
		return "", "", false
	}
	return refusal.Path("/" + part[1] + "/" + part[2]), part[3], true
}

// unreadable reports whether a number is below zero or larger than is read; of an index, larger than 500.
func unreadable(member, text string) bool {
	if member == nameAQI {
		n, err := strconv.Atoi(text)
		return err == nil && (n < 0 || n > maxAQI)
	}
	_, err := aqi.ParseConcentration(text)
	var e *refusal.Error
	return errors.As(err, &e) && (e.Rule == "aqi.negative" || e.Rule == "aqi.too_large")
}

// shortened is a number as it came, of which no more than a line is kept.
func shortened(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
