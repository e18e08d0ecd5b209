package settings

import (
	"testing"

	"qingkong/cmd/internal/config"
	"qingkong/notify/compliance"
)

// The documented configuration takes and remarks what the package does by itself.
func TestEvidenceOfTheConfiguration(t *testing.T) {
	usual := config.Default().Evidence
	if got := EvidenceLimits(usual); got != compliance.UsualEvidence {
		t.Errorf("the documented limits are %+v, the package's own %+v", got, compliance.UsualEvidence)
	}
	if got := Photos(usual); got != compliance.UsualPhotos {
		t.Errorf("the documented limits of photos are %+v, the package's own %+v", got, compliance.UsualPhotos)
	}
}
