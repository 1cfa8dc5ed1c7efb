package webdav

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/httpwatch"
	"guichet/services/files/pieces"
)

// cloud is an ownCloud or a Nextcloud. They keep the time that comes with an
// upload, know checksums, and Nextcloud takes large files in pieces.
type cloud struct {
	uploads files.Path // folder for the pieces of uploads; nil: it takes none
}

// Files over pieceFrom bytes go in pieces of at least pieceSize, numbered up to
// maxPieces: the limits of Nextcloud's chunked upload, version 2, are 5 MB and
// 10,000. Behind many a Nextcloud stands a proxy that takes no larger requests.
const (
	pieceFrom = 64 << 20
	pieceSize = 10 << 20
	maxPieces = 10_000
)

// capabilities is the part that counts of what the OCS API says.
type capabilities struct {
	OCS struct {
		Data struct {
			Version struct {
				Major   int    `json:"major"`
				Product string `json:"product"`
			} `json:"version"`
			Capabilities struct {
				DAV struct {
					Chunking string `json:"chunking"`
				} `json:"dav"`
			} `json:"capabilities"`
		} `json:"data"`
	} `json:"ocs"`
}

// findCloud asks for the capabilities where the address looks like theirs. A
// refusal means that it is another server.
func (f *FS) findCloud(ctx context.Context) (*cloud, error) {
	root := slices.Index(f.p.Site.Path, "remote.php")
	if root < 0 {
		return nil, nil //nolint:nilnil // none
	}
	base := f.p.Site.Path[:root]
	u, err := f.target("connect", append(slices.Clone(base), "ocs", "v2.php", "cloud", "capabilities"), false)
	if err != nil {
		return nil, err
	}
	u.RawQuery = "format=json"
	r, err := f.do(ctx, request{op: "connect", method: http.MethodGet, url: u, header: http.Header{
		"Ocs-Apirequest": {"true"}, "Accept": {"application/json"},
	}})
	switch {
	case fault.Is(err, fault.Protocol), fault.Is(err, fault.Login):
		return nil, nil //nolint:nilnil // it points elsewhere, or wants another login there
	case err != nil:
		return nil, err
	}
	defer httpwatch.Discard(r)
	var c capabilities
	if r.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&c) != nil || c.OCS.Data.Version.Major == 0 {
		return nil, nil //nolint:nilnil // see above
	}
	found := &cloud{}
	below := f.p.Site.Path[root+1:]
	if len(below) >= 3 && below[0] == "dav" && below[1] == "files" && c.takesPieces() {
		found.uploads = append(slices.Clone(base), "remote.php", "dav", "uploads", below[2])
	}
	return found, nil
}

// takesPieces reports whether it is a Nextcloud (ownCloud counts its versions up
// to 10) that knows chunked uploads.
func (c *capabilities) takesPieces() bool {
	v := c.OCS.Data.Version
	return v.Major >= 20 && !strings.EqualFold(v.Product, "owncloud") && c.OCS.Data.Capabilities.DAV.Chunking == "1.0"
}

func (c *cloud) takesPieces(size int64) bool { return c != nil && c.uploads != nil && size > pieceFrom }

// inPieces is an upload whose pieces lie in a folder of their own until they
// are put together.
type inPieces struct {
	upload
	folder files.Path
	w      *pieces.Writer
}

func (f *FS) newPieces(u upload) (files.Writer, error) {
	w := &inPieces{upload: u, folder: f.cloud.uploads.Join("guichet-" + files.RandomSuffix() + files.RandomSuffix())}
	size := pieceSize
	if least := u.o.Size/(maxPieces-1) + 1; least > int64(size) {
		size = int(least)
	}
	w.w = pieces.New(u.ctx, size, 2, w.begin, w.send)
	return w, nil
}

// ask sends a request about the upload: each names the file that is to come of
// it, and its size.
func (w *inPieces) ask(ctx context.Context, q request) error {
	if q.header == nil {
		q.header = http.Header{}
	}
	q.header.Set("OC-Total-Length", strconv.FormatInt(w.o.Size, 10))
	q.op, q.long = "write", true
	return w.f.relocate(ctx, q, w.url)
}

func (w *inPieces) begin() error {
	u, err := w.f.target("write", w.folder, false)
	if err != nil {
		return err
	}
	return w.ask(w.ctx, request{method: "MKCOL", url: u})
}

