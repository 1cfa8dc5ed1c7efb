package words

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
	xmessage "golang.org/x/text/message"
)

// Number writes n with the language's group separators.
func Number(n int64) string {
	return xmessage.NewPrinter(language.Make(Language())).Sprintf("%d", n)
}

// Size writes a number of bytes in decimal units, as file managers do:
// 418 KB, 1.2 GB; in French 418 ko, 1,2 Go. A negative size is unknown: "".
func Size(bytes int64) string {
	if bytes < 0 {
		return ""
	}
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	if Language() == "fr" {
		units = []string{"o", "ko", "Mo", "Go", "To", "Po"}
	}
	v, i := float64(bytes), 0
	for v >= 999.5 && i < len(units)-1 {
		v /= 1000
		i++
	}
	s := fmt.Sprintf("%.0f", v)
	if i > 0 && v < 9.95 {
		s = fmt.Sprintf("%.1f", v)
	}
	if Language() == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + "\u00a0" + units[i]
}

var months = map[string][]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"fr": {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
}

// Date writes a date for a list: the time for today, "Yesterday", day and month
// within a year of now, else day, month and year.
func Date(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	y, m, d := t.Date()
	ny, nm, nd := now.Date()
	switch midnight := time.Date(ny, nm, nd, 0, 0, 0, 0, now.Location()); {
	case y == ny && m == nm && d == nd:
		return t.Format("15:04")
	case t.Before(midnight) && !t.Before(midnight.AddDate(0, 0, -1)):
		return T("date.yesterday")
	case t.After(midnight.AddDate(-1, 0, 0)) && t.Before(midnight.AddDate(0, 0, 2)):
		return fmt.Sprintf("%d\u00a0%s", d, months[Language()][m-1])
	}
	return fmt.Sprintf("%d\u00a0%s\u00a0%d", d, months[Language()][m-1], y)
}

// DateTime is day, month and time within a year of now, else with the year.
func DateTime(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	s := fmt.Sprintf("%d\u00a0%s", t.Day(), months[Language()][t.Month()-1])
	if t.Before(now.AddDate(-1, 0, 0)) || t.After(now.AddDate(0, 0, 2)) {
		return fmt.Sprintf("%s\u00a0%d", s, t.Year())
	}
	return s + " " + t.Format("15:04")
}

// Duration writes a time left in the largest unit that says enough: "3 min".
func Duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d\u00a0s", int((d+time.Second-1)/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d\u00a0min", int((d+time.Minute-1)/time.Minute))
	}
	return fmt.Sprintf("%d\u00a0h\u00a0%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}
