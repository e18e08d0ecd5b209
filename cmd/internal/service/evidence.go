package service

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/photos"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// evidenceTypes are the media types, by content, of what may be handed in. Office's files are zip archives.
var evidenceTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", photos.HEIC, "application/pdf",
	"video/mp4", "video/webm", "application/zip", "text/plain; charset=utf-8"}

// sniffed is how much of a file tells its type.
const sniffed = 512

// HandedIn is a file on its way in.
type HandedIn struct {
	File    io.ReadSeeker // read from its beginning
	Size    int64         // in bytes
	Most    int64         // that it may have; 0 stands for [calls.MostEvidence]
	SHA256  string        // that it is said to have, in hexadecimal digits; empty where nothing is said
	Claimed compliance.Taken
}

// AddEvidence is [Service.HandIn] for a file of size bytes of which nothing is claimed.
func (s *Service) AddEvidence(ctx context.Context, a Ask, in io.ReadSeeker, size int64) (calls.EvidenceView, error) {
	return s.HandIn(ctx, a, HandedIn{File: in, Size: size})
}

// HandIn keeps a file under its hash. It is durable when this returns; the same again changes nothing. Refused are a file
// whose content is of no type that is taken (unsupported_media), whatever its name; one whose hash is not what it was said
// to be (invalid, evidence.exchanged); one that was erased, which does not come back (invalid, evidence.erased); and one beyond what an account hands in a day (rate_limited).
func (s *Service) HandIn(ctx context.Context, a Ask, in HandedIn) (v calls.EvidenceView, err error) {
	in.Most = cmp.Or(in.Most, calls.MostEvidence)
	switch {
	case in.Size == 0:
		return v, refusal.Wrong("file", "evidence.empty", nil)
	case in.Size > in.Most:
		return v, refusal.New(refusal.TooLarge, "evidence.size", refusal.Args{"limit": in.Most >> 20})
	}
	if s.Large != nil {
		if err := s.Large(); err != nil {
			return v, err
		}
	}
	file := compliance.Evidence{Size: in.Size, Recipient: a.Who.Recipient}
	if file.Type, err = mediaOf(in.File); err != nil {
		return v, err
	}
	if file.Hash, err = hashOf(in.File); err != nil {
		return v, err
	}
	if is := strings.TrimPrefix(file.Hash, "sha256:"); in.SHA256 != "" && in.SHA256 != is {
		return v, refusal.New(refusal.Invalid, "evidence.exchanged", refusal.Args{"said": in.SHA256, "is": is})
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		if ref := journal.ContentRef(file.Hash); journal.InVault(tx, ref) && journal.ReadVault(tx, ref) == nil {
			return refusal.New(refusal.Invalid, "evidence.erased", refusal.Args{"hash": file.Hash})
		}
		return compliance.MayHandIn(tx, s.limits, a.Who.User, file, s.J.Now())
	})
	if err != nil {
		return v, err // before anything of it is on the disk
	}
	cmd := a.command(judging.CommandEvidence, nil)
	if file.PhotoRef, err = s.sealPhoto(in, file.Type, &cmd); err != nil {
		return v, err
	}
	if file.Hash, file.Size, err = s.J.PutContent(ctx, in.File, in.Most); err != nil {
		return v, err
	}
	cmd.Payload = file
	out, err := s.J.Submit(ctx, cmd)
	if err != nil {
		return v, err
	}
	err = s.J.View(func(tx *bbolt.Tx) (err error) { v, err = s.evidenceView(tx, a, out.(*compliance.Evidence)); return err })
	return v, err
}

// sealPhoto puts when and where a photo was taken on its way into the vault; the reference is empty where nothing says so.
// The file is then read from its beginning again.
func (s *Service) sealPhoto(in HandedIn, media string, cmd *journal.Command) (ref string, err error) {
	photo := compliance.Photo{EXIF: photos.EXIF(in.File, media), Claimed: in.Claimed}
	if _, err := in.File.Seek(0, io.SeekStart); err != nil || photo.None() {
		return "", err
	}
	text, err := json.Marshal(photo)
	if err != nil {
		return "", err
	}
	ref, _ = s.seal(string(text), cmd.Key, &cmd.Vault)
	return ref, nil
}

// evidenceView is a file as it is shown, with what there is to remark of it by itself.
func (s *Service) evidenceView(tx *bbolt.Tx, a Ask, e *compliance.Evidence) (calls.EvidenceView, error) {
	v := calls.EvidenceView{Hash: e.Hash, Size: e.Size, Type: e.Type, At: e.At, Remarks: []calls.Remark{}}
	photo, err := PhotoOf(tx, e)
	if err != nil {
		return v, err
	}
	where := func(t compliance.Taken) *calls.Position {
		if t.Position == nil {
			return nil
		}
		return &calls.Position{Lon: t.Position.Lon, Lat: t.Position.Lat}
	}
	v.TakenAt, v.Position = photo.EXIF.At, where(photo.EXIF)
	v.ClaimedAt, v.ClaimedPosition = photo.Claimed.At, where(photo.Claimed)
	for _, r := range s.photos.Remarks(photo.EXIF, photo.Claimed, nil, time.Time{}) {
		v.Remarks = append(v.Remarks, calls.Remark{Rule: r.Rule, Text: r.Words(a.Lang)})
	}
	return v, nil
}

