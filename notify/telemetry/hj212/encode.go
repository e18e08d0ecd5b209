package hj212

import (
	"strings"

	"qingkong/alerts/refusal"
)

// Append appends f to b as the standard writes it, from Header and Items as they are; with a cipher, the commands that
// go encrypted are. It is the inverse of the decoder for every frame that has CP between && and &&. Errors: a text with
// separators or control characters in it, more data than four digits of length can say.
func (f *Frame) Append(b []byte, c *Cipher) ([]byte, error) {
	data, err := f.segment()
	if err != nil {
		return b, err
	}
	crc := CRC(data)
	if c != nil && goesEncrypted(f.CN) {
		data = c.seal(nil, data)
	}
	if len(data) > maxData {
		return b, refusal.New(refusal.Invalid, "hj212.too_long", refusal.Args{"length": len(data), "limit": maxData})
	}
	n := len(data)
	b = append(b, '#', '#', '0'+byte(n/1000), '0'+byte(n/100%10), '0'+byte(n/10%10), '0'+byte(n%10))
	b = append(b, data...)
	const digits = "0123456789ABCDEF"
	return append(b, digits[crc>>12], digits[crc>>8&15], digits[crc>>4&15], digits[crc&15], '\r', '\n'), nil
}

// segment is the data segment in clear.
func (f *Frame) segment() ([]byte, error) {
	b := make([]byte, 0, 128)
	for _, field := range f.Header {
		if err := writable(field.Text, ";"); err != nil {
			return nil, err
		}
		if strings.HasPrefix(field.Text, "CP=") {
			return nil, unwritable(field.Text)
		}
		b = append(append(b, field.Text...), ';')
	}
	b = append(b, "CP=&&"...)
	for i, item := range f.Items {
		if err := writable(item.Text, ";,"); err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, max(item.Sep, ','))
		}
		b = append(b, item.Text...)
	}
	return append(b, "&&"...), nil
}

func writable(text, separators string) error {
	if strings.ContainsAny(text, separators) || notText([]byte(text)) >= 0 {
		return unwritable(text)
	}
	return nil
}

func unwritable(text string) error {
	return refusal.New(refusal.Invalid, "hj212.unwritable", refusal.Args{"value": refusal.Shown(ShownText(text))})
}
