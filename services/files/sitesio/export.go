package sitesio

import (
	"encoding/json"
	"encoding/xml"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// own is our format. Names of a path are raw bytes, so the path is kept in the
// address; there is no password in it.
type own struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Sites   []ownSite `json:"sites"`
}

type ownSite struct {
	files.Site
	Address string `json:"address"`
}

const ownFormat = "guichet-sites"

// Export writes sites without passwords. Formats: Guichet, FileZilla.
func Export(list []files.Site, f Format) ([]byte, error) {
	switch f {
	case Guichet:
		doc := own{Format: ownFormat, Version: 1, Sites: []ownSite{}}
		for _, s := range list {
			address := s.URL(s.Path)
			if len(s.Path) == 0 && !s.Rooted {
				address = address[:len(address)-1] // "at home"
			}
			s.ID, s.Path, s.Rooted = "", nil, false
			doc.Sites = append(doc.Sites, ownSite{s, address})
		}
		data, err := json.MarshalIndent(doc, "", "\t")
		if err != nil {
			return nil, fault.New(fault.Internal, "export sites", "", err)
		}
		return append(data, '\n'), nil
	case FileZilla:
		return exportFileZilla(list)
	}
	return nil, fault.Newf(fault.Unsupported, "export sites", "", "format %q", f)
}

func parseJSON(data []byte) (*List, error) {
	var doc own
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fault.New(fault.Damaged, "read sites", "", err)
	}
	if doc.Format != ownFormat || doc.Version != 1 {
		return nil, fault.Newf(fault.Unsupported, "read sites", "", "not a list of servers")
	}
	l := &List{Format: Guichet}
	for _, one := range doc.Sites {
		parsed, err := files.ParseURL(one.Address)
		if err != nil {
			l.Skipped = append(l.Skipped, Skipped{clean(one.Name), NoHost})
			continue
		}
		s := one.Site
		// Consent to clear text is given by the person who connects, not by a file.
		s.ID, s.AllowClear, s.Path, s.Rooted = "", false, parsed.Path, parsed.Rooted
		l.add(Entry{Site: s})
	}
	return l, nil
}

// The elements of sitemanager.xml, as its program writes them.
type fzOut struct {
	XMLName xml.Name      `xml:"FileZilla3"`
	Servers []fzOutServer `xml:"Servers>Server"`
}

type fzOutServer struct {
	Host      string `xml:"Host"`
	Port      int    `xml:"Port"`
	Protocol  int    `xml:"Protocol"`
	Type      int    `xml:"Type"`
	User      string `xml:"User,omitempty"`
	Keyfile   string `xml:"Keyfile,omitempty"`
	Logon     int    `xml:"Logontype"`
	TimeZone  int    `xml:"TimezoneOffset"`
	Pasv      string `xml:"PasvMode"`
	MaxConns  int    `xml:"MaximumMultipleConnections"`
	Encoding  string `xml:"EncodingType"`
	Custom    string `xml:"CustomEncoding,omitempty"`
	Bypass    int    `xml:"BypassProxy"`
	Name      string `xml:"Name"`
	LocalDir  string `xml:"LocalDir"`
	RemoteDir string `xml:"RemoteDir"`
}

func exportFileZilla(list []files.Site) ([]byte, error) {
	doc := fzOut{Servers: []fzOutServer{}}
	for _, s := range list {
		number := -1
		for n, p := range fzProtocols {
			if p == s.Protocol && n != 6 {
				number = n
			}
		}
		if number < 0 {
			continue
		}
		o := fzOutServer{
			Host: s.Host, Port: s.PortOrDefault(), Protocol: number, User: s.User, Logon: fzAsk, Pasv: "MODE_DEFAULT", MaxConns: s.MaxConns,
			Encoding: "Auto", Name: s.Title(), LocalDir: s.Folder,
		}
		switch {
		case s.User == "":
			o.Logon = fzAnonymous
		case s.KeyFile != "":
			o.Logon, o.Keyfile = fzKey, s.KeyFile
		}
		if s.Active {
			o.Pasv = "MODE_ACTIVE"
		}
		if s.TimeFixed {
			o.TimeZone = int(s.TimeShift / time.Minute)
		}
		switch s.Charset {
		case "":
		case "utf-8":
			o.Encoding = "UTF-8"
		default:
			o.Encoding, o.Custom = "Custom", s.Charset
		}
		if s.Proxy == "direct" {
			o.Bypass = 1
		}
		if s.Rooted {
			o.RemoteDir = writeFZPath(s.Path)
		}
		doc.Servers = append(doc.Servers, o)
	}
	data, err := xml.MarshalIndent(doc, "", "\t")
	if err != nil {
		return nil, fault.New(fault.Internal, "export sites", "", err)
	}
	return append([]byte(xml.Header), append(data, '\n')...), nil
}
