// Package assets holds the files that are built into the program: icons,
// translations, sample content. It has no code of its own.
package assets

import "embed"

// Translations has one file per area and language, AREA.LANG.json, in the
// format of go-i18n: message id to text, or to plural forms.
//
//go:embed translations/*.json
var Translations embed.FS

// Demo is the sample content of the demo servers: mail, web pages and the
// people in them.
//
//go:embed demo
var Demo embed.FS
