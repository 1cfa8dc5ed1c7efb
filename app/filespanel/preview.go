package filespanel

import "guichet/app/panel"

// previewCommands are the commands about previews; previewMenu names those that stand in
// the menu of a row, -1 for the space below the rows.
func (f *Panel) previewCommands() []panel.Command { return nil }

func (f *Panel) previewMenu(s *side, row int) []string { return nil }
