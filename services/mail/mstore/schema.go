package mstore

import "guichet/services/store"

// Bits of loc.flags.
const (
	Seen      = 1
	Flagged   = 2
	Answered  = 4
	Draft     = 8
	Deleted   = 16
	Forwarded = 32
	Junk      = 64
)

// Values of msg.body.
const (
	BodyMissing = 0
	BodyHere    = 1
	BodyFailed  = 2 // the server could not hand the message over, three times
)

// mailSchema is mail.db: everything but the messages' bytes. It is durable,
// because op and outbox are promises to a person.
//
// msg.id is seconds since 1970 << 20 | n: rowid order is date order, which makes
// "newest first" free in lists and in full-text search. loc says where a message
// lies: one message in several mailboxes is stored once. A loc with a negative
// uid was moved there here and has no number of the server's yet; one with
// hidden set was moved away or deleted here and waits for the server. The
// triggers keep folder.total, folder.unread and thread_folder in step with loc;
// "+folder" there and in queries keeps the planner off the index by mailbox,
// which would read all of it.
var mailSchema = []store.Migration{`
CREATE TABLE account(
	id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, settings TEXT NOT NULL,
	checked_at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE folder(
	id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
	wire BLOB NOT NULL, path TEXT NOT NULL, role TEXT NOT NULL DEFAULT '', selectable INTEGER NOT NULL DEFAULT 1,
	uidvalidity INTEGER NOT NULL DEFAULT 0, uidnext INTEGER NOT NULL DEFAULT 0, modseq INTEGER NOT NULL DEFAULT 0,
	messages INTEGER NOT NULL DEFAULT 0, unseen INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0,
	swept_at INTEGER NOT NULL DEFAULT 0, checked_at INTEGER NOT NULL DEFAULT 0,
	total INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0,
	UNIQUE(account, wire));
CREATE TABLE msg(
	id INTEGER PRIMARY KEY, account INTEGER NOT NULL, key INTEGER NOT NULL, msgid TEXT NOT NULL, thread INTEGER NOT NULL,
	date INTEGER NOT NULL, from_name TEXT NOT NULL, from_mail TEXT NOT NULL, rcpt TEXT NOT NULL, subject TEXT NOT NULL,
	snippet TEXT NOT NULL DEFAULT '', size INTEGER NOT NULL, has_att INTEGER NOT NULL DEFAULT 0,
	body INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0);
CREATE INDEX msg_key ON msg(account, key);
CREATE INDEX msg_thread ON msg(thread, id);
CREATE INDEX msg_missing ON msg(account, id) WHERE body = 0;
CREATE TABLE loc(
	folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE, uid INTEGER NOT NULL, msg INTEGER NOT NULL, thread INTEGER NOT NULL,
	flags INTEGER NOT NULL, keywords TEXT NOT NULL DEFAULT '', modseq INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY(folder, uid)) WITHOUT ROWID;
CREATE INDEX loc_msg ON loc(msg, folder);
CREATE INDEX loc_list ON loc(folder, msg, flags) WHERE hidden = 0 AND flags & 16 = 0;
CREATE INDEX loc_thread ON loc(thread, folder, msg);
CREATE INDEX loc_flagged ON loc(msg) WHERE flags & 2 != 0 AND hidden = 0 AND flags & 16 = 0;
CREATE TABLE thread_folder(
	folder INTEGER NOT NULL, thread INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, unread INTEGER NOT NULL,
	PRIMARY KEY(folder, thread)) WITHOUT ROWID;
CREATE INDEX thread_list ON thread_folder(folder, last);
CREATE TABLE ref(account INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL, PRIMARY KEY(account, hash)) WITHOUT ROWID;
CREATE INDEX ref_thread ON ref(thread);
CREATE TABLE part(msg INTEGER NOT NULL, n INTEGER NOT NULL, mime TEXT NOT NULL, name TEXT NOT NULL, cid TEXT NOT NULL, size INTEGER NOT NULL,
	PRIMARY KEY(msg, n)) WITHOUT ROWID;
CREATE VIRTUAL TABLE fts USING fts5(sender, rcpt, subject, body, files, content='', contentless_delete=1,
	tokenize='unicode61 remove_diacritics 2');
CREATE TABLE op(
	id INTEGER PRIMARY KEY, account INTEGER NOT NULL, folder INTEGER NOT NULL, uid INTEGER NOT NULL, msg INTEGER NOT NULL,
	kind TEXT NOT NULL, add_flags INTEGER NOT NULL DEFAULT 0, del_flags INTEGER NOT NULL DEFAULT 0, dest INTEGER NOT NULL DEFAULT 0,
	not_before INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, batch INTEGER NOT NULL DEFAULT 0);
CREATE INDEX op_loc ON op(folder, uid);
CREATE TABLE outbox(
	id INTEGER PRIMARY KEY, account INTEGER NOT NULL, msgid TEXT NOT NULL, mime BLOB NOT NULL, sender TEXT NOT NULL, rcpts TEXT NOT NULL,
	subject TEXT NOT NULL, draft TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0, results TEXT NOT NULL DEFAULT '[]', fault TEXT NOT NULL DEFAULT '');
CREATE TABLE contact(addr TEXT PRIMARY KEY, name TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, received INTEGER NOT NULL DEFAULT 0,
	last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE allow_remote(addr TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE tomb(msg INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE draft(id INTEGER PRIMARY KEY, account INTEGER NOT NULL, saved INTEGER NOT NULL, data TEXT NOT NULL);

CREATE TRIGGER loc_added AFTER INSERT ON loc WHEN NEW.hidden = 0 AND NEW.flags & 16 = 0 BEGIN
	UPDATE folder SET total = total + 1, unread = unread + (NEW.flags & 1 = 0) WHERE id = NEW.folder;
	INSERT INTO thread_folder VALUES (NEW.folder, NEW.thread, NEW.msg, 1, NEW.flags & 1 = 0)
		ON CONFLICT DO UPDATE SET last = max(last, excluded.last), count = count + 1, unread = unread + excluded.unread;
END;
CREATE TRIGGER loc_gone AFTER DELETE ON loc WHEN OLD.hidden = 0 AND OLD.flags & 16 = 0 BEGIN
	UPDATE folder SET total = total - 1, unread = unread - (OLD.flags & 1 = 0) WHERE id = OLD.folder;
	DELETE FROM thread_folder WHERE folder = OLD.folder AND thread = OLD.thread AND count <= 1;
	UPDATE thread_folder SET count = count - 1, unread = unread - (OLD.flags & 1 = 0),
		last = coalesce((SELECT max(msg) FROM loc WHERE thread = OLD.thread AND +folder = OLD.folder AND hidden = 0 AND flags & 16 = 0), last)
		WHERE folder = OLD.folder AND thread = OLD.thread;
END;
CREATE TRIGGER loc_changed AFTER UPDATE ON loc
	WHEN OLD.thread != NEW.thread OR OLD.msg != NEW.msg OR OLD.folder != NEW.folder OR OLD.hidden != NEW.hidden OR (OLD.flags & 17) != (NEW.flags & 17) BEGIN
	UPDATE folder SET total = total - 1, unread = unread - (OLD.flags & 1 = 0)
		WHERE id = OLD.folder AND OLD.hidden = 0 AND OLD.flags & 16 = 0;
	UPDATE folder SET total = total + 1, unread = unread + (NEW.flags & 1 = 0)
		WHERE id = NEW.folder AND NEW.hidden = 0 AND NEW.flags & 16 = 0;
	DELETE FROM thread_folder WHERE folder = OLD.folder AND thread = OLD.thread AND count <= 1 AND OLD.hidden = 0 AND OLD.flags & 16 = 0;
	UPDATE thread_folder SET count = count - 1, unread = unread - (OLD.flags & 1 = 0),
		last = coalesce((SELECT max(msg) FROM loc WHERE thread = OLD.thread AND +folder = OLD.folder AND hidden = 0 AND flags & 16 = 0), last)
		WHERE folder = OLD.folder AND thread = OLD.thread AND OLD.hidden = 0 AND OLD.flags & 16 = 0;
	INSERT INTO thread_folder SELECT NEW.folder, NEW.thread, NEW.msg, 1, NEW.flags & 1 = 0 WHERE NEW.hidden = 0 AND NEW.flags & 16 = 0
		ON CONFLICT DO UPDATE SET last = max(last, excluded.last), count = count + 1, unread = unread + excluded.unread;
END;
`}

// rawSchema is raw.db: the messages' bytes, and the beginning of their texts for
// the lines that a search shows, both zstd. It can be fetched again.
var rawSchema = []store.Migration{`
CREATE TABLE raw(msg INTEGER PRIMARY KEY, data BLOB NOT NULL);
`, `
CREATE TABLE text(msg INTEGER PRIMARY KEY, data BLOB NOT NULL);
`}
