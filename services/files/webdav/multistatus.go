package webdav

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits on an answer: in all, and for one resource.
const (
	maxAnswer   = 1 << 30
	maxResource = 1 << 20
)

// resource is what a multistatus answer (RFC 4918 section 14.16) says about one
// resource: the properties with status 200.
type resource struct {
	href                   string
	folder                 bool
	length, modified, etag string
	available, checksums   string
	status                 string // of a propstat
}

// budget is a reader that fails when one resource takes too many bytes.
type budget struct {
	r    io.Reader
	left int
}

var errBudget = errors.New("one resource fills more than the limit")

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBudget
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// The namespaces that count.
const (
	dav      = "DAV:"
	ownCloud = "http://owncloud.org/ns"
)

// parseMultistatus calls each with every resource of an answer, as soon as its
// bytes have come. It reads tokens, which is less work than structures are with a
// hundred thousand resources.
func parseMultistatus(r io.Reader, each func(*resource) error) error {
	b := &budget{r: r, left: maxResource}
	d := xml.NewDecoder(b)
	d.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii") {
			return input, nil
		}
		return nil, fmt.Errorf("charset %q", charset)
	}
	inside := false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !inside {
				return errors.New("no multistatus")
			}
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case !inside && start.Name.Space == dav && start.Name.Local == "multistatus":
			inside = true
			continue
		case !inside:
			return errors.New("no multistatus")
		case start.Name.Space == dav && start.Name.Local == "response":
			one, err := parseResource(d)
			if err != nil {
				return err
			}
			if err := each(one); err != nil {
				return err
			}
		default:
			if err := d.Skip(); err != nil {
				return err
			}
		}
		b.left = maxResource
	}
}

// maxNesting bounds how deep the properties of a resource may be nested.
const maxNesting = 64

// parseResource reads on to the end of a response element.
func parseResource(d *xml.Decoder) (*resource, error) {
	all, part := &resource{}, &resource{} // part is the propstat being read
	var open []xml.Name
	var text strings.Builder
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(open) >= maxNesting {
				return nil, errors.New("nested too deep")
			}
			open = append(open, t.Name)
			text.Reset()
			if len(open) == 1 && is(t.Name, "propstat") {
				part = &resource{}
			}
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if len(open) == 0 {
				return all, nil
			}
			closed := open[len(open)-1]
			open = open[:len(open)-1]
			value := strings.TrimSpace(text.String())
			text.Reset()
			switch {
			case len(open) == 0 && is(closed, "href") && all.href == "":
				all.href = value
			case len(open) == 0 && is(closed, "propstat"):
				if part.status == "" || strings.Contains(part.status, " 200") {
					all.merge(part)
				}
			case len(open) == 1 && is(closed, "status"):
				part.status = value
			case len(open) == 2 && is(open[1], "prop"):
				part.set(closed, value)
			case len(open) == 3 && is(open[2], "resourcetype") && is(closed, "collection"):
				part.folder = true
			case len(open) == 3 && closed == (xml.Name{Space: ownCloud, Local: "checksum"}):
				part.checksums += " " + value
			}
		}
	}
}

func is(n xml.Name, local string) bool { return n.Local == local && n.Space == dav }

// set enters a property.
func (r *resource) set(n xml.Name, value string) {
	if n.Space != dav {
		return
	}
	switch n.Local {
	case "getcontentlength":
		r.length = value
	case "getlastmodified":
		r.modified = value
	case "getetag":
		r.etag = value
	case "quota-available-bytes":
		r.available = value
	}
}

// merge takes over what p says.
func (r *resource) merge(p *resource) {
	r.folder = r.folder || p.folder
	for _, one := range []struct{ to, from *string }{
		{&r.length, &p.length},
		{&r.modified, &p.modified},
		{&r.etag, &p.etag},
		{&r.available, &p.available},
		{&r.checksums, &p.checksums},
	} {
		if *one.from != "" {
			*one.to = *one.from
		}
	}
}
