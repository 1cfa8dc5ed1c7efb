package listing

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// token is a word of a line and where it stands.
type token struct {
	text       string
	start, end int
}

func tokenize(line string) []token {
	var tokens []token
	for i := 0; i < len(line) && len(tokens) < 24; {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		j := i
		for j < len(line) && line[j] != ' ' && line[j] != '\t' {
			j++
		}
		tokens = append(tokens, token{line[i:j], i, j})
		i = j
	}
	return tokens
}

// date is a time read from a line.
type date struct {
	at      time.Time
	precise time.Duration
	used    int // tokens
}

// number reads 1 to n digits, a dot, comma or East Asian counter ("4月",
// in any encoding) after them allowed.
func number(s string, n int) (int, bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 || i > n {
		return 0, false
	}
	rest := s[i:]
	if rest != "" && rest != "." && rest != "," && (rest[0] < 0x80 || len(rest) > 4) {
		return 0, false
	}
	v, err := strconv.Atoi(s[:i])
	return v, err == nil
}

// clock reads H:MM[:SS[.frac]], with AM or PM directly after it.
func clock(s string) (d time.Duration, seconds, half, ok bool) {
	s = strings.TrimSuffix(s, ",")
	upper := strings.ToUpper(s)
	shift := -1
	for _, suffix := range []string{"AM", "PM", "A", "P"} {
		if rest, found := strings.CutSuffix(upper, suffix); found {
			s, half = s[:len(rest)], true
			shift = 0
			if suffix[0] == 'P' {
				shift = 12
			}
			break
		}
	}
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false, half, false
	}
	if whole, _, found := strings.Cut(parts[len(parts)-1], "."); found && len(parts) == 3 {
		parts[2] = whole
	}
	var v [3]int
	for i, p := range parts {
		if !isDigits(p) || len(p) > 2 || (i > 0 && len(p) != 2) {
			return 0, false, half, false
		}
		v[i], _ = strconv.Atoi(p)
	}
	h, m, sec := v[0], v[1], v[2]
	if shift >= 0 {
		if h < 1 || h > 12 {
			return 0, false, half, false
		}
		h = h%12 + shift
	}
	if h > 24 || m > 59 || sec > 60 || (h == 24 && (m > 0 || sec > 0)) {
		return 0, false, half, false
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second, len(parts) == 3, half, true
}

// day makes a date of the calendar, or refuses it.
func day(year, month, d int) (time.Time, bool) {
	if year < 1900 || year > 2200 || month < 1 || month > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == d
}

// nearYear gives a date without a year the one that puts it into the past year:
// that is how ls leaves years out. A day of grace covers other time zones.
func nearYear(month, d int, at time.Duration, now time.Time) (time.Time, bool) {
	for year := now.Year() + 1; year > now.Year()-9; year-- {
		t, ok := day(year, month, d) // 29 February exists in some years only
		if !ok {
			continue
		}
		if t = t.Add(at); !t.After(now.Add(24 * time.Hour)) {
			return t, true
		}
	}
	return time.Time{}, false
}

// century completes a year of two or three digits: 99 is 1999, 103 is 2003
// (years since 1900, as some servers print them).
func century(s string) (int, bool) {
	y, err := strconv.Atoi(s)
	if err != nil || !isDigits(s) {
		return 0, false
	}
	switch {
	case len(s) == 4:
		return y, true
	case len(s) == 3:
		return 1900 + y, y < 200
	case len(s) == 2 && y < 70:
		return 2000 + y, true
	case len(s) == 2:
		return 1900 + y, true
	}
	return 0, false
}

// split3 reads three numbers with one separator between them.
func split3(s string) (a, b, c string, sep byte, ok bool) {
	for _, sep := range []byte{'-', '/', '.'} {
		parts := strings.Split(s, string(sep))
		if len(parts) == 3 && isDigits(parts[0]) && isDigits(parts[1]) && isDigits(parts[2]) {
			return parts[0], parts[1], parts[2], sep, true
		}
	}
	return "", "", "", 0, false
}

