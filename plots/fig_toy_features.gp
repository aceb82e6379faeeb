# fig_toy_features: the samples of each class in a two-dimensional embedding, by direction (Deng et al.,
# ArcFace, Fig. 3): the paper's two panels large, then the other losses, then ArcFace over its margin. A
# dot per test sample, a line per class weight, an arc per class of the test and of the training samples.
load "tables.gp"
features = table
load "pictures.gp"
arcs = features[1:strlen(features) - 4]."_arcs.tsv"

# The panels with dots, the paper's first, and those over m, norm-softmax being m = 0.
has_dots(i) = number(i, 3) > 0
in_paper(i) = cell(i, 2) eq "normsoftmax" || cell(i, 2) eq "arcface"
panels = ""; over_m = ""
do for [i=1:count] { if (has_dots(i) && in_paper(i)) { panels = panels.sprintf(" %d", i) } }
do for [i=1:count] { if (has_dots(i) && !in_paper(i)) { panels = panels.sprintf(" %d", i) } }
do for [i=1:count] { if (in_paper(i)) { over_m = over_m.sprintf(" %d", i) } }
if (words(over_m) < 4) { over_m = "" }
first = words(panels) < 2 ? words(panels) : 2
rest = words(panels) - first
columns = rest == 4 || rest > 6 ? 4 : 3
rows = (rest + columns - 1) / columns
width = 900; tall = 318; middle = columns == 3 ? 246 : 216; low = words(over_m) ? 200 : 0
below = is_fashion ? 44 : 0
height = tall + rows * middle + low + below
load "style.gp"

short(text) = sprintf("%.3g", real(text))
margin_text(i) = cell(i, 2) eq "arcface" ? "  m = ".short(cell(i, 6)) \
    : cell(i, 2) eq "cosface" ? "  m = ".short(cell(i, 7)) \
    : cell(i, 2) eq "sphereface" ? "  m = ".short(cell(i, 5)) \
    : cell(i, 2) eq "combined" \
        ? "  m = ".short(cell(i, 5)).", ".short(cell(i, 6)).", ".short(cell(i, 7)) : ""
scale_text(i) = cell(i, 2) eq "softmax" ? "" : "  s = ".short(cell(i, 4))
gap(i, at) = sprintf("%.1f°", number(i, at)).between(number(i, at + 1), number(i, at + 2), "%.1f")

# A square of `size` pixels, whose left and upper edges are at (x, y).
square = "set lmargin at screen x / width; set rmargin at screen (x + size) / width; set tmargin at screen 1 - y / height; set bmargin at screen 1 - (y + size) / height"
width = 1.0 * width; height = 1.0 * height
# The rings of both parts, and black on white where the arcs of neighbours overlap.
ring(part) = part eq "train" ? 1.26 : 1.11
rings = "arcs index i-1 using (0):(0):(ring(strcol(3))):5:6:(class_colour($4)) with circles dashtype solid linewidth thick linecolor rgb variable notitle"
overlap(share, colour) = ", arcs index i-1 using (0):(0):($7 < $6 ? ring(strcol(3)) : NaN):7:6 with circles dashtype solid linewidth ".share." * thick linecolor rgb '".colour."' notitle"
# Sets draw_rings; gnuplot complains of a plot without points, so where nothing overlaps there is none.
read_rings = "stats [*:*][*:*] arcs index i-1 using ($7 < $6) nooutput; draw_rings = rings.(STATS_sum > 0 ? overlap('0.8', 'white').overlap('0.45', 'black') : '')"
draw_dots = "features index i-1 using (sample(on_ring(3))):(on_ring(4)):(class_colour($6)) with points pointtype 7 pointsize (large ? 0.2 : 0.15) linecolor rgb variable title cell(i, 2)"
draw_numbers = "features index i-1 using (weight(0.6 * direction(3))):(0.6 * direction(4)):(sprintf('%d', $6)) with labels boxed font ',10' textcolor rgb frame notitle"
draw_weights = "features index i-1 using (0):(0):(weight(direction(3))):(direction(4)):(class_colour($6)) with vectors nohead dashtype solid linewidth 1 linecolor rgb variable notitle"

down(y) = 1 - y / height

