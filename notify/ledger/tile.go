package ledger

import (
	"errors"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// ParseTile reads the path of a tile of hashes as C2SP tlog-tiles writes it behind "tile/": "0/x001/067", "1/000.p/8".
// Tiles of entries there are none of: an entry may be larger than those may hold.
func ParseTile(path string) (tlog.Tile, error) {
	if strings.HasPrefix(path, "entries/") {
		return tlog.Tile{}, errors.New("ledger: there are no tiles of entries")
	}
	return torchwood.ParseTilePath("tile/" + path)
}

// Covers reports whether the hashes of a tile are those of a tree of size entries: a tile that is not full is one at its
// right edge, or was.
func Covers(size int64, t tlog.Tile) bool {
	if t.L < 0 || t.L > 7 || t.N < 0 || t.N > 1<<40 {
		return false
	}
	shift := t.L * torchwood.TileHeight
	return t.N*torchwood.TileWidth+int64(t.W) <= size>>shift
}
