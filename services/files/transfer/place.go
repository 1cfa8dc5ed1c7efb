package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// token names the part of exactly this version of the source: a part of
// another version is never continued.
func token(url string, e files.Entry) string {
	id := ""
	if e.ModTime.IsZero() {
		id = e.ID
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		url, strconv.FormatInt(e.Size, 10), strconv.FormatInt(e.ModTime.Unix(), 10), id,
	}, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// moveThere renames on the server, where no byte has to travel. It reports
// whether that was possible.
func (j *job) moveThere(ctx context.Context) (bool, error) {
	to := j.to
	for n := 2; ; n++ {
		if j.answer == KeepBoth {
			to = j.to.Dir().Join(files.Numbered(j.to.Base(), n))
		}
		if err := j.keepFormer(ctx); err != nil {
			return false, err
		}
		err := j.src.Rename(ctx, j.from, to, j.answer == Replace)
		switch {
		case err == nil:
			j.progress(j.source.Size, true)
			j.result.Path, j.result.Bytes, j.result.Verified = to, j.source.Size, VerifiedSize
			j.result.Replaced, j.result.Moved = j.answer == Replace, true
			return true, nil
		case fault.Is(err, fault.Unsupported), fault.Is(err, fault.Permission):
			return false, nil // across two disks of the server, for one
		case j.answer != KeepBoth || !fault.Is(err, fault.Exists) || n > 9999:
			return false, err
		}
	}
}

// removeSource ends a move, when the copy has been checked.
func (j *job) removeSource(ctx context.Context) error {
	if !j.o.Move {
		return nil
	}
	if err := j.src.Remove(ctx, j.from); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	j.result.Moved = true
	return nil
}

func (j *job) partOf(source files.Entry) files.Path {
	return partOf(j.to, j.src.URL(j.from), source)
}

// partOf is the temporary file for a version of the source at url.
func partOf(to files.Path, url string, source files.Entry) files.Path {
	return to.Dir().Join(files.PartName(to.Base(), token(url, source)))
}

func (j *job) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// The failure that led here is what counts; a part left over harms nobody.
	_ = j.dst.Remove(ctx, j.part)
}

// place gives the finished part its name.
func (j *job) place(ctx context.Context) error {
	if j.part.Equal(j.to) {
		j.result.Path, j.result.InPlace = j.to, true
		return nil
	}
	to := j.to
	for n := 2; ; n++ {
		if j.answer == KeepBoth {
			to = j.to.Dir().Join(files.Numbered(j.to.Base(), n))
		}
		err := j.keepFormer(ctx)
		if err != nil {
			return err
		}
		if r := j.replacer(); r != nil && !j.kept {
			err = r.ReplaceIf(ctx, j.part, to, j.former)
			if fault.Is(err, fault.NotFound) { // nothing is there any more
				err = j.dst.Rename(ctx, j.part, to, false)
			}
		} else {
			err = j.dst.Rename(ctx, j.part, to, j.replace)
		}
		switch {
		case err == nil:
			j.placed(to)
			return nil
		case fault.Is(err, fault.Permission) || fault.Is(err, fault.Unsupported):
			return j.inPlace(ctx, err)
		case fault.KindOf(err).Transient():
			j.named, j.known = true, false
			return err
		case !fault.Is(err, fault.Exists) || n > 9999:
			return err
		case j.answer == KeepBoth:
		default:
			if goOn, err := j.inTheWay(ctx, err); err != nil || !goOn {
				return err
			}
			to = j.to
		}
	}
}

// keepFormer takes away what is about to be replaced, where that is wanted.
func (j *job) keepFormer(ctx context.Context) error {
	if j.o.Keep == nil || j.answer != Replace || j.kept {
		return nil
	}
	if err := j.stillThat(ctx); err != nil {
		return j.askAgain(err)
	}
	if err := j.o.Keep(ctx, j.dst, j.to); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	j.kept = true
	return nil
}

// replacer is the target where it can tell whether what is to be replaced is
// still what it was when that was decided, nil elsewhere.
func (j *job) replacer() files.Replacer {
	if !j.replace || j.former == "" {
		return nil
	}
	r, _ := j.dst.(files.Replacer)
	return r
}

// stillThat fails with Exists where what is to be replaced has changed since.
func (j *job) stillThat(ctx context.Context) error {
	if j.replacer() == nil {
		return nil
	}
	e, err := j.dst.Stat(ctx, j.to)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err == nil && e.ID != j.former:
		return fault.Newf(fault.Exists, "copy", "", "%s was changed meanwhile", j.to)
	}
	return err
}

// askAgain lets the next try ask about what is there now, if that is why err is.
func (j *job) askAgain(err error) error {
	if !fault.Is(err, fault.Exists) {
		return err
	}
	j.answer, j.replace, j.former, j.known, j.present = "", false, "", false, nil
	return fault.New(fault.Protocol, "copy", "", err)
}

func (j *job) placed(to files.Path) {
	j.result.Path, j.result.Replaced = to, j.answer == Replace
}

// inPlace writes the file under its final name at once, in a folder that takes
// files but lets nobody rename them. why is what the renaming failed with. A
// file that is there already is not touched.
func (j *job) inPlace(ctx context.Context, why error) error {
	if j.answer != "" || errors.Is(why, fault.ErrName) {
		return why
	}
	if _, err := j.dst.Stat(ctx, j.to); err == nil || !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Permission) {
		return why
	}
	j.discard(ctx)
	j.part, j.ours, j.result.Verified = j.to, false, ""
	sum, _, err := j.transfer(ctx)
	if err == nil {
		err = j.verify(ctx, sum)
	}
	if err != nil {
		j.discard(ctx)
		return err
	}
	j.ends.direct.Store(true)
	j.result.Path, j.result.InPlace = j.to, true
	return nil
}
