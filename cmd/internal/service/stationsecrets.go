package service

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// stationSecrets are the password of a station's frames and its key of SM4, 16 bytes or none. Printed or logged they say
// nothing.
type stationSecrets struct {
	password string
	sm4Key   string
}

// String is no secret.
func (stationSecrets) String() string { return "secrets of a station" }

// GoString is no secret.
func (s stationSecrets) GoString() string { return s.String() }

// LogValue is no secret.
func (s stationSecrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// sealedSecrets is what the vault holds of a station; the key is hexadecimal.
type sealedSecrets struct {
	Password string `json:"password,omitempty"`
	SM4Key   string `json:"sm4_key,omitempty"`
}

// with are the secrets with what a person gave in their place, for a station that is encrypted in that mode.
func (s stationSecrets) with(in calls.Secrets, mode hj212.Mode) (stationSecrets, error) {
	encrypted := mode != "" && mode != hj212.None
	if in.Password != "" {
		s.password = in.Password
	}
	switch {
	case encrypted && in.SM4Key != "":
		s.sm4Key = in.SM4Key
		if len(in.SM4Key) == 32 {
			key, err := hex.DecodeString(in.SM4Key)
			if err != nil {
				return s, refusal.Wrong("sm4_key", "telemetry.sm4_key", nil)
			}
			s.sm4Key = string(key)
		}
	case encrypted && s.sm4Key == "":
		return s, refusal.Wrong("sm4_key", "telemetry.sm4_key_needed", nil)
	case !encrypted && in.SM4Key != "":
		return s, refusal.Wrong("sm4_key", "telemetry.sm4_key_alone", nil)
	case !encrypted:
		s.sm4Key = ""
	}
	if s.password == "" && s.sm4Key != "" {
		return s, refusal.Wrong("password", "telemetry.password_needed", nil)
	}
	return s, nil
}

// sealStation puts the secrets of a station on their way into the vault. None have no reference.
func (s *Service) sealStation(mn string, secrets stationSecrets, key string, cmd *journal.Command) telemetry.Secret {
	if secrets == (stationSecrets{}) {
		return telemetry.Secret{}
	}
	text, err := json.Marshal(sealedSecrets{secrets.password, hex.EncodeToString([]byte(secrets.sm4Key))})
	if err != nil {
		panic(err) // two texts
	}
	ref, _ := s.seal(string(text), key, &cmd.Vault)
	return telemetry.Secret{Ref: ref, Digest: hex.EncodeToString(s.keyed("station", mn, string(text)))}
}

// ErrSecretsErased says that a station has secrets and the vault holds them no more: no frame can be told from another's
// until it gets others.
var ErrSecretsErased = errors.New("service: the station's password was erased: give it another one")

// StationSecrets are the password and the key of a station, nil where it comes in clear. Both are empty where it sends no
// frames. It reads the vault each time: whoever takes frames keeps what it was given for as long as the station's row and
// the record's height are the same. The error is [ErrSecretsErased] where they were erased.
func (s *Service) StationSecrets(st *telemetry.Station) (password string, key []byte, err error) {
	if st.Secret.Ref == "" {
		return "", nil, nil
	}
	is, err := s.secretsOf(st)
	switch {
	case err != nil:
		return "", nil, err
	case is == (stationSecrets{}):
		return "", nil, ErrSecretsErased
	case is.sm4Key != "":
		key = []byte(is.sm4Key)
	}
	return is.password, key, nil
}

// secretsOf are the secrets of a station; none where it has none, or they were erased.
func (s *Service) secretsOf(st *telemetry.Station) (is stationSecrets, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		content := journal.ReadVault(tx, st.Secret.Ref)
		if content == nil {
			return nil
		}
		var sealed sealedSecrets
		err := json.Unmarshal(content, &sealed)
		key, noHex := hex.DecodeString(sealed.SM4Key)
		if err != nil || noHex != nil {
			return fmt.Errorf("service: the vault's entry %s is not that of a station", st.Secret.Ref)
		}
		is = stationSecrets{sealed.Password, string(key)}
		return nil
	})
	return is, err
}
