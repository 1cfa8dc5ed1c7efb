package filespanel

import "guichet/app/panel"

// compareCommands are the commands about comparing; compareMenu names those that stand in
// the menu of a row, -1 for the space below the rows.
func (f *Panel) compareCommands() []panel.Command { return nil }

func (f *Panel) compareMenu(s *side, row int) []string { return nil }
