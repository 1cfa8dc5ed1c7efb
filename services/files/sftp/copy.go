package sftp

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
)

// copyStep is how many bytes one request copies: the server does nothing else
// meanwhile, and a cancellation waits for its end.
const copyStep = 32 << 20

// Copy implements files.Copier by the extension copy-data. The copy appears
// under its name when it is whole.
func (f *FS) Copy(ctx context.Context, from, to files.Path, replace bool) error {
	a, err := f.remote("copy", from)
	if err != nil {
		return err
	}
	if _, err := f.remote("copy", to); err != nil {
		return err
	}
	if from.Equal(to) {
		return fault.Newf(fault.Exists, "copy", f.host, "source and target are the same file")
	}
	s, _, err := f.session(ctx)
	if err != nil {
		return err
	}
	if !s.caps.ServerCopy {
		return fault.Newf(fault.Unsupported, "copy", f.host, "no copy-data")
	}
	if !replace {
		if there, err := f.exists(ctx, to.String()); err != nil {
			return err
		} else if there {
			return fault.Newf(fault.Exists, "copy", f.host, "%s", to)
		}
	}
	part := to.Dir().Join(files.PartName(to.Base(), files.RandomSuffix()))
	err = f.copyData(ctx, s, a, part.String())
	if err == nil {
		err = f.Rename(ctx, part, to, replace)
	}
	if err != nil {
		err = f.streamFault("copy", ctx, s, err)
		clean := context.WithoutCancel(ctx)
		if rerr := f.Remove(clean, part); rerr != nil && !fault.Is(rerr, fault.NotFound) && s.wire.Err() == nil {
			err = fault.New(fault.KindOf(err), "copy", f.host, errors.Join(err, rerr))
		}
	}
	return err
}

func (f *FS) copyData(ctx context.Context, s *session, from, to string) (err error) {
	info, err := s.wire.Stat(ctx, from)
	if err != nil {
		return err
	}
	if typeOf(info, "") != files.File || sizeOf(info) < 0 {
		return fault.Newf(fault.Unsupported, "copy", f.host, "%s is no file", from)
	}
	r, err := s.wire.Open(ctx, from, wire.OpenRead)
	if err != nil {
		return err
	}
	defer s.wire.Forget(r)
	w, err := s.wire.Open(ctx, to, wire.OpenWrite|wire.OpenCreate|wire.OpenExclusive)
	if err != nil {
		return err
	}
	s.patient.Add(1)
	defer s.patient.Add(-1)
	size := sizeOf(info)
	for at := int64(0); at < size && err == nil; at += copyStep {
		err = s.wire.CopyData(ctx, r, at, min(copyStep, size-at), w, at)
	}
	if err != nil {
		s.wire.Forget(w)
		return err
	}
	got, err := s.wire.Fstat(ctx, w)
	if err == nil && sizeOf(got) != size {
		err = fault.Newf(fault.Protocol, "copy", f.host, "%d bytes of %d were copied", sizeOf(got), size)
	}
	return errors.Join(err, s.wire.CloseHandle(ctx, w))
}

// hashes are the names of checksums, ours and those of the draft.
var hashes = []string{"sha256", "sha512", "sha1", "md5", "crc32"}

// offeredHashes reads what a server says about its extension check-file.
func offeredHashes(c *wire.Client) []string {
	text, ok := c.Extension("check-file")
	if !ok {
		if text, ok = c.Extension("check-file-name"); !ok {
			return nil
		}
	}
	offered := strings.Split(text, ",")
	if text == "" {
		offered = []string{"sha256", "sha1", "md5"} // section 3 of the draft names these
	}
	var all []string
	for _, h := range hashes {
		if slices.Contains(offered, h) {
			all = append(all, h)
		}
	}
	return all
}

// Hash implements files.Hasher by the extension check-file.
func (f *FS) Hash(ctx context.Context, p files.Path, algo string) (string, error) {
	name, err := f.remote("hash", p)
	if err != nil {
		return "", err
	}
	return call(ctx, f, "hash", func(s *session) (string, error) {
		if !slices.Contains(s.caps.Hash, algo) {
			return "", fault.Newf(fault.Unsupported, "hash", f.host, "the server computes no %s", algo)
		}
		s.patient.Add(1)
		defer s.patient.Add(-1)
		used, sum, err := s.wire.CheckFile(ctx, name, algo)
		if err != nil {
			return "", err
		}
		if used != algo {
			return "", fault.Newf(fault.Protocol, "hash", f.host, "%q computed instead of %s", used, algo)
		}
		return hex.EncodeToString(sum), nil
	})
}
