package reductionlist

import (
	"maps"
	"slices"
)

// The functions here tell without writing a cell whether two rows are the same: of two editions of a list nearly all
// are. A test changes every field in turn, so that none is forgotten.

// SameRecipient reports whether a list says the same of two recipients, whatever their contacts. Nil is "not there".
func SameRecipient(a, b *Recipient) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.Type == b.Type && a.Name == b.Name && a.USCC == b.USCC && a.Permit == b.Permit &&
		a.Town == b.Town &&
		a.Address == b.Address && a.Lon == b.Lon && a.Lat == b.Lat && a.Industry == b.Industry && a.Grade == b.Grade &&
		a.Category == b.Category && a.MaxLoad == b.MaxLoad && a.StationMN == b.StationMN && a.MeterID == b.MeterID &&
		sameNotes(&a.Notes, &b.Notes) &&
		allSame(a.Lines, b.Lines, sameLine) && allSame(a.Measures, b.Measures, sameMeasure) &&
		allSame(a.Units, b.Units, sameUnit) && allSame(a.Furnaces, b.Furnaces, sameFurnace) && samePit(a.Pit, b.Pit)
}

func allSame[T any](a, b []T, same func(a, b *T) bool) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !same(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

func sameNotes(a, b *Notes) bool {
	return a.Note == b.Note && len(a.Extra) == len(b.Extra) && (len(a.Extra) == 0 || maps.Equal(a.Extra, b.Extra))
}

func sameLine(a, b *Line) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Capacity == b.Capacity && a.Emission == b.Emission &&
		a.SafeStopH == b.SafeStopH &&
		a.Idle == b.Idle && a.MeterID == b.MeterID && sameNotes(&a.Notes, &b.Notes)
}

func sameMeasure(a, b *Measure) bool {
	return a.ID == b.ID && a.Unit == b.Unit && a.Action == b.Action && a.Text == b.Text &&
		a.CompleteWithinH == b.CompleteWithinH &&
		a.Responsible == b.Responsible && a.Reduction == b.Reduction && sameQuantity(a.Quantity, b.Quantity) &&
		slices.Equal(a.Levels, b.Levels) && slices.Equal(a.Monitors, b.Monitors) && slices.Equal(a.Evidence, b.Evidence) &&
		sameNotes(&a.Notes, &b.Notes)
}

func sameQuantity(a, b *Quantity) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func sameUnit(a, b *Unit) bool {
	return a.Name == b.Name && a.From == b.From && a.To == b.To && a.MinMW == b.MinMW && a.MaxMW == b.MaxMW &&
		a.MinUpH == b.MinUpH &&
		a.MinDownH == b.MinDownH && a.StartCoalT == b.StartCoalT && a.Coal == b.Coal && a.MaxHeatGJH == b.MaxHeatGJH &&
		a.MWLostPerGJH == b.MWLostPerGJH && a.Emission == b.Emission && a.LowLoadMW == b.LowLoadMW &&
		a.LowLoadNOx == b.LowLoadNOx &&
		sameNotes(&a.Notes, &b.Notes)
}

func sameFurnace(a, b *Furnace) bool {
	return a.Name == b.Name && a.From == b.From && a.To == b.To && a.MinTH == b.MinTH && a.MaxTH == b.MaxTH &&
		a.MinUpH == b.MinUpH &&
		a.MinDownH == b.MinDownH && a.Emission == b.Emission && a.StartEmission == b.StartEmission &&
		sameNotes(&a.Notes, &b.Notes)
}

func samePit(a, b *Pit) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.MinT == b.MinT && a.MaxT == b.MaxT && a.EndMaxT == b.EndMaxT && a.DivertMaxTH == b.DivertMaxTH &&
		a.DivertTotalT == b.DivertTotalT &&
		a.DivertNOx == b.DivertNOx && a.SteamPerT == b.SteamPerT && sameNotes(&a.Notes, &b.Notes)
}
