package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"
)

const (
	xlsxType         = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	tortureRecipient = "E0020" // whose contact is amended
)

// keeper imports, approves and activates one small change of the list after the other, and amends a contact between.
type keeper struct {
	book     *excelize.File // the list without contacts, which an import then leaves as they are
	id       string         // the draft
	revision int
	state    string
	current  string // the version in force
}

// newKeeper reads the embedded list and takes the contacts out.
func newKeeper(t *testing.T) *keeper {
	t.Helper()
	path := t.TempDir() + "/list.xlsx"
	command(t, "list", "export", path)
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	k := &keeper{book: f}
	rows, err := f.GetRows("减排对象")
	if err != nil {
		t.Fatal(err)
	}
	for col, head := range rows[0] {
		if slices.Contains([]string{"联系人", "手机", "备用联系人", "备用手机"}, head) {
			for row := range rows[1:] {
				k.set(t, "减排对象", col, row+2, "")
			}
		}
	}
	return k
}

func (k *keeper) set(t *testing.T, sheet string, col, row int, text string) {
	cell, err := excelize.CoordinatesToCellName(col+1, row)
	if err == nil {
		err = k.book.SetCellStr(sheet, cell, text)
	}
	if err != nil {
		t.Error(err)
	}
}

func (k *keeper) reset() { *k = keeper{book: k.book} }

func (k *keeper) next(c *client) *act {
	if k.current == "" {
		var page struct {
			Items []struct {
				ID      string
				InForce bool `json:"in_force"`
			}
		}
		if c.get("duty", "/list/versions", &page) && len(page.Items) == 1 {
			k.current = page.Items[0].ID
			c.to.book.inForce(k.current)
		}
		return nil
	}
	at := "/list/versions/" + k.id
	switch {
	case k.id == "" && c.rng.IntN(2) == 0:
		phone := fmt.Sprintf("138%08d", c.n+1)
		return c.post("duty", "/list/amendments",
			map[string]any{"recipient_id": tortureRecipient, "contact": map[string]any{"name": "李四", "phone": phone},
				"reason": "换人"}, func([]byte) { c.to.book.called(phone) })
	case k.id == "":
		k.set(c.to.t, "减排对象", 2, 2, fmt.Sprintf("第%d号", c.n+1))
		var text bytes.Buffer
		if err := k.book.Write(&text); err != nil {
			c.to.t.Error(err)
		}
		a := c.post("duty", "/list/imports", nil, func(answer []byte) { k.took(c, answer) })
		a.media, a.body = xlsxType, text.Bytes()
		return a
	case k.state == "draft":
		return c.post("approver", at+"/approve", map[string]any{"revision": k.revision},
			func(answer []byte) { k.took(c, answer) })
	}
	return c.post("duty", at+"/activate", map[string]any{"revision": k.revision, "replaces": k.current},
		func(answer []byte) {
			k.took(c, answer)
			c.to.book.inForce(k.id)
			k.current, k.id = k.id, ""
		})
}

func (k *keeper) took(c *client, answer []byte) {
	var v struct {
		ID, State        string
		Revision, Errors int
	}
	if err := json.Unmarshal(answer, &v); err != nil || v.ID == "" || v.Errors > 0 {
		c.to.t.Errorf("%s: %.300s", c.name, answer)
		return
	}
	k.id, k.state, k.revision = v.ID, v.State, v.Revision
	c.to.book.imported(v.ID)
}

// phoneOf reads a recipient's telephone number out of an exported version.
func (to *torture) phoneOf(version, recipient string) string {
	to.t.Helper()
	status, text := to.raw("duty", "GET", "/list/versions/"+version+"/export?format=xlsx", nil)
	if status != http.StatusOK {
		to.t.Fatalf("export of %s: %d %s", version, status, text)
	}
	f, err := excelize.OpenReader(io.NopCloser(bytes.NewReader(text)))
	if err != nil {
		to.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows("减排对象")
	if err != nil {
		to.t.Fatal(err)
	}
	id, phone := slices.Index(rows[0], "编号"), slices.Index(rows[0], "手机")
	for _, row := range rows[1:] {
		if len(row) > max(id, phone) && row[id] == recipient {
			return row[phone]
		}
	}
	return ""
}
