package hj212

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"qingkong/alerts/refusal"
)

// Name is what is wrong with a frame, or unlike the standard in it. Names are fixed: people search for them.
type Name string

// Why bytes are refused.
const (
	NoStart    Name = "no_start"    // they belong to no frame
	LengthForm Name = "length_form" // behind ## stand not four digits
	Length     Name = "length"      // the frame is not as long as it says
	CRCForm    Name = "crc_form"    // where the CRC is due stand not four hexadecimal digits
	CRCWrong   Name = "crc"         // the CRC is another
	Key        Name = "key"         // the CRC fits neither what came nor what decrypting made of it
	Cut        Name = "cut"         // the stream ends within the frame
)

// What is unlike the standard in a good frame.
const (
	NoCRLF         Name = "no_crlf"         // nothing ends the line, or CR alone
	LFAlone        Name = "lf_alone"        // LF without CR
	Envelope       Name = "envelope"        // something stands before ## on the line
	Long           Name = "long"            // more than 1,024 bytes of data
	Tolerated      Name = "tolerated"       // it passes by a tolerance
	CRCConstant    Name = "crc_constant"    // the same wrong CRC as that of the refused frame before
	VersionDiffers Name = "version_differs" // the Flag says another edition than the register
	VersionUnknown Name = "version_unknown" // the Flag says no edition that is known
	FieldMissing   Name = "field_missing"   // ST, CN, MN, or QN, which 2005 does without
	FieldUnknown   Name = "field_unknown"
	FieldForm      Name = "field_form" // a field of the header is written otherwise
	Repeated       Name = "repeated"   // the same key stands twice
	SplitBit       Name = "split_bit"  // the Flag says split and PNUM, PNO do not, or the other way round
	PartForm       Name = "part_form"  // PNUM, PNO are no numbers from 1 on, or PNO is beyond PNUM
	PartWidth      Name = "part_width" // PNUM, PNO have more digits than the edition gives them
	PartsMany      Name = "parts_many" // more parts than any message has
	NoCP           Name = "no_cp"
	CPForm         Name = "cp_form" // CP does not stand between && and &&
	NoEquals       Name = "no_equals"
	EmptyItem      Name = "empty_item"
	Blank          Name = "blank"    // a blank around a key or a value
	NotText        Name = "not_text" // a control character, or no UTF-8
	TimeForm       Name = "time_form"
	TimeFar        Name = "time_far" // before 2000 or from 2060 on
	NotANumber     Name = "not_a_number"
	NumberForm     Name = "number_form"   // an exponent, a sign +, no digit before the point
	NumberBeyond   Name = "number_beyond" // larger than anything is measured: no number
	FlagUnknown    Name = "flag_unknown"  // a data flag that is none of N F M S D C T B
	OldCode        Name = "old_code"      // a code of 2005, read as today's
	NotEncrypted   Name = "not_encrypted" // a command that goes encrypted came in clear
)

// Why parts are not put together.
const (
	PartBeyond  Name = "part_beyond"  // more parts, or more bytes, than the limits allow
	PartDiffers Name = "part_differs" // the same part came again with other content
	PartsLate   Name = "parts_late"   // the rest did not come in time
	PartsOver   Name = "parts_over"   // too many messages were open at once
)

// Message is the note in "zh-CN" (the default) or "en".
func (n *Note) Message(lang string) string {
	text := refusal.Text("hj212."+string(n.Name), lang,
		refusal.Args{"bytes": n.Bytes, "declared": n.Declared, "there": n.There})
	if n.Fits != "" {
		text += refusal.Text("hj212.fits", lang, refusal.Args{"tolerance": n.Fits})
	}
	return text
}

// Error is the English text, for logs.
func (n *Note) Error() string {
	return fmt.Sprintf("%s at byte %d: %s", n.Name, n.Offset, n.Message("en"))
}

// Tolerance lets frames pass that a kind of device gets wrong in a way of its own.
type Tolerance string

// The tolerances, which a station has by its register and no other way.
const (
	Modbus        Tolerance = "modbus_crc"         // the CRC is that of Modbus
	ModbusSwapped Tolerance = "modbus_crc_swapped" // the same with its two bytes changed
	CRCInLength   Tolerance = "crc_in_length"      // the length counts the CRC too, with or without CRLF
)

// Tolerances are those there are.
func Tolerances() []Tolerance { return []Tolerance{Modbus, ModbusSwapped, CRCInLength} }

func shown(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); {
		if i >= maxShown {
			out.WriteString("…")
			break
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			n = 1
			fmt.Fprintf(&out, `\x%02X`, b[i])
		} else {
			out.WriteRune(r)
		}
		i += n
	}
	return out.String()
}

func itoa(n int) string { return strconv.Itoa(n) }
