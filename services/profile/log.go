package profile

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"gopkg.in/natefinch/lumberjack.v2"

	"guichet/services/fault"
)

// OpenLog sends the program's log to a rotating file (three of 2 MB at most)
// and to also, if that is not nil; and has the Go runtime write a crash to
// crash.log. Secrets are taken out of every text on its way. The returned
// function ends it: the crash log of a sound end is removed.
func (p *Profile) OpenLog(also io.Writer, level slog.Level) (end func() error, err error) {
	file := &lumberjack.Logger{Filename: filepath.Join(p.Logs, "guichet.log"), MaxSize: 2, MaxBackups: 2}
	var w io.Writer = file
	if also != nil {
		w = io.MultiWriter(file, also)
	}
	slog.SetDefault(slog.New(redacting{slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})}))

	crash, err := os.OpenFile(filepath.Join(p.Logs, "crash.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fault.From("open log", "", err)
	}
	if err := debug.SetCrashOutput(crash, debug.CrashOptions{}); err != nil {
		return nil, errors.Join(fault.From("open log", "", err), crash.Close())
	}
	return func() error {
		err := errors.Join(debug.SetCrashOutput(nil, debug.CrashOptions{}), crash.Close(), file.Close())
		if s, serr := os.Stat(crash.Name()); serr == nil && s.Size() == 0 {
			err = errors.Join(err, os.Remove(crash.Name()))
		}
		return err
	}, nil
}

// redacting is a handler that takes secrets out of messages and values.
type redacting struct{ slog.Handler }

func (h redacting) Handle(ctx context.Context, r slog.Record) error {
	c := slog.NewRecord(r.Time, r.Level, fault.Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		c.AddAttrs(clean(a))
		return true
	})
	return h.Handler.Handle(ctx, c)
}

func (h redacting) WithAttrs(attrs []slog.Attr) slog.Handler {
	cleaned := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		cleaned[i] = clean(a)
	}
	return redacting{h.Handler.WithAttrs(cleaned)}
}

func (h redacting) WithGroup(name string) slog.Handler { return redacting{h.Handler.WithGroup(name)} }

func clean(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, fault.Redact(v.String()))
	case slog.KindGroup:
		members := make([]any, 0, len(v.Group()))
		for _, m := range v.Group() {
			members = append(members, clean(m))
		}
		return slog.Group(a.Key, members...)
	case slog.KindAny:
		return slog.String(a.Key, fault.Redact(v.String()))
	}
	return a
}
