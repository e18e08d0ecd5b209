// Command qingkong coordinates a district's response to heavy-pollution weather.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// gcPercent lets the heap grow to four times what lives before it is collected: the coordinator keeps little in
// memory and makes much garbage in its busiest minutes. GOGC overrides it.
const gcPercent = 300

// run ends its command at the first interrupt and the process at the second.
func run(args []string, stdout, stderr io.Writer) int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return execute(ctx, args, stdout, stderr)
}
