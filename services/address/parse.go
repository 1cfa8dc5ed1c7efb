package address

// Options change what Parse makes of a text.
type Options struct {
	// Search is the address of a web search with {searchTerms} or %s for the
	// words (OpenSearch 1.1); "": words have no web alternative.
	Search string
	// Exists reports whether a path of this computer exists, to tell words from
	// file names; nil: paths are recognised by their form alone.
	Exists func(path string) bool
	// Home is the folder that "~" stands for; "": "~" is left as it is.
	Home string
	// Pages are the names of Guichet's own pages; nil: start, activity,
	// settings, help.
	Pages []string
}

// Parse decides what text means. It never fails: what is nothing else is Words.
// Parsing a target's Shown again gives the same meaning.
func Parse(text string, o Options) Target {
	return Target{Kind: Words, Text: text, Shown: text}
}
