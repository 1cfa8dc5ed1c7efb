package demo

import (
	"context"
	"fmt"
	"log/slog"

	"guichet/services/fault"
)

// quiet is the logger of the server libraries: a broken connection is daily
// business on a server and no warning to the person at the window.
type quiet struct{ server string }

// Printf logs one line at debug level.
func (q quiet) Printf(format string, args ...any) { q.log(fmt.Sprintf(format, args...)) }

// Println logs its operands at debug level.
func (q quiet) Println(args ...any) { q.log(fmt.Sprint(args...)) }

func (q quiet) log(line string) {
	slog.Log(context.Background(), slog.LevelDebug, "demo server", "server", q.server, "said", fault.Redact(line))
}
