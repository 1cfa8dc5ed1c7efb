//go:build kill

package commands

// kills is how often each command is killed.
const kills = 10
