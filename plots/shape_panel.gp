# shape_panel.gp: the place, title and rows of panel c; shape_rows.gp comes first.
t = int(word(threads, c))
here = present(t)
set lmargin at screen (left + (c - 1) * (panel_width + gap)) / width
set rmargin at screen (left + (c - 1) * (panel_width + gap) + panel_width) / width
set tmargin at screen 1 - top / height
set bmargin at screen 1 - (top + panel_height) / height
set title sprintf("%d thread%s", t, t > 1 ? "s" : "") offset 0, -0.6
set ytics nomirror scale 0 ((c == 1 ? spaced(word(shapes, 1)) : "") 1)
do for [j=2:words(shapes)] { set ytics add ((c == 1 ? spaced(word(shapes, j)) : "") j) }
set label 1 "N × D × C" at screen (left - 9) / width, screen 1 - (top - 12) / height right \
    textcolor rgb frame