// numericDay reads 2005-06-07, 24-04-2003, 04-27-00, 02/23/00... monthFirst
// settles what the numbers leave open.
func numericDay(s string, monthFirst bool) (time.Time, bool) {
	a, b, c, sep, ok := split3(s)
	if !ok {
		return time.Time{}, false
	}
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	if len(a) == 4 {
		z, _ := strconv.Atoi(c)
		if len(c) > 2 || len(b) > 2 {
			return time.Time{}, false
		}
		return day(x, y, z)
	}
	year, ok := century(c)
	if !ok || len(a) > 2 || len(b) > 2 {
		return time.Time{}, false
	}
	if sep == '.' {
		monthFirst = false
	}
	if monthFirst && x > 12 || !monthFirst && y > 12 {
		monthFirst = !monthFirst
	}
	if monthFirst {
		return day(year, x, y)
	}
	return day(year, y, x)
}

// namedDate reads the dates that hold a month's name or a whole ISO date: those
// cannot be confused with sizes.
func namedDate(t []token, now time.Time) (date, bool) {
	if len(t) < 2 {
		return date{}, false
	}
	if m, ok := month(t[0].text); ok {
		return monthFirst(m, t, now)
	}
	if d, ok := number(t[0].text, 2); ok {
		if m, ok := month(t[1].text); ok && len(t) > 2 {
			return yearOrTime(m, d, t[2:], 2, now)
		}
	}
	// 1999/10/12 17:12, 24-04-2003 17:12: a whole year, and a time behind it but
	// where dots divide.
	x, _, z, sep, ok := split3(strings.TrimSuffix(t[0].text, ","))
	if !ok || len(x) != 4 && len(z) != 4 {
		return date{}, false
	}
	at, ok := numericDay(strings.TrimSuffix(t[0].text, ","), false)
	if !ok {
		return date{}, false
	}
	if clk, seconds, _, ok := clock(t[1].text); ok {
		return zoned(date{at.Add(clk), precision(seconds), 2}, t), true
	}
	return date{at, 24 * time.Hour, 1}, sep == '.'
}

// zoned takes the offset of "ls --full-time" into account: 2005-06-07
// 21:22:00.000000000 +0200.
func zoned(d date, t []token) date {
	if len(t) > d.used {
		z := t[d.used].text
		if len(z) == 5 && (z[0] == '+' || z[0] == '-') && isDigits(z[1:]) {
			if off, err := time.Parse("-0700", z); err == nil {
				_, seconds := off.Zone()
				d.at = d.at.Add(-time.Duration(seconds) * time.Second)
				d.used++
			}
		}
	}
	return d
}

func precision(seconds bool) time.Duration {
	if seconds {
		return time.Second
	}
	return time.Minute
}

func monthFirst(m int, t []token, now time.Time) (date, bool) {
	d, ok := number(t[1].text, 2)
	if !ok || len(t) < 3 {
		return date{}, false
	}
	return yearOrTime(m, d, t[2:], 2, now)
}

// yearOrTime reads what follows month and day: a year, a time, or both.
func yearOrTime(m, d int, t []token, used int, now time.Time) (date, bool) {
	if at, seconds, _, ok := clock(t[0].text); ok {
		if len(t) > 1 && len(t[1].text) == 4 && seconds { // BSD's ls -T: 21:22:03 2005
			if y, ok := number(t[1].text, 4); ok {
				if when, ok := day(y, m, d); ok {
					return date{when.Add(at), time.Second, used + 2}, true
				}
			}
		}
		when, ok := nearYear(m, d, at, now)
		return date{when, precision(seconds), used + 1}, ok
	}
	y, ok := number(t[0].text, 4)
	if !ok || y < 1000 {
		return date{}, false
	}
	when, ok := day(y, m, d)
	if !ok {
		return date{}, false
	}
	if len(t) > 1 {
		// "Oct 08, 2002 09:47 name" has both; in "Apr 8 1994 12:30" the second is
		// the name unless more follows.
		if at, seconds, half, ok := clock(t[1].text); ok && !half && len(t) > 2 {
			return date{when.Add(at), precision(seconds), used + 2}, true
		}
	}
	return date{when, 24 * time.Hour, used + 1}, true
}

