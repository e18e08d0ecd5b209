package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/folder"
)

// lockAgentFolder makes the folder this agent's own: two would run each command and send each answer twice. The lock
// ends with the process, however that ends.
func lockAgentFolder(dir string) (release func() error, err error) {
	release, err = folder.Lock(dir)
	switch {
	case errors.Is(err, folder.ErrInUse):
		return nil, refusal.New(refusal.Conflict, "agent.folder_busy", refusal.Args{"dir": dir})
	case err != nil:
		return nil, unusable(dir, err)
	}
	return release, nil
}

// replaceFile writes a file in one step: after a crash there is the old one or the new one, and once it returns the
// new one stays. It makes no folder: where one has gone, its medium may be missing.
func replaceFile(path string, parts ...[]byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), partFile)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Join(parts, nil))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// load reads the folder. damaged hears of each file that cannot be read or is none of ours.
func (s *store) load(damaged func(file string, why error)) error {
	for i, name := range folders {
		list, err := os.ReadDir(filepath.Join(s.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return unusable(s.dir, err)
		}
		for _, f := range list {
			file := filepath.Join(name, f.Name())
			if err := s.loadFile(prefixes[i], file); err != nil {
				damaged(file, err)
			}
		}
	}
	slices.SortFunc(s.entries, func(a, b *entry) int { return cmp.Compare(a.head.Seq, b.head.Seq) })
	for _, e := range s.entries {
		if e.head.Recipient != s.recipient && s.recipient != "" {
			return refusal.New(refusal.Conflict, "agent.folder_of_another",
				refusal.Args{"dir": s.dir, "owner": e.head.Recipient, "recipient": s.recipient})
		}
		e.progress = s.orphans[e.place]
		delete(s.orphans, e.place)
		s.matchReceipts(e)
		s.seq = max(s.seq, e.head.Seq)
	}
	return nil
}

func (s *store) loadFile(prefix, file string) error {
	place := strings.TrimSuffix(file, filepath.Ext(file))
	switch filepath.Ext(file) {
	case eventFile:
		head, _, order, err := s.readEvent(place)
		if err != nil {
			return err
		}
		if placeOf(prefix, head.Event, order.ID) != place {
			return errors.New("its name is not that of the order it holds")
		}
		e := &entry{place: place, prefix: prefix, head: head, order: order}
		s.entries, s.byPlace[place] = append(s.entries, e), e
		return nil
	case progressFile:
		data, err := os.ReadFile(filepath.Join(s.dir, file))
		if err != nil {
			return err
		}
		var p progress
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		if slices.Contains(p.Answers, nil) {
			return errors.New("an answer is empty")
		}
		for _, row := range p.Answers {
			s.seq = max(s.seq, row.Seq)
		}
		s.orphans[place] = &p
		return nil
	case receiptsFile:
		return s.loadReceipts(place, file)
	}
	return errors.New("it is half written, or no file of the agent's")
}

// readEvent reads a kept event and proves that it is as it was received.
func (s *store) readEvent(place string) (head eventHead, ev orderEvent, o order, err error) {
	data, err := os.ReadFile(filepath.Join(s.dir, place+eventFile))
	if err != nil {
		return head, ev, o, err
	}
	line, raw, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(line, &head); err != nil {
		return head, ev, o, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != head.SHA256 {
		return head, ev, o, errors.New("its content is not what was received (SHA-256 differs)")
	}
	if head.Pulled {
		ev = orderEvent{Event: head.Event, Order: raw}
		o, err = readOrder(raw)
		return head, ev, o, err
	}
	ev, o, err = readEvent(raw)
	return head, ev, o, err
}

// setAside moves a file to where it does not trouble the next start, under a name that is still free.
func (s *store) setAside(file string) error {
	to := filepath.Join(s.dir, asideFolder, strings.ReplaceAll(file, string(filepath.Separator), "."))
	for n, first := 1, to; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return os.Rename(filepath.Join(s.dir, file), to)
		}
		to = fmt.Sprintf("%s.%d", first, n)
	}
}
