// Package look is Guichet's theme: its colours, light and dark, its measures
// and its icons.
package look