// PhotoOf is when and where a photo was taken, as far as that is known and not erased.
func PhotoOf(tx *bbolt.Tx, e *compliance.Evidence) (p compliance.Photo, err error) {
	if e.PhotoRef == "" {
		return p, nil
	}
	text := journal.ReadVault(tx, e.PhotoRef)
	if text == nil {
		return p, nil
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("service: what the photo %s says: %w", e.Hash, err)
	}
	return p, nil
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
	switch {
	case isHEIC(head[:n]):
		media = photos.HEIC
	case bytes.HasPrefix(bytes.TrimPrefix(head[:n], []byte("\ufeff")), []byte("#!")):
		media = "text/x-script" // whoever opens it by its name must not run it
	}
	for _, known := range evidenceTypes {
		if media == known {
			media, _, _ = strings.Cut(media, ";")
			return media, nil
		}
	}
	return "", refusal.New(refusal.UnsupportedMedia, "evidence.type", refusal.Args{"type": media})
}

// isHEIC reports whether a file begins as photos do that some phones keep in the form of ISO/IEC 23008-12, which the
// standard library does not know.
func isHEIC(head []byte) bool {
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return false
	}
	switch string(head[8:12]) {
	case "heic", "heix", "heim", "heis", "mif1", "msf1":
		return true
	}
	return false
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

// fileFor is a file that somebody may see, or a not_found refusal: an enterprise those that it handed in, and what inspectors
// photographed or had signed there, which it is to answer.
func fileFor(tx *bbolt.Tx, who *access.Principal, hash string) (*compliance.Evidence, error) {
	e, err := compliance.GetEvidence(tx, hash, who.Recipient)
	if who.Role != calls.Enterprise || refusal.CodeOf(err) != refusal.NotFound {
		return e, err
	}
	looked := 0
	for id := range inspect.WithFile(tx, hash) {
		if looked++; looked > mostLooked {
			break
		}
		in, other := inspect.Get(tx, id)
		if other != nil || in.Recipient != who.Recipient || !slices.Contains(in.Files(), hash) {
			continue
		}
		if e, other := compliance.GetEvidence(tx, hash, ""); other == nil && e.Recipient == "" {
			return e, nil
		}
	}
	return nil, err
}

// mostLooked is how many inspections are looked at for a file: it stands in one as a rule.
const mostLooked = 20

// EvidenceOf is what is known of files by their hashes, in their order; of an enterprise those that it may see, see fileFor. Of one that there is
// not, or that it may not see, only the hash is.
func (s *Service) EvidenceOf(a Ask, hashes []string) (all []calls.EvidenceView, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		for _, hash := range hashes {
			e, err := fileFor(tx, a.Who, hash)
			switch {
			case err == nil:
				v, err := s.evidenceView(tx, a, e)
				if err != nil {
					return err
				}
				s.sawPhoto(tx, a, e, v)
				all = append(all, v)
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

// sawPhoto notes that somebody was shown when and where a photo was taken that another account handed in.
func (s *Service) sawPhoto(tx *bbolt.Tx, a Ask, e *compliance.Evidence, v calls.EvidenceView) {
	if a.Who.User != e.By && (v.Position != nil || v.ClaimedPosition != nil) {
		s.Saw(a, Reading{Kind: access.SeenPhoto, Recipients: photographed(tx, e), Still: true})
	}
}

// photographed are the recipients that a file is about: whose it is, or where inspectors were that name it, the latest of
// them.
func photographed(tx *bbolt.Tx, e *compliance.Evidence) (recipients []string) {
	if e.Recipient != "" {
		return []string{e.Recipient}
	}
	looked := 0
	for id := range inspect.WithFile(tx, e.Hash) {
		if looked++; looked > mostLooked {
			break
		}
		if in, err := inspect.Get(tx, id); err == nil && !slices.Contains(recipients, in.Recipient) {
			recipients = append(recipients, in.Recipient)
		}
	}
	if recipients == nil { // of nobody that is known: it counts all the same
		recipients = []string{""}
	}
	return recipients
}

// OpenEvidence opens a file that was handed in; an enterprise those that it may see, see fileFor. That somebody opens what another photographed
// on site, or had signed there, counts as reading of people. The caller closes it.
func (s *Service) OpenEvidence(ctx context.Context, a Ask, hash string) (*compliance.Evidence, journal.Content, error) {
	var e *compliance.Evidence
	var at []string
	err := s.J.View(func(tx *bbolt.Tx) (err error) {
		if e, err = fileFor(tx, a.Who, hash); err == nil && e.Recipient == "" && a.Who.User != e.By {
			at = photographed(tx, e)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	content, err := s.J.OpenContent(ctx, hash)
	if errors.Is(err, journal.ErrNoContent) {
		err = refusal.New(refusal.NotFound, "evidence.gone", refusal.Args{"hash": hash})
	}
	if err == nil && len(at) > 0 {
		s.Saw(a, Reading{Kind: access.SeenPhoto, Recipients: at, Still: true})
	}
	return e, content, err
}
