package address

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"example.org", "https://exämple.org/a%20b?q=1#f", "anna@example.org", "sftp://anna@files.example.org:2222/~/x", "/home/anna/notes", "words to search for"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				Parse(text, Options{})
			}
		})
	}
}
