package demo

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"time"
)

// bigFile is the size of the largest file of the tree. It is sparse where the
// file system can do that: it takes time to transfer, not room on the disk.
const bigFile = 30 << 20

// leaf is a file of the sample tree.
type leaf struct {
	name string
	data []byte
	days int // since the last change
}

// writeTree fills the file tree: the folders of a small orchestra's server.
func writeTree(root *os.Root, now time.Time) error {
	leaves := sampleLeaves(now)
	for _, l := range leaves {
		if err := root.MkdirAll(path.Dir(l.name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(l.name, l.data, 0o644); err != nil {
			return err
		}
	}
	for _, dir := range []string{"inbox from members", "concerts/2027-01/empty"} {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := writeBig(root, "concerts/2026-07/finale.mp4"); err != nil {
		return err
	}
	leaves = append(leaves, leaf{name: "concerts/2026-07/finale.mp4", days: 131})
	// Folders last: writing into them has changed their times.
	dated := map[string]bool{}
	for _, l := range leaves {
		at := now.AddDate(0, 0, -l.days).Truncate(time.Second)
		if err := root.Chtimes(l.name, at, at); err != nil {
			return err
		}
		for dir := path.Dir(l.name); dir != "." && !dated[dir]; dir = path.Dir(dir) {
			dated[dir] = true
			if err := root.Chtimes(dir, at, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeBig makes a file with bytes at its ends and every megabyte, so that a
// wrong place of a resumed transfer shows.
func writeBig(root *os.Root, name string) (err error) {
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := f.Truncate(bigFile); err != nil {
		return err
	}
	for at := int64(0); at < bigFile; at += 1 << 20 {
		if _, err := f.WriteAt(fmt.Appendf(nil, "megabyte %d\n", at>>20), at); err != nil {
			return err
		}
	}
	_, err = f.WriteAt([]byte("end"), bigFile-3)
	return err
}

// photo is a picture whose file differs from its likes: a comment segment
// (ITU-T T.81 section B.2.4.5) carries the name and pads to a length.
func photo(scene, name string, n int) []byte {
	data := picture(scene, uint64(n%3), 640, 360, false)
	if len(data) < 2 {
		return nil
	}
	comment := append([]byte(name), bytes.Repeat([]byte{' '}, 200+n*997%30000)...)
	length := len(comment) + 2
	out := append([]byte{0xff, 0xd8, 0xff, 0xfe, byte(length >> 8), byte(length)}, comment...)
	return append(out, data[2:]...)
}

// Sample is a file for the person's own folder.
type Sample struct {
	Name string
	Data []byte
}

// HomeSamples are pictures and papers of a concert, to be sent to a server.
func HomeSamples() []Sample {
	picture := func(scene string, seed uint64) []byte { return picture(scene, seed, 1600, 1067, false) }
	return []Sample{
		{"choir-01.jpg", picture("choir", 11)},
		{"choir-02.jpg", picture("choir", 12)},
		{"encore.jpg", picture("concert", 13)},
		{"lake.jpg", picture("lake", 14)},
		{"programme.pdf", pdf("Summer concert", []string{"Bizet: L'Arlésienne", "Grieg: Holberg Suite", "Encore: to be seen"})},
		{"greetings.txt", []byte("Dear all,\n\nthe pictures of the concert are there. Please tell me which ones\nmay be shown on our page.\n\nUne très belle soirée, merci à tous !\n")},
	}
}

func sampleLeaves(now time.Time) []leaf {
	var out []leaf
	add := func(days int, name string, data []byte) { out = append(out, leaf{name, data, days}) }
	text := func(days int, name, content string) { add(days, name, []byte(content)) }

	text(200, "README.txt", "Files of the orchestra.\r\n\r\nconcerts  programmes and pictures by month\r\n"+
		"scores    parts, please print only your own\r\nLettres   comptes rendus du bureau\r\n")
	for i := range 18 {
		name := fmt.Sprintf("choir-%02d.jpg", i+1)
		add(132, "concerts/2026-07/"+name, photo("choir", name, i))
		add(131, "concerts/2026-07/thumbnails/"+name, picture("choir", uint64(i%3), 160, 90, false))
	}
	for i := range 6 {
		name := fmt.Sprintf("finale-%02d.jpg", i+1)
		add(131, "concerts/2026-07/"+name, photo("concert", name, i))
	}
	add(132, "concerts/2026-07/encore.jpg", photo("concert", "encore.jpg", 9))
	add(135, "concerts/2026-07/programme.pdf", pdf("Summer concert", []string{"Bizet: L'Arlésienne", "Grieg: Holberg Suite", "Encore: to be seen"}))
	text(130, "concerts/2026-07/index.html", "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Summer concert</title>"+
		"<h1>Summer concert</h1><p>Eighteen pictures of the choir.</p></html>\n")
	add(40, "concerts/2026-10/programme.pdf", pdf("Autumn matinée", []string{"Haydn: Symphony 94", "Ravel: Ma mère l'Oye"}))
	for i := range 8 {
		name := fmt.Sprintf("lake-%d.jpg", i+1)
		add(38, "concerts/2026-10/"+name, photo("lake", name, i))
	}
	add(3, "concerts/2026-11/poster.jpg", photo("concert", "poster.jpg", 20))
	add(2, "concerts/2026-11/programme-final.pdf", pdf("Debussy and Fauré", []string{"Petite Suite", "Pavane", "Pelléas et Mélisande"}))

	for _, part := range []string{"flute", "oboe", "clarinet", "bassoon", "horn", "trumpet", "timpani", "harp", "violin 1", "violin 2", "viola", "cello", "double bass"} {
		add(60, "scores/Fauré - Pavane/"+part+".pdf", pdf("Pavane, "+part, []string{"Andante molto moderato", "bars 1 to 84"}))
		add(62, "scores/Debussy - Petite Suite/"+part+".pdf", pdf("Petite Suite, "+part, []string{"En bateau", "Cortège", "Menuet", "Ballet"}))
	}
	add(64, "scores/all parts.zip", archive(now.AddDate(0, 0, -64), "flute.txt", "4 pages\n", "oboe.txt", "4 pages\n"))

	for i, month := range frMonths {
		text(400-30*i, "Lettres/Compte rendu "+month+".txt", "Compte rendu de la réunion de "+month+".\r\n\r\nPrésents : Marie, Jonas, Claire, Anna.\r\n")
	}
	text(20, "Lettres/Été à la montagne (brouillon).txt", "Départ à huit heures devant l'école.\r\n")

	// Names that programs stumble over. The two cafés look the same: one
	// letter with an accent, or a letter and an accent (Unicode NFC and NFD).
	text(15, "odd names/caf\u00e9.txt", "composed\n")
	text(15, "odd names/cafe\u0301.txt", "decomposed\n")
	text(14, "odd names/two  blanks and a dot .txt", "blanks\n")
	text(14, "odd names/percent 100%25 & plus+hash#1.txt", "for URLs\n")
	text(14, "odd names/[brackets] {braces} 'quotes'.txt", "for shells\n")
	text(13, "odd names/日本語のファイル.txt", "こんにちは\n")
	text(13, "odd names/Страница.txt", "привет\n")
	text(13, "odd names/-dash at the front.txt", "an option, or a name\n")
	text(12, "odd names/.hidden", "not for everybody\n")
	text(12, "odd names/empty.txt", "")
	text(12, "odd names/a very long name that goes on and on because somebody wrote the whole story of the concert into it instead of into the file.txt", "long\n")
	text(11, "odd names/a/b/c/d/e/f/deep.txt", "six folders down\n")

	var table bytes.Buffer
	_, _ = io.WriteString(&table, "name,instrument,since\r\n") // a buffer takes everything
	for i := range 40 {
		fmt.Fprintf(&table, "Member %d,%s,%d\r\n", i+1, []string{"violin", "viola", "cello", "flute", "horn"}[i%5], 2001+i%24)
	}
	add(25, "members.csv", table.Bytes())
	return out
}