set multiplot
unset key; unset border; unset xtics; unset ytics; unset grid
set xrange [-1.36:1.36]; set yrange [-1.36:1.36]
set style circle nowedge
set style fill empty border
set style textbox opaque noborder margins 0.5, 0.3
do for [k=1:words(panels)] {
    i = int(word(panels, k)); j = k - first - 1; large = k <= first
    size = large ? 248 : middle - 72
    x = large ? 22 + 296 * (k - 1) : 900.0 / columns * (j % columns + 0.5) - 0.5 * size
    y = large ? 30 : tall + (j / columns) * middle + 26
    thick = large ? 5 : 3.5
    eval square
    eval read_rings
    set label 1 sprintf("{/:Bold %s}%s%s", pretty(cell(i, 2)), scale_text(i), margin_text(i)) \
        at graph 0.5, screen down(y - 12) center
    set label 2 "gap: training ".gap(i, 9) at graph 0.5, screen down(y + size + 9) center font ",11"
    set label 3 "test ".gap(i, 12) at graph 0.5, screen down(y + size + 25) center font ",11"
    eval "plot ".draw_dots.", ".draw_weights.", ".draw_rings.", ".draw_numbers
    unset label
}
y = tall + rows * middle + 58; size = 104; thick = 3
do for [k=1:words(over_m)] {
    i = int(word(over_m, k)); x = 0.5 * (900 - 111.0 * words(over_m)) + 3 + 111 * (k - 1)
    eval square
    eval read_rings
    set label 1 cell(i, 2) eq "arcface" ? margin_text(i)[3:*] : "m = 0" at graph 0.5, screen down(y - 11) center font ",12"
    set label 2 sprintf("%.1f°", number(i, 9)) at graph 0.5, screen down(y + size + 9) center font ",11"
    set label 3 sprintf("%.1f°", number(i, 12)) at graph 0.5, screen down(y + size + 25) center font ",11"
    if (k == 1) {
        set label 4 "{/:Bold ArcFace over its margin}{/=11 : the gap of training samples above that of test samples; m = 0 is NormSoftmax}" \
            at screen 14 / width, screen down(y - 36) left
    }
    eval "plot ".draw_weights.", ".draw_rings.", NaN title cell(i, 2).margin_text(i)"
    unset label
}

# Beside the paper's panels: what is drawn.
x = 616; y = 16; size = 284
eval square
set xrange [0:284]; set yrange [284:0]
set arrow 1 from 2,34 to 32,34 nohead dashtype solid linewidth 5 linecolor rgb frame
set label 1 "outer arc: training samples" at 44, 34 left
set arrow 2 from 2,58 to 32,58 nohead dashtype solid linewidth 5 linecolor rgb "#a6a6a6"
set label 2 "inner arc: test samples" at 44, 58 left
set label 3 "(an arc holds the middle 98 % of a class)" at 44, 75 left font ",11"
set arrow 3 from 2,99 to 32,99 nohead dashtype solid linewidth 5 linecolor rgb "#a6a6a6"
set arrow 4 from 9,99 to 25,99 nohead dashtype solid linewidth 4 linecolor rgb "white"
set arrow 6 from 9,99 to 25,99 nohead dashtype solid linewidth 2.2 linecolor rgb "black"
set label 4 "black: arcs of neighbours overlap" at 44, 99 left
do for [k=0:8] {
    set label 50 + k "" at 5 + 3 * k, 123 + 6 * (turns(k) - 0.5) point pointtype 7 pointsize 0.2 linecolor rgb frame
}
set label 5 "dots: directions of test samples" at 44, 123 left
set label 6 "(spread inwards, not to hide each other)" at 44, 140 left font ",11"
set arrow 5 from 2,164 to 32,164 nohead dashtype solid linewidth 1 linecolor rgb frame
set label 7 "lines and numbers: class weights" at 44, 164 left
set label 8 "{/:Bold Gap}: the angle between neighbouring arcs,\nthe median of a seed’s; negative: they overlap.\n" \
    .(seeds > 1 ? sprintf("Mean and 95 %% interval of %d seeds.\n", seeds) : "One seed, no interval.\n") \
    ."Drawn: ".seed_text."." at 2, 200 left font ",12"
plot NaN notitle
unset label; unset arrow
if (is_fashion) {
    x = 0; y = height - below; size = width
    eval square
    set label 2 "Ten classes leave less room than eight: the margins are smaller.\n{/=10 ".garment_text(10)."}" \
        at screen 14 / width, screen 30 / height left font ",12"
    plot NaN notitle
}
unset multiplot
