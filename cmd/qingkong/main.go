// Command qingkong coordinates a district's response to heavy-pollution weather.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata"

	"qingkong/alerts/refusal"
)

func main() { os.Exit(run(os.Args[1:], toPerson(os.Stdout), toPerson(os.Stderr))) }

// toPerson keeps characters that would steer a terminal from it: anybody may have written the texts that the program
// prints. A file or another program gets everything as it is.
func toPerson(f *os.File) io.Writer {
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return f
	}
	return refusal.VisibleWriter(f)
}

// run ends its command at the first interrupt and the process at the second.
func run(args []string, stdout, stderr io.Writer) int {
	spendMemoryOnSpeed()
	ctx, stop := interruptible(stderr)
	defer stop()
	return execute(ctx, args, stdout, stderr)
}

// interruptible is a context that ends at the first SIGINT or SIGTERM; at the second the process ends at once, and not
// well.
func interruptible(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	over := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-over:
			return
		}
		select {
		case <-signals:
			fmt.Fprintln(stderr, "error:", bothLanguages("cli.interrupted", nil))
			os.Exit(exitFailed)
		case <-over:
		}
	}()
	return ctx, func() { signal.Stop(signals); close(over); cancel() }
}
