package check

import (
	"context"

	"guichet/services/fault"
)

// probe speaks the protocol of the URL's scheme on the open connection.
func (d *diagnosis) probe(ctx context.Context) error {
	switch d.url.Scheme {
	case "http", "https":
		return d.web(ctx)
	case "dav", "davs":
		return d.webDAV(ctx)
	case "s3", "s3+http":
		return d.s3(ctx)
	case "imap", "imaps":
		return d.imap(ctx)
	case "smtp", "smtps":
		return d.smtp(ctx)
	case "ftp", "ftps", "ftpes":
		return d.ftp(ctx)
	case "sftp":
		return d.sftp(ctx)
	case "postgres", "mysql":
		return nil // that the port answers is all that is looked at
	}
	d.current = ""
	return fault.Newf(fault.Unsupported, "check", d.host, "scheme %q", d.url.Scheme)
}

// spoke enters that the server speaks the expected protocol.
func (d *diagnosis) spoke(expected string) {
	s := d.steps[Protocol]
	s.State, s.Detail.Expected = OK, expected
}
