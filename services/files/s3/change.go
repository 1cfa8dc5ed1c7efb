package s3

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"
	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// Limits of copies on the server: more than maxCopy (S3's own limit) goes in
// pieces of copyPiece bytes; so many requests run at once.
const (
	maxCopy   = 5 << 30
	copyPiece = 512 << 20
	atOnce    = 4
)

// Mkdir implements files.FS: a bucket at the root, else the marker of a folder.
func (f *FS) Mkdir(ctx context.Context, p files.Path) error {
	if len(p) == 1 {
		if err := s3utils.CheckValidBucketNameStrict(p[0]); err != nil {
			return fault.Newf(fault.Permission, "mkdir", f.host, "%q: a bucket's name has 3 to 63 lower-case letters, digits and hyphens", p[0])
		}
	}
	at, err := f.place("mkdir", p)
	switch {
	case err != nil:
		return err
	case at.bucket == "":
		return fault.Newf(fault.Exists, "mkdir", f.host, "the root is there")
	case at.key == "":
		err := f.do(ctx, "mkdir", "", func(c client) error {
			return c.MakeBucket(ctx, at.bucket, minio.MakeBucketOptions{Region: f.p.Site.Region})
		})
		if err == nil {
			f.know(at)
		}
		return err
	}
	if err := f.needFolder(ctx, "mkdir", p.Dir()); err != nil {
		return err
	}
	if err := f.free(ctx, "mkdir", p); err != nil {
		return err
	}
	return f.mark(ctx, "mkdir", at)
}

// mark stores the object that stands for a folder.
func (f *FS) mark(ctx context.Context, op string, at place) error {
	_, sha := f.sums(nil)
	err := f.do(ctx, op, at.bucket, func(c client) error {
		_, err := c.PutObject(ctx, at.bucket, at.folder(), bytes.NewReader(nil), 0, "", sha, minio.PutObjectOptions{ContentType: "application/x-directory", DisableContentSha256: true})
		return err
	})
	if err == nil {
		f.know(at)
	}
	return err
}

// Remove implements files.FS. S3 deletes what is not there without a word, so
// it is looked for.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if e.Type.IsDir() {
		return fault.Newf(fault.Unsupported, "remove", f.host, "%s is a folder", p)
	}
	at, err := f.place("remove", p)
	if err != nil {
		return err
	}
	f.forget(place{bucket: at.bucket, key: strings.Join(p.Dir()[1:], "/")}) // it may have been all that the folder was made of
	return f.delete(ctx, "remove", at.bucket, at.key)
}

func (f *FS) delete(ctx context.Context, op, bucket, key string) error {
	return f.do(ctx, op, bucket, func(c client) error {
		return c.RemoveObject(ctx, bucket, key, minio.RemoveObjectOptions{})
	})
}

// RemoveDir implements files.FS.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	at, err := f.place("rmdir", p)
	switch {
	case err != nil:
		return err
	case at.bucket == "":
		return fault.Newf(fault.Permission, "rmdir", f.host, "the root stays")
	case at.key == "":
		f.forget(at)
		return f.do(ctx, "rmdir", at.bucket, func(c client) error { return c.RemoveBucket(ctx, at.bucket) })
	}
	report, err := f.List(ctx, p, func([]files.Entry) error { return nil })
	if err != nil {
		return err
	}
	if report.Entries > 0 || report.Unread > 0 {
		return fault.Newf(fault.Exists, "rmdir", f.host, "%s is not empty", p)
	}
	f.forget(at)
	return f.delete(ctx, "rmdir", at.bucket, at.folder())
}

// Copy implements files.Copier; for a folder, with all that is in it.
func (f *FS) Copy(ctx context.Context, from, to files.Path, replace bool) error {
	_, err := f.copy(ctx, "copy", from, to, replace)
	return err
}

