package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
)

// evidenceTypes are the media types, by content, of what may be handed in. Office's files are zip archives.
var evidenceTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "application/pdf", "video/mp4",
	"video/webm", "application/zip", "text/plain; charset=utf-8"}

// sniffed is how much of a file tells its type.
const sniffed = 512

// AddEvidence keeps a file of size bytes under its hash. It is durable when this returns; the same again changes nothing.
// A file whose content is of no type that is taken is unsupported_media, whatever its name; one beyond what an account
// hands in a day is rate_limited.
func (s *Service) AddEvidence(ctx context.Context, a Ask, in io.ReadSeeker, size int64) (calls.EvidenceView, error) {
	var none calls.EvidenceView
	switch {
	case size == 0:
		return none, refusal.Wrong("file", "evidence.empty", nil)
	case size > calls.MostEvidence:
		return none, refusal.New(refusal.TooLarge, "evidence.size", refusal.Args{"limit": calls.MostEvidence >> 20})
	}
	if s.Large != nil {
		if err := s.Large(); err != nil {
			return none, err
		}
	}
	media, err := mediaOf(in)
	if err != nil {
		return none, err
	}
	file := compliance.Evidence{Size: size, Type: media, Recipient: a.Who.Recipient}
	if file.Hash, err = hashOf(in); err != nil {
		return none, err
	}
	err = s.J.View(func(tx *bbolt.Tx) error { return compliance.MayHandIn(tx, a.Who.User, file, s.J.Now()) })
	if err != nil {
		return none, err // before anything of it is on the disk
	}
	if file.Hash, file.Size, err = s.J.PutContent(ctx, in, calls.MostEvidence); err != nil {
		return none, err
	}
	out, err := s.J.Submit(ctx, a.command(judging.CommandEvidence, file))
	if err != nil {
		return none, err
	}
	e := out.(*compliance.Evidence)
	return calls.EvidenceView{Hash: e.Hash, Size: e.Size, Type: e.Type, At: e.At}, nil
}

// mediaOf is the media type of a file by its content, which is then read from its beginning again.
func mediaOf(in io.ReadSeeker) (string, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return "", err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	media := http.DetectContentType(head[:n])
	for _, known := range evidenceTypes {
		if media == known {
			media, _, _ = strings.Cut(media, ";")
			return media, nil
		}
	}
	return "", refusal.New(refusal.UnsupportedMedia, "evidence.type", refusal.Args{"type": media})
}

// hashOf is the name of a file by its content, which is then read from its beginning again.
func hashOf(in io.ReadSeeker) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil {
		return "", err
	}
	_, err := in.Seek(0, io.SeekStart)
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), err
}

// EvidenceOf is what is known of files by their hashes, in their order; of an enterprise's its own alone. Of one that there is
// not, or that it may not see, only the hash is.
func (s *Service) EvidenceOf(a Ask, hashes []string) (all []calls.EvidenceView, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		for _, hash := range hashes {
			e, err := compliance.GetEvidence(tx, hash, a.Who.Recipient)
			switch {
			case err == nil:
				all = append(all, calls.EvidenceView{Hash: e.Hash, Size: e.Size, Type: e.Type, At: e.At})
			case refusal.CodeOf(err) == refusal.NotFound:
				all = append(all, calls.EvidenceView{Hash: hash})
			default:
				return err
			}
		}
		return nil
	})
	return all, err
}

// OpenEvidence opens a file that was handed in; an enterprise its own alone. The caller closes it.
func (s *Service) OpenEvidence(ctx context.Context, a Ask, hash string) (*compliance.Evidence, journal.Content, error) {
	var e *compliance.Evidence
	err := s.J.View(func(tx *bbolt.Tx) (err error) { e, err = compliance.GetEvidence(tx, hash, a.Who.Recipient); return err })
	if err != nil {
		return nil, nil, err
	}
	content, err := s.J.OpenContent(ctx, hash)
	if err == journal.ErrNoContent {
		err = refusal.New(refusal.NotFound, "evidence.gone", refusal.Args{"hash": hash})
	}
	return e, content, err
}
