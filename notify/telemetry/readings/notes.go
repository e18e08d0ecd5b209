package readings

import (
	"slices"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

// Name is what was noticed while a message was read. Names are fixed: people search for them.
type Name string

// What a message is without readings for, or a factor without a value.
const (
	NoTime    Name = "no_time"    // no DataTime that can be read
	TimeAhead Name = "time_ahead" // it is later than the reception, by more than may be
	TimeOld   Name = "time_old"   // it is older than what is kept
	CodeForm  Name = "code_form"  // a factor's code is none
	TooMany   Name = "too_many"   // more factors than any station has
	Kind      Name = "kind"       // a kind of value that the command has not: -Rtd in 2051
	Again     Name = "again"      // the same kind of the same factor came with another value; the first counts
	NoValue   Name = "no_value"   // a number that devices send for none, like -999
	NoNumber  Name = "no_number"
	UnitOther Name = "unit_other" // the register's unit does not measure what the code says
	FlagOther Name = "flag_other" // a data flag that is none: taken as D
	NoState   Name = "no_state"   // a state of a facility that is none of 0 to 5
)

// What is to be known of readings that stand.
const (
	Label        Name = "label"         // the time is not the start of a period; the period it lies in is taken
	NotOver      Name = "not_over"      // the period was not over when it came: the label may be its end
	Unregistered Name = "unregistered"  // the register does not name the factor
	UnitTaken    Name = "unit_taken"    // no unit is registered for a point of no known factor: the message's is taken
	Negative     Name = "negative"      // a concentration below zero
	AmmoniaUnit  Name = "ammonia_unit"  // no unit is registered for NH3: mg/m3 is taken, where the table has ng/m3
	OxygenHigh   Name = "oxygen_high"   // so much oxygen that nothing is converted
	OtherStation Name = "other_station" // ST is another than the register's
)

// Note is a thing that was noticed, of a message once by each name: Code and Text are those of the first.
type Note struct {
	Name  Name
	Code  string // of the factor, empty where it is of the whole message
	Text  string // what stood there, as [hj212.Shown] has it
	Count int
}

// Message is the note in "zh-CN" (the default) or "en".
func (n Note) Message(lang string) string {
	return refusal.Text("readings."+string(n.Name), lang, refusal.Args{"code": n.Code, "text": n.Text})
}

// notes are of one message.
type notes []Note

func (n *notes) tell(name Name, code, text string) {
	i := slices.IndexFunc(*n, func(have Note) bool { return have.Name == name })
	if i >= 0 {
		(*n)[i].Count++
		return
	}
	*n = append(*n, Note{Name: name, Code: hj212.ShownText(code), Text: hj212.ShownText(text), Count: 1})
}
