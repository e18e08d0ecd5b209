// Command qingkong coordinates a district's response to heavy-pollution weather.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run ends its command at the first interrupt and the process at the second.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return execute(ctx, args, stdout, stderr)
}
