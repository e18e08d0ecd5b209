package watch

// RoomLevel is how much of the disk may be used.
type RoomLevel int

// The levels. RoomLow has none for what is large and can wait: imports, uploads, backups. RoomStop has it only for what
// ends or answers a response: lift, cancel, approve, answers, what was sent, timers, the lease.
const (
	RoomOK RoomLevel = iota
	RoomLow
	RoomStop
)

// Room is the space that is left where the record lies, against its limits.
type Room struct {
	Level  RoomLevel
	FreeMB int64
	MinMB  int64 // below it the level is RoomLow
	StopMB int64 // below it the level is RoomStop
}

// RoomOf judges the space that is left by its limits.
func RoomOf(freeMB, minMB, stopMB int64) Room {
	r := Room{FreeMB: freeMB, MinMB: minMB, StopMB: stopMB}
	switch {
	case freeMB < stopMB:
		r.Level = RoomStop
	case freeMB < minMB:
		r.Level = RoomLow
	}
	return r
}
