package demo

import (
	"encoding/xml"
	"net/http"
	"time"
)

// atomFeed is a news feed (RFC 4287).
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Links   []atomLink `xml:"link"`
	Summary string     `xml:"summary"`
	Author  string     `xml:"author>name"`
}

// feed lists the articles for feed readers.
func (s *site) feed(w http.ResponseWriter, r *http.Request, lang string) {
	base := s.demo.info.HTTP
	if r.TLS != nil {
		base = s.demo.info.HTTPS
	}
	t := s.words[lang]
	f := atomFeed{Lang: lang, ID: "urn:guichet:demo:" + lang, Title: t["site"], Links: []atomLink{
		{Rel: "self", Href: base + lang + "/feed.xml"}, {Href: base + lang + "/"},
	}}
	newest := time.Time{}
	for _, a := range s.articles[lang] {
		if a.at.After(newest) {
			newest = a.at
		}
		f.Entries = append(f.Entries, atomEntry{
			ID: f.ID + ":" + a.Slug, Title: a.Title, Updated: a.at.Format(time.RFC3339),
			Links: []atomLink{{Href: base + lang + "/" + a.Slug + ".html"}}, Summary: a.Summary, Author: a.Section,
		})
	}
	f.Updated = newest.Format(time.RFC3339)
	data, err := xml.MarshalIndent(f, "", " ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), data...)) // the client is gone, nobody to tell
}
