package settings

import (
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/notify/compliance/inspect"
)

// Inspection are the rules by which inspections are taken in.
func Inspection(c config.Inspection) inspect.Rules {
	rules := inspect.Rules{AnswerWithin: c.AnswerWithin, ClockOff: c.ClockOff, FollowWithin: c.FollowWithin}
	for _, d := range c.TwoFor {
		rules.TwoFor = append(rules.TwoFor, inspect.Disposition(d))
	}
	return rules
}

// Maps are the maps in which a place can be opened.
func Maps(c config.Inspection) (all []calls.MapLink) {
	for _, m := range c.Maps {
		all = append(all, calls.MapLink{Name: m.Name, Href: m.Href})
	}
	return all
}
