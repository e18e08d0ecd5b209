package session

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
)

// # The key of a user on a device
//
// A page that works without network keeps drafts and photos in the browser, encrypted by a key that the browser does not
// keep. The server gives it to who is logged in there: HKDF-SHA-256 of a secret of the vault, over the device cookie's id,
// the user, and the secret of the user's pair in that cookie. The program keeps none of them; all nodes give the same.
//
//   - A logout leaves the pair and so the key: what was not sent yet is there after the next login, which takes the
//     password as ever.
//   - A login of the same user in the same browser hands the pair's secret on, as long as the pair stood until then. So does
//     a change of the password that is made in that browser, for it takes the current one.
//   - Whatever drops the pair (a password that was changed elsewhere, new credentials, a disabled account, the end of all
//     sessions, ten wrong passwords, ninety days, a cookie that was deleted) ends the key for good: the next login makes
//     another secret. So a phone that was lost is void with "end all sessions", also to somebody who learns the password
//     afterwards. What lies on it then opens by its PIN alone.
//   - A copy of the cookie is worth no key: that takes a session of the user. Who has both, and the files of the device as
//     well, can read them until the pair is dropped; a dropped pair in a copied cookie is no more good than in the first,
//     because it names the login that is no longer the user's. An old copy of a pair that still stands has the same
//     secret, and adds nothing to what a login there would give.
//   - Another user's key in the same browser is another.

const (
	deviceKeyPurpose = "qingkong key of a user on a device"
	keyIDBytes       = 8
)

// DeviceKey is the key of a user on the device that the request comes from, 32 bytes, and what names it, which tells
// nothing of it; nil where the browser is not known as the user's.
func (s *Sessions) DeviceKey(r *http.Request, user string) (id string, key []byte, err error) {
	d := s.device(r)
	p := s.good(d, user)
	if p == nil || p.Secret == "" {
		return "", nil, nil
	}
	secret, err := journal.Read(s.j, func(tx *bbolt.Tx) ([]byte, error) { return access.LoginKey(tx, deviceKeyPurpose), nil })
	if err != nil || secret == nil {
		return "", nil, err
	}
	of := "\x00" + d.ID + "\x00" + user + "\x00" + p.Secret
	if key, err = hkdf.Key(sha256.New, secret, nil, "key"+of, sha256.Size); err != nil {
		return "", nil, err
	}
	name, err := hkdf.Key(sha256.New, secret, nil, "name"+of, keyIDBytes)
	return hex.EncodeToString(name), key, err
}
