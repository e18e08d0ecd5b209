package alerts

import (
	"errors"
	"strconv"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

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
