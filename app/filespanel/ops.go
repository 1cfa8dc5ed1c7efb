package filespanel

import "guichet/app/panel"

// opsCommands are the commands about operations; opsMenu names those that stand in
// the menu of a row, -1 for the space below the rows.
func (f *Panel) opsCommands() []panel.Command { return nil }

func (f *Panel) opsMenu(s *side, row int) []string { return nil }
