package kit

import "fyne.io/fyne/v2/widget"

// ShowTip shows a button's tip without the wait.
func ShowTip(b *Button) { b.tip.show(b, b.p.Tip) }

// ChildMenus gives the menus beside a menu.
func ChildMenus(m *Menu) (list []*widget.Menu) {
	for _, o := range m.Items {
		if item, ok := o.(interface{ Child() *widget.Menu }); ok && item.Child() != nil {
			list = append(list, item.Child())
		}
	}
	return list
}
