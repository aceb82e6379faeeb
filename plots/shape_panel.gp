# shape_panel.gp: the place, title and rows of panel c; shape_rows.gp comes first.
t = int(word(threads, c))
eval blocks("here", there." && $5 == t")
set lmargin at screen (left + (c - 1) * (panel_width + gap)) / width
set rmargin at screen (left + (c - 1) * (panel_width + gap) + panel_width) / width
set tmargin at screen 1 - top / height
set bmargin at screen 1 - (top + panel_height) / height
set title sprintf("%d thread%s", t, t > 1 ? "s" : "") offset 0, -0.6
set ytics nomirror scale 0 ("" 1)
do for [k=1:rows] { set ytics add ((c == 1 ? word(shapes, k) : "") row_of(int(word(places, k)))) }
set label 1 "N × D × C" at screen (left - 9) / width, screen 1 - (top - 12) / height right \
    textcolor rgb frame
