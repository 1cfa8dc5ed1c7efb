package ftp

import "strings"

// features are what FEAT (RFC 2389) promises.
type features struct {
	mlst                   bool
	facts                  string // of MLST, with a "*" after those that are sent
	mfmt, mdtm, size, utf8 bool
	avbl, clnt, pret       bool
	sets                   bool            // times of files, by MFMT or MDTM
	hashes                 map[string]bool // algorithms of HASH
	hashed                 string          // the one it uses by itself
	commands               map[string]bool // XSHA256 and its kin
}

func readFeatures(r reply) features {
	f := features{hashes: map[string]bool{}, commands: map[string]bool{}}
	if r.code != 211 {
		f.size, f.mdtm = true, true // old servers know them all the same
		return f
	}
	for line := range strings.SplitSeq(r.text, "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name = strings.ToUpper(name); name {
		case "MLST", "MLSD":
			f.mlst = true
			if value != "" {
				f.facts = value
			}
		case "MFMT":
			f.mfmt = true
		case "MDTM":
			f.mdtm = true
		case "SIZE":
			f.size = true
		case "UTF8":
			f.utf8 = true
		case "AVBL":
			f.avbl = true
		case "CLNT":
			f.clnt = true
		case "PRET":
			f.pret = true
		case "HASH":
			for algo := range strings.SplitSeq(value, ";") {
				bare := strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(algo), "*"))
				f.hashes[bare] = bare != ""
				if strings.HasSuffix(algo, "*") {
					f.hashed = bare
				}
			}
		default:
			f.commands[name] = true
		}
	}
	return f
}

// checksum picks the first of the commands that this server has.
func (f features) checksum(commands []string) string {
	for _, name := range commands {
		if f.commands[name] {
			return name
		}
	}
	return ""
}

// wanted gives the facts to ask for with OPTS MLST (RFC 3659 section 7.9), ""
// where the server sends all that it knows by itself.
func (f features) wanted() string {
	var all strings.Builder
	missing := false
	for fact := range strings.SplitSeq(f.facts, ";") {
		name := strings.TrimSuffix(strings.TrimSpace(fact), "*")
		switch strings.ToLower(name) {
		case "type", "size", "sizd", "modify", "perm", "unique", "unix.mode", "unix.owner", "unix.group", "unix.ownername", "unix.groupname":
			all.WriteString(name + ";")
			missing = missing || name == strings.TrimSpace(fact)
		}
	}
	if !missing {
		return ""
	}
	return all.String()
}
