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

// maxTokens is how many words of a line are looked at.
const maxTokens = 24

// tokenize appends the words of a line to tokens, which has room for maxTokens.
func tokenize(line string, tokens []token) []token {
	for i := 0; i < len(line) && len(tokens) < maxTokens; {
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
	shift := -1
	if !startsWithDigit(s) {
		return 0, false, false, false
	}
	if i := strings.IndexAny(s, "aApP"); i > 0 && (i == len(s)-1 || i == len(s)-2 && s[i+1]|0x20 == 'm') {
		half, shift = true, 0
		if s[i]|0x20 == 'p' {
			shift = 12
		}
		s = s[:i]
	}
	hours, rest, found := strings.Cut(s, ":")
	if !found {
		return 0, false, half, false
	}
	minutes, secs, seconds := strings.Cut(rest, ":")
	h, ok1 := short(hours)
	m, ok2 := short(minutes) // one digit is a minute that was not padded: "00:0"
	sec := 0
	ok3 := true
	if seconds {
		whole, _, _ := strings.Cut(secs, ".")
		sec, ok3 = short(whole)
		ok3 = ok3 && len(whole) == 2 && len(minutes) == 2
	}
	if !ok1 || !ok2 || !ok3 {
		return 0, false, half, false
	}
	if shift >= 0 {
		if h > 12 || h < 1 && shift > 0 { // "00:34AM" exists
			return 0, false, half, false
		}
		h = h%12 + shift
	}
	if h > 24 || m > 59 || sec > 60 || (h == 24 && (m > 0 || sec > 0)) {
		return 0, false, half, false
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second, seconds, half, true
}

// short reads one or two digits.
func short(s string) (int, bool) {
	if len(s) < 1 || len(s) > 2 || !isDigits(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
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
	if !startsWithDigit(s) {
		return "", "", "", 0, false
	}
	i := strings.IndexAny(s, "-/.")
	if i < 0 {
		return "", "", "", 0, false
	}
	sep = s[i]
	j := strings.IndexByte(s[i+1:], sep)
	if j < 0 {
		return "", "", "", 0, false
	}
	a, b, c = s[:i], s[i+1:i+1+j], s[i+j+2:]
	return a, b, c, sep, isDigits(a) && isDigits(b) && isDigits(c)
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
	if d, ok := dayMonYear(t); ok {
		return d, true
	}
	if whole, clk, ok := strings.Cut(t[0].text, "T"); ok && len(whole) == 10 { // ISO 8601
		at, ok1 := numericDay(whole, false)
		when, seconds, half, ok2 := clock(clk)
		return date{at.Add(when), precision(seconds), 1}, ok1 && ok2 && !half && len(whole) == 10
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

// dayMonYear reads 01-jun-99 and 2-Jul-2003, with or without a time.
func dayMonYear(t []token) (date, bool) {
	a, rest, ok := strings.Cut(t[0].text, "-")
	b, c, ok2 := strings.Cut(rest, "-")
	if !ok || !ok2 {
		return date{}, false
	}
	d, ok := short(a)
	m, ok2 := month(b)
	y, ok3 := century(c)
	if !ok || !ok2 || !ok3 || len(c) == 3 {
		return date{}, false
	}
	at, ok := day(y, m, d)
	if !ok {
		return date{}, false
	}
	if len(t) > 2 {
		if clk, seconds, _, ok := clock(t[1].text); ok {
			return date{at.Add(clk), precision(seconds), 2}, true
		}
	}
	return date{at, 24 * time.Hour, 1}, true
}

// eastAsian reads the numbers of "2005\u5e741\u67086\u65e5" or a part of it, in any
// encoding: digits, each with the two to four bytes of one counter behind them.
func eastAsian(s string) (n [3]int, count int, ok bool) {
	for s != "" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		j := i
		for j < len(s) && j < i+4 && (s[j] < '0' || s[j] > '9') {
			j++
		}
		if i == 0 || i > 4 || j < i+2 || s[i] < 0x80 || count == 3 || j < len(s) && !startsWithDigit(s[j:]) {
			return n, 0, false
		}
		n[count], _ = strconv.Atoi(s[:i])
		count++
		s = s[j:]
	}
	return n, count, count > 0
}

// asianDate reads dates that begin with the year, or have month and day in one
// word: "2005\u5e74 1\u6708 6\u65e5", "2003 3\u6708 20", "12\u670825\u65e5 10:30".
func asianDate(t []token, now time.Time) (date, bool) {
	var parts [3]int
	count, used, marked := 0, 0, false
	for used < len(t) && used < 3 && count < 3 {
		n, k, ok := eastAsian(t[used].text)
		if !ok {
			v, err := strconv.Atoi(t[used].text)
			if err != nil || !isDigits(t[used].text) || len(t[used].text) > 4 {
				break
			}
			n[0], k = v, 1
		} else {
			marked = true
		}
		if count+k > 3 {
			return date{}, false
		}
		copy(parts[count:], n[:k])
		count += k
		used++
		if count == 2 && parts[0] <= 12 {
			break // month and day
		}
	}
	if !marked || used >= len(t) {
		return date{}, false
	}
	if count == 2 && parts[0] <= 12 {
		return yearOrTime(parts[0], parts[1], t[used:], used, now)
	}
	if count != 3 || parts[0] < 1000 {
		return date{}, false
	}
	at, ok := day(parts[0], parts[1], parts[2])
	if !ok {
		return date{}, false
	}
	if used+1 < len(t) {
		if clk, seconds, _, ok := clock(t[used].text); ok {
			return date{at.Add(clk), precision(seconds), used + 1}, true
		}
	}
	return date{at, 24 * time.Hour, used}, true
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
	if d, ok := asianDate(t, now); ok {
		return d, true
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
	if utf8.ValidString(s) {
		m, ok := months[strings.ToLower(s)]
		return m, ok
	}
	// Which of the old encodings it is need not be known, as long as all that
	// make a month of it make the same.
	found := 0
	for _, c := range legacy {
		d, err := c.NewDecoder().String(s)
		if err != nil {
			continue
		}
		if m, ok := months[strings.TrimRight(strings.ToLower(d), ".,")]; ok {
			if found != 0 && found != m {
				return 0, false
			}
			found = m
		}
	}
	return found, found != 0
}

// legacy are the encodings that servers from before UTF-8 print months in.
var legacy = []*charmap.Charmap{
	charmap.Windows1252, charmap.Windows1250, charmap.ISO8859_2, charmap.CodePage850, charmap.CodePage852,
	charmap.KOI8R, charmap.Windows1251, charmap.CodePage866, charmap.ISO8859_5,
	charmap.ISO8859_7, charmap.ISO8859_9, charmap.Windows1257, charmap.Macintosh,
}

// months maps names and abbreviations. What means different months in two
// languages ("lis") is not in it.
var months = func() map[string]int {
	all := map[string]int{}
	for i, names := range []string{
		"jan january januar janvier janv janeiro enero ene gennaio gen januari januára jaan jän jänner leden led styczeń sty tammikuu tammi tam янв января oca ocak ian ιαν gener sau ιανουαρίου січ январь яну",
		"feb february februar février févr fév fevr fevereiro fev febrero febbraio februari veebr helmikuu helmi hel luty lut únor úno фев февр февраля şub şubat φεβ febr febrer vas únorový únoru φεβρουαρίου лют февраль",
		"mar march märz mär mrz mars março marzo maart mrt maaliskuu maalis maa marzec březen bře мар марта märts μαρ břez kov mart març márc μαρτίου бер март",
		"apr april avril avr abril abr aprile huhtikuu huhti huh kwiecień kwi duben dub апр апреля nis nisan aprill απρ bal dubna ápr απριλίου апрель дуб кві",
		"may mai maio mayo maggio mag maj mei toukokuu touko tou květen kvě мая май mayıs máj μαι geg květ maig maí toukok μαΐου тра",
		"jun june juni juin junho junio giugno giu kesäkuu kesä kes czerwiec cze červen čvn июн июня haz haziran juuni ιουν bir iun juny jún červ ιουνίου июнь чер юни",
		"jul july juli juillet juil julho julio luglio lug heinäkuu heinä hei lipiec lip červenec čvc июл июля tem temmuz juuli ιουλ iul juliol júl lie ιουλίου июль лип юли",
		"aug august août aoû aout agosto ago augusti elokuu elo sierpień sie srpen srp авг августа ağu ağustos αυγ agost avg rgp srpna ágú αυγούστου август сер серп",
		"sep sept september septembre setembro set septiembre settembre syyskuu syys syy wrzesień wrz září zář сен сент сентября eyl eylül szept σεπ rgs setembre σεπτεμβρίου вер сентябрь",
		"oct october oktober okt octobre outubro out octubre ottobre ott lokakuu loka lok październik paź říjen říj окт октября eki ekim οκτ spa οκτωβρίου жов октомври октябрь",
		"nov november novembre novembro noviembre marraskuu marras listopad ноя нояб ноября kas kasım νοε lap lis listopadu nóv νοεμβρίου лис ноябрь",
		"dec december dezember dez décembre déc dezembro diciembre dic dicembre joulukuu joulu jou grudzień gru prosinec pro дек декабря ara aralık detsember dets δεκ des desember desembre grd δεκεμβρίου гру декабрь",
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
