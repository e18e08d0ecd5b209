package service

import "encoding/json"

// pageBytes is after how many bytes of JSON a page ends, however many items were asked for: what people wrote may be long, and
// a page is made in memory, for each who asks. One item takes less than the body that it came in.
const pageBytes = 4 << 20

// fillPage gives the views of what was found for a page, up to the one that fills it, with the cursor to go on behind it; next is
// that of all that was found.
func fillPage[F, V any](found []F, next string, cursor func(F) string, view func(F) (V, error)) (page []V, _ string, _ error) {
	size := 0
	for i, one := range found {
		v, err := view(one)
		if err != nil {
			return nil, "", err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, "", err
		}
		page = append(page, v)
		if size += len(text); size >= pageBytes && i < len(found)-1 {
			return page, cursor(one), nil
		}
	}
	return page, next, nil
}
