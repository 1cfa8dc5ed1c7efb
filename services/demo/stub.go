package demo

import (
	"os"
	"time"
)

func writeTree(*os.Root, time.Time) error                 { return nil }
func (d *Demo) serveWeb(string, limits, *identity) error  { return nil }
func (d *Demo) serveMail(string, limits, *identity) error { return nil }
func (d *Demo) serveFTP(string, limits, *identity) error  { return nil }
func (d *Demo) serveSFTP(string, limits, *identity) error { return nil }
func (d *Demo) serveDAV(string, limits, *identity) error  { return nil }