// numericDate reads "3 29 03:26", "09-26 2000", "09-26 13:45" and the East
// Asian "4月 18日 2003年".
func numericDate(t []token, now time.Time) (date, bool) {
	if len(t) < 2 {
		return date{}, false
	}
	if a, b, ok := strings.Cut(t[0].text, "-"); ok && isDigits(a) && isDigits(b) && len(a) <= 2 && len(b) <= 2 {
		m, _ := strconv.Atoi(a)
		d, _ := strconv.Atoi(b)
		if m > 12 {
			m, d = d, m
		}
		return yearOrTime(m, d, t[1:], 1, now)
	}
	m, ok := number(t[0].text, 2)
	if !ok || len(t) < 3 {
		return date{}, false
	}
	d, ok := number(t[1].text, 2)
	if !ok {
		return date{}, false
	}
	if m > 12 {
		m, d = d, m
	}
	return yearOrTime(m, d, t[2:], 2, now)
}

// month reads a month's name in the languages that servers' ls speaks.
func month(s string) (int, bool) {
	s = strings.TrimRight(s, ".,")
	if len(s) < 3 || len(s) > 24 || (s[0] >= '0' && s[0] <= '9') {
		return 0, false
	}
	if !utf8.ValidString(s) {
		if d, err := charmap.Windows1252.NewDecoder().String(s); err == nil {
			s = d
		}
	}
	m, ok := months[strings.TrimRight(strings.ToLower(s), ".,")]
	return m, ok
}

// months maps names and abbreviations. What means different months in two
// languages ("lis") is not in it.
var months = func() map[string]int {
	all := map[string]int{}
	for i, names := range []string{
		"jan january januar janvier janv janeiro enero ene gennaio gen januari januára jaan jän jänner leden led styczeń sty tammikuu tammi tam янв января oca ocak ian ιαν",
		"feb february februar février févr fév fevr fevereiro fev febrero febbraio februari veebr helmikuu helmi hel luty lut únor úno фев февр февраля şub şubat φεβ",
		"mar march märz mär mrz mars março marzo maart mrt maaliskuu maalis maa marzec březen bře мар марта märts μαρ",
		"apr april avril avr abril abr aprile huhtikuu huhti huh kwiecień kwi duben dub апр апреля nis nisan aprill απρ",
		"may mai maio mayo maggio mag maj mei toukokuu touko tou květen kvě мая май mayıs máj μαι",
		"jun june juni juin junho junio giugno giu kesäkuu kesä kes czerwiec cze červen čvn июн июня haz haziran juuni ιουν",
		"jul july juli juillet juil julho julio luglio lug heinäkuu heinä hei lipiec lip červenec čvc июл июля tem temmuz juuli ιουλ",
		"aug august août aoû aout agosto ago augusti elokuu elo sierpień sie srpen srp авг августа ağu ağustos αυγ",
		"sep sept september septembre setembro set septiembre settembre syyskuu syys syy wrzesień wrz září zář сен сент сентября eyl eylül szept σεπ",
		"oct october oktober okt octobre outubro out octubre ottobre ott lokakuu loka lok październik paź říjen říj окт октября eki ekim οκτ",
		"nov november novembre novembro noviembre marraskuu marras listopad ноя нояб ноября kas kasım νοε",
		"dec december dezember dez décembre déc dezembro diciembre dic dicembre joulukuu joulu jou grudzień gru prosinec pro дек декабря ara aralık detsember dets δεκ",
	} {
		for name := range strings.FieldsSeq(names) {
			name = strings.TrimSuffix(name, ".")
			if _, taken := all[name]; !taken {
				all[name] = i + 1
			}
		}
	}
	return all
}()
