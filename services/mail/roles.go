package mail

import (
	"strings"

	"guichet/services/mail/imap"
	"guichet/services/mail/mstore"
)

var roleByAttribute = map[string]Role{
	`\drafts`: RoleDrafts, `\sent`: RoleSent, `\archive`: RoleArchive, `\junk`: RoleJunk, `\trash`: RoleTrash, `\all`: RoleAll, `\flagged`: RoleFlagged,
}

// roleByName knows the mailboxes of servers without SPECIAL-USE, by the names that
// programs and providers give them; lower case.
var roleByName = map[string]Role{
	"drafts": RoleDrafts, "draft": RoleDrafts, "brouillons": RoleDrafts, "entwürfe": RoleDrafts, "borradores": RoleDrafts, "bozze": RoleDrafts,
	"sent": RoleSent, "sent items": RoleSent, "sent messages": RoleSent, "sent mail": RoleSent, "envoyés": RoleSent, "éléments envoyés": RoleSent,
	"messages envoyés": RoleSent, "courrier envoyé": RoleSent, "outbox": RoleNone, "gesendet": RoleSent, "gesendete elemente": RoleSent,
	"enviados": RoleSent, "inviata": RoleSent, "posta inviata": RoleSent,
	"archive": RoleArchive, "archives": RoleArchive, "archiv": RoleArchive, "archivo": RoleArchive, "archivio": RoleArchive,
	"junk": RoleJunk, "spam": RoleJunk, "junk e-mail": RoleJunk, "junk email": RoleJunk, "indésirables": RoleJunk, "courrier indésirable": RoleJunk,
	"quarantaine": RoleJunk, "bulk mail": RoleJunk, "spamverdacht": RoleJunk, "correo no deseado": RoleJunk,
	"trash": RoleTrash, "deleted": RoleTrash, "deleted items": RoleTrash, "deleted messages": RoleTrash, "bin": RoleTrash, "corbeille": RoleTrash,
	"éléments supprimés": RoleTrash, "papierkorb": RoleTrash, "gelöscht": RoleTrash, "papelera": RoleTrash, "cestino": RoleTrash,
}

// assignRoles turns the server's list into mailboxes: attributes first (RFC
// 6154), then names, each role once.
func assignRoles(list []imap.Mailbox) []mstore.Folder {
	taken := map[Role]bool{}
	folders := make([]mstore.Folder, len(list))
	for i, m := range list {
		folders[i] = mstore.Folder{Wire: m.Wire, Path: m.Path, Selectable: !m.Has(`\noselect`) && !m.Has(`\nonexistent`)}
		if strings.EqualFold(m.Wire, "INBOX") {
			folders[i].Role = string(RoleInbox)
			continue
		}
		for _, a := range m.Attributes {
			if r := roleByAttribute[a]; r != RoleNone && !taken[r] && folders[i].Selectable {
				folders[i].Role, taken[r] = string(r), true
				break
			}
		}
	}
	for depth := 1; depth <= 2; depth++ { // INBOX.Sent is as good as Sent, but comes second
		for i := range folders {
			f := &folders[i]
			if f.Role != "" || !f.Selectable || len(f.Path) != depth || depth == 2 && !strings.EqualFold(f.Path[0], "INBOX") && !strings.HasPrefix(f.Path[0], "[") {
				continue
			}
			if r := roleByName[strings.ToLower(f.Path[depth-1])]; r != RoleNone && !taken[r] {
				f.Role, taken[r] = string(r), true
			}
		}
	}
	return folders
}

// syncOrder is the order in which mailboxes are brought up to date.
func syncOrder(r string) int {
	switch Role(r) {
	case RoleInbox:
		return 0
	case RoleSent:
		return 1
	case RoleDrafts:
		return 2
	case RoleTrash, RoleJunk:
		return 5
	case RoleAll:
		return 4
	}
	return 3
}