func (w *inPieces) send(ctx context.Context, number int, data []byte) error {
	u, err := w.f.target("write", w.folder.Join(fmt.Sprintf("%05d", number)), false)
	if err != nil {
		return err
	}
	return w.ask(ctx, request{method: http.MethodPut, url: u, body: data, header: http.Header{"Content-Type": {"application/octet-stream"}}})
}

func (w *inPieces) Write(b []byte) (int, error) {
	if err := w.take(len(b)); err != nil {
		return 0, err
	}
	return w.w.Write(b)
}

// Commit implements files.Writer.
func (w *inPieces) Commit(ctx context.Context) error {
	err := w.end(ctx)
	if err == nil {
		err = w.w.Finish(ctx)
	}
	if err == nil {
		err = w.join(ctx)
	}
	if err != nil {
		w.drop()
		return err
	}
	w.w.Stop()
	return w.look(ctx, w.path)
}

// join puts the pieces together under the file's name.
func (w *inPieces) join(ctx context.Context) error {
	u, err := w.f.target("write", w.folder.Join(".file"), false)
	if err != nil {
		return err
	}
	header := http.Header{}
	if w.o.Exclusive {
		header.Set("Overwrite", "F")
	}
	w.stamp(header)
	return w.ask(ctx, request{method: "MOVE", url: u, header: header})
}

// CommitAs implements files.Finisher.
func (w *inPieces) CommitAs(ctx context.Context, to files.Path, replace bool) error {
	if err := w.Commit(ctx); err != nil {
		return err
	}
	return w.f.Rename(ctx, w.path, to, replace)
}

// Abort implements files.Writer: nothing is left either way.
func (w *inPieces) Abort(bool) error {
	if !w.ended {
		w.ended = true
		w.drop()
	}
	return nil
}

// drop deletes the pieces; what is left after a failure the server deletes by
// itself after a day.
func (w *inPieces) drop() {
	w.w.Stop()
	if w.w.Sent() == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 5*time.Second)
	defer cancel()
	_ = w.f.delete(ctx, w.folder) // the server clears old uploads by itself
}

// setTime is SetTime for them: a property of their own, which they take for the
// time itself.
func (f *FS) setTime(ctx context.Context, u *url.URL, t time.Time) error {
	body := fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?><propertyupdate xmlns="DAV:"><set><prop><lastmodified>%d</lastmodified></prop></set></propertyupdate>`, t.Unix())
	r, err := f.do(ctx, request{op: "settime", method: "PROPPATCH", url: u, body: []byte(body), header: http.Header{
		"Content-Type": {"application/xml; charset=utf-8"},
	}})
	if err != nil {
		return err
	}
	defer httpwatch.Discard(r)
	if r.StatusCode != http.StatusMultiStatus {
		return f.status("settime", r)
	}
	return nil // what became of it shows the time itself
}

// SetTime implements files.FS where the server is known to take times.
// Elsewhere it would store one more property that nobody reads.
func (f *FS) SetTime(ctx context.Context, p files.Path, t time.Time) error {
	unsupported := fault.Newf(fault.Unsupported, "settime", f.p.Site.Host, "this server sets no times")
	if f.cloud == nil {
		return unsupported
	}
	u, err := f.target("settime", p, false)
	if err != nil {
		return err
	}
	if err := f.setTime(ctx, u, t); err != nil {
		return err
	}
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if !e.ModTime.Equal(t.UTC().Truncate(time.Second)) {
		return unsupported
	}
	return nil
}

// Hash implements files.Hasher: the checksum that came with a file when it was
// stored.
func (f *FS) Hash(ctx context.Context, p files.Path, algo string) (string, error) {
	missing := fault.Newf(fault.Unsupported, "hash", f.p.Site.Host, "no %s", algo)
	if f.cloud == nil {
		return "", missing
	}
	u, err := f.target("hash", p, false)
	if err != nil {
		return "", err
	}
	sum := ""
	err = f.propfind(ctx, "hash", u, "0", checksumBody, func(r *resource) error {
		for one := range strings.FieldsSeq(r.checksums) {
			if name, value, ok := strings.Cut(one, ":"); ok && strings.EqualFold(name, algo) {
				sum = strings.ToLower(value)
			}
		}
		return nil
	})
	if err == nil && sum == "" {
		err = missing
	}
	return sum, err
}
