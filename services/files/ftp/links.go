package ftp

import (
	"guichet/services/files"
)

// linksLimit bounds how many links of a session are remembered.
const linksLimit = 4096

// probe finds out which links lead to folders, by going there, all in one round
// trip and once in a session. Nobody follows them further: a link may lead to a
// folder above it.
func (c *conn) probe(dir files.Path, links []files.Entry) {
	f := c.fs
	var ask []int
	f.mu.Lock()
	for i := range links {
		if isDir, known := f.links[linkKey(dir, links[i])]; !known {
			ask = append(ask, i)
		} else if isDir {
			links[i].Type = files.LinkDir
		}
	}
	f.mu.Unlock()
	const together = 32
	for len(ask) > 0 && !c.broken && c.ctx.Err() == nil {
		some := ask[:min(len(ask), together)]
		ask = ask[len(some):]
		found := c.enterable(dir, links, some)
		f.mu.Lock()
		for n, i := range some {
			if n >= len(found) {
				break
			}
			if len(f.links) >= linksLimit {
				clear(f.links)
			}
			f.links[linkKey(dir, links[i])] = found[n]
			if found[n] {
				links[i].Type = files.LinkDir
			}
		}
		f.mu.Unlock()
	}
}

func linkKey(dir files.Path, e files.Entry) string {
	return dir.Join(e.Name).String() + "\x00" + e.Target
}

// enterable tells which of some entries are folders. A shorter answer means that
// the connection broke.
func (c *conn) enterable(dir files.Path, entries []files.Entry, which []int) []bool {
	var found []bool
	if !c.rooted || c.ctl.single {
		for _, i := range which {
			found = append(found, c.fs.check("list", files.Path{entries[i].Name}) == nil && c.entered(dir.Join(entries[i].Name)))
			if c.broken {
				return found[:len(found)-1]
			}
		}
		return found
	}
	var lines, targets []string
	for _, i := range which {
		// A name that cannot be sent stands for what is not a folder.
		target := dir.Join(entries[i].Name).String()
		if c.fs.check("list", files.Path{entries[i].Name}) != nil {
			target = "/."
		}
		targets = append(targets, target)
		lines = append(lines, "CWD "+target)
	}
	replies, err := c.ctl.ask(lines...)
	if err != nil {
		c.broken = true
		return nil
	}
	for n, r := range replies {
		if r.code/100 == 2 {
			c.cwd = &targets[n]
		}
		found = append(found, r.code/100 == 2 && targets[n] != "/.")
	}
	return found
}
