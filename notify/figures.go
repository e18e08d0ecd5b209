package notify

import (
	"encoding/json"
	"reflect"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// GiveFigures says which figures hold for a plant from now on; those given before no longer do.
type GiveFigures struct {
	RecipientID string        `json:"recipient_id"`
	Figures     plant.Figures `json:"figures"`
}

// FiguresGiven records a plant's figures.
type FiguresGiven struct {
	RecipientID string        `json:"recipient_id"`
	Figures     plant.Figures `json:"figures"`
}

// Kind implements Event.
func (*FiguresGiven) Kind() string { return kindFigures }

// figuresHold is how long figures that are given again unchanged are no news: after it they say that all is still as it
// was.
const figuresHold = time.Hour

// maxFigures bounds figures, in bytes of JSON.
const maxFigures = 128 << 10

// DecideFigures records the figures of a plant of the list in force.
func DecideFigures(tx *bbolt.Tx, actor string, in GiveFigures, now time.Time) ([]Event, *plant.FiguresRecord, error) {
	v, err := reductionlist.Current(tx, now)
	if err != nil {
		return nil, nil, err
	}
	r, err := reductionlist.GetRecipient(tx, v.ID, in.RecipientID)
	if err != nil {
		return nil, nil, err
	}
	own := plant.OfRecipient(r)
	if own == nil {
		return nil, nil, refusal.New(refusal.Conflict, "figures.no_plant", refusal.Args{"id": r.ID})
	}
	if err := in.Figures.Check(own); err != nil {
		return nil, nil, err
	}
	if text, err := json.Marshal(in.Figures); err != nil {
		return nil, nil, err
	} else if len(text) > maxFigures {
		return nil, nil, refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": maxFigures})
	}
	have, err := LatestFigures(tx, r.ID)
	if err != nil {
		return nil, nil, err
	}
	if have != nil && now.Sub(have.At) < figuresHold && sameFigures(have.Figures, in.Figures) {
		return nil, have, nil
	}
	return []Event{&FiguresGiven{RecipientID: r.ID, Figures: in.Figures}},
		&plant.FiguresRecord{Figures: in.Figures, At: now, By: actor}, nil
}

// sameFigures compares what the record keeps of them.
func sameFigures(a, b plant.Figures) bool {
	var was, is any
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && json.Unmarshal(one, &was) == nil && json.Unmarshal(other, &is) == nil &&
		reflect.DeepEqual(was, is)
}

// LatestFigures are the latest figures of a recipient; nil where none were given.
func LatestFigures(tx *bbolt.Tx, recipient string) (*plant.FiguresRecord, error) {
	return getJSON[plant.FiguresRecord](tx, figuresBucket, "figures of", recipient)
}

func applyFigures(tx *bbolt.Tx, at time.Time, actor string, ev *FiguresGiven) error {
	return putJSON(tx, figuresBucket, []byte(ev.RecipientID), plant.FiguresRecord{Figures: ev.Figures, At: at, By: actor})
}
