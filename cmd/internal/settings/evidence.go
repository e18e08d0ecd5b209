package settings

import (
	"time"

	"qingkong/cmd/internal/config"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/place"
)

// EvidenceLimits are what an account hands in on a day.
func EvidenceLimits(c config.Evidence) compliance.EvidenceLimits {
	return compliance.EvidenceLimits{FilesADay: uint32(c.FilesADay), BytesADay: uint64(c.MBADay) << 20}
}

// Photos are beyond what a photo is remarked upon.
func Photos(c config.Evidence) compliance.PhotoLimits {
	return compliance.PhotoLimits{Far: float64(c.FarM), Late: time.Duration(c.LateMin) * time.Minute,
		System: place.System(c.Positions)}
}
