package commands

import "log/slog"

// logLevel is what the command line writes to the profile's log.
const logLevel = slog.LevelInfo