// Rename implements files.FS. S3 knows no renaming: it is a copy on the server
// and a deletion. The copy of a folder is whole before anything of the original
// goes.
func (f *FS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	if from.Equal(to) {
		_, err := f.Stat(ctx, from)
		return err
	}
	names, err := f.copy(ctx, "rename", from, to, replace)
	if err != nil {
		return err
	}
	// The copy is there: cancelling now would leave both.
	held := context.WithoutCancel(ctx)
	src, err := f.place("rename", from)
	if err != nil {
		return err
	}
	f.forget(src)
	f.forget(place{bucket: src.bucket, key: strings.Join(from.Dir()[1:], "/")})
	var g errgroup.Group
	g.SetLimit(atOnce)
	var marks []string
	for _, key := range names {
		if strings.HasSuffix(key, "/") {
			marks = append(marks, key)
			continue
		}
		g.Go(func() error { return f.delete(held, "rename", src.bucket, key) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	// Folders last, the inner ones first: some servers have real ones.
	slices.Sort(marks)
	for _, key := range slices.Backward(marks) {
		if err := f.delete(held, "rename", src.bucket, key); err != nil {
			return err
		}
	}
	return nil
}

// ReplaceIf implements files.Replacer by looking just before the copy: servers
// differ in what conditions they know.
func (f *FS) ReplaceIf(ctx context.Context, from, to files.Path, id string) error {
	e, err := f.Stat(ctx, to)
	switch {
	case err != nil:
		return err
	case e.ID != id:
		return fault.Newf(fault.Exists, "rename", f.host, "%s was changed meanwhile", to)
	}
	return f.Rename(ctx, from, to, true)
}

// copy copies a file or a folder and gives the keys of all that it copied.
func (f *FS) copy(ctx context.Context, op string, from, to files.Path, replace bool) ([]string, error) {
	src, err := f.place(op, from)
	if err != nil {
		return nil, err
	}
	dst, err := f.place(op, to)
	switch {
	case err != nil:
		return nil, err
	case src.key == "" || dst.key == "":
		return nil, fault.Newf(fault.Unsupported, op, f.host, "a bucket keeps its name")
	case src.bucket == dst.bucket && strings.HasPrefix(dst.folder(), src.folder()):
		return nil, fault.Newf(fault.Unsupported, op, f.host, "%s lies in %s", to, from)
	}
	o, err := f.head(ctx, op, src)
	file := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if !file {
		there, err := f.lookFolder(ctx, op, src)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, fault.Newf(fault.NotFound, op, f.host, "%s", from)
		}
	}
	if err := f.needFolder(ctx, op, to.Dir()); err != nil {
		return nil, err
	}
	if old, err := f.Stat(ctx, to); err == nil && (!replace || !file || old.Type.IsDir()) {
		return nil, fault.Newf(fault.Exists, op, f.host, "%s", to)
	} else if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if file {
		o.Key = src.key
		return []string{src.key}, f.copyObject(ctx, op, src.bucket, o, dst)
	}
	return f.copyTree(ctx, op, src, dst)
}

// copyTree copies all objects whose names begin with a folder's.
func (f *FS) copyTree(ctx context.Context, op string, src, dst place) ([]string, error) {
	var keys []string
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	err := f.do(ctx, op, src.bucket, func(c client) error {
		for o := range c.ListObjectsIter(gctx, src.bucket, minio.ListObjectsOptions{Prefix: src.folder(), Recursive: true}) {
			if o.Err != nil {
				return o.Err
			}
			rest, ok := strings.CutPrefix(o.Key, src.folder())
			if !ok {
				continue // not asked for
			}
			if len(keys) >= files.MaxEntries {
				return fault.Newf(fault.TooBig, op, f.host, "more than %d files", files.MaxEntries)
			}
			keys = append(keys, o.Key)
			g.Go(func() error {
				if bare, ok := strings.CutSuffix(dst.folder()+rest, "/"); ok {
					return f.mark(gctx, op, place{bucket: dst.bucket, key: bare}) // servers made of real folders copy no markers
				}
				return f.copyObject(gctx, op, src.bucket, o, place{bucket: dst.bucket, key: dst.folder() + rest})
			})
		}
		return nil
	})
	if gerr := g.Wait(); gerr != nil {
		err = gerr // it ended the listing
	}
	if err != nil {
		return nil, f.fail(ctx, op, err)
	}
	f.know(dst)
	return keys, nil
}

// copyObject copies one object as it is now, in pieces where it is too big for
// one request.
func (f *FS) copyObject(ctx context.Context, op, bucket string, o minio.ObjectInfo, dst place) error {
	ctx = context.WithValue(ctx, patient{}, true)
	etag := strings.Trim(o.ETag, `"`)
	if o.Size <= maxCopy {
		return f.do(ctx, op, dst.bucket, func(c client) error {
			_, err := c.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: dst.bucket, Object: dst.key},
				minio.CopySrcOptions{Bucket: bucket, Object: o.Key, MatchETag: etag})
			return err
		})
	}
	return f.copyPieces(ctx, op, bucket, o, dst, copyPiece)
}

// copyPieces copies by an upload whose parts are pieces of the original.
func (f *FS) copyPieces(ctx context.Context, op, bucket string, o minio.ObjectInfo, dst place, piece int64) error {
	return f.do(ctx, op, dst.bucket, func(c client) error {
		id, err := c.NewMultipartUpload(ctx, dst.bucket, dst.key, minio.PutObjectOptions{ContentType: o.ContentType, UserMetadata: o.UserMetadata})
		if err != nil {
			return err
		}
		parts := make([]minio.CompletePart, (o.Size+piece-1)/piece)
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(atOnce)
		for i := range parts {
			g.Go(func() (err error) {
				at := int64(i) * piece
				parts[i], err = c.CopyObjectPart(gctx, bucket, o.Key, dst.bucket, dst.key, id, i+1, at, min(piece, o.Size-at),
					map[string]string{"x-amz-copy-source-if-match": o.ETag})
				return err
			})
		}
		if err = g.Wait(); err == nil {
			_, err = c.CompleteMultipartUpload(ctx, dst.bucket, dst.key, id, parts, minio.PutObjectOptions{})
		}
		if err != nil {
			// What was copied so far would be kept, and billed.
			held, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = c.AbortMultipartUpload(held, dst.bucket, dst.key, id) // err says what went wrong
		}
		return err
	})
}
