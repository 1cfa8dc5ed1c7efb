// Package icons holds Guichet's icons: one stroke style, 24 by 24 units, drawn
// in the one colour Ink, which the program replaces by the theme's.
package icons

import "embed"

// Ink is the colour that every icon file is drawn in.
const Ink = "#1d2733"

// Files has one NAME.svg per icon.
//
//go:embed *.svg
var Files embed.FS
