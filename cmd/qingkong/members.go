package main

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
)

// members are names of members in JSON, in the order in which they are printed.
type members []string

// words print those members of a T that cannot be printed by their types alone.
type words[T any] map[string]func(T) string

// of is a member of v in words.
func (w words[T]) of(v T, member string) string {
	if say, ok := w[member]; ok {
		return say(v)
	}
	in := reflect.Indirect(reflect.ValueOf(v))
	for _, f := range reflect.VisibleFields(in.Type()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == member {
			return wordsOf(member, in.FieldByIndex(f.Index).Interface())
		}
	}
	panic("no member " + member + " in " + in.Type().String())
}

func wordsOf(member string, value any) string {
	switch v := value.(type) {
	case time.Time:
		return clockText(&v)
	case *time.Time:
		return clockText(v)
	case bool:
		return yesNo(v)
	case []string:
		return strings.Join(v, "、")
	case alerts.Level:
		return levelText(v)
	case alerts.State:
		return named(terms.WarningState, v)
	case alerts.Trigger:
		return named(terms.Trigger, v)
	case calls.Role:
		return named(terms.Role, v)
	case *calls.Sight:
		return sightText(v)
	case *string:
		if v == nil {
			return ""
		}
		return *v
	case string:
		if calls.Axes[member] != nil {
			return named(terms.OrderState, v)
		}
	}
	return fmt.Sprint(value)
}
