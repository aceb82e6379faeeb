# fig_toy_features: the samples in a two-dimensional embedding, a panel per loss (Deng et al.,
# ArcFace, Fig. 3): a dot per test sample, a line per class weight; the last panel compares the gaps
# between neighbouring classes.
load "tables.gp"
features = table
load "pictures.gp"

# The losses' panels, that of the gaps, and below them what is drawn.
columns = count < 3 ? count + 1 : count == 3 || count > 5 ? 4 : 3
rows = (count + columns) / columns
below = is_fashion ? 80 : 44
width = 300 * columns; height = 345 * rows + below
load "style.gp"

short(text) = sprintf("%.3g", real(text))
margin_text(i) = cell(i, 2) eq "arcface" ? "  m = ".short(cell(i, 6)) \
    : cell(i, 2) eq "cosface" ? "  m = ".short(cell(i, 7)) \
    : cell(i, 2) eq "sphereface" ? "  m = ".short(cell(i, 5)) \
    : cell(i, 2) eq "combined" \
        ? "  m = ".short(cell(i, 5)).", ".short(cell(i, 6)).", ".short(cell(i, 7)) : ""
scale_text(i) = cell(i, 2) eq "softmax" ? "" : "  s = ".short(cell(i, 4))
left(i) = ((i - 1) % columns + 0.13) / columns
right(i) = left(i) + 0.80 / columns
bottom(i) = 1 - (int(i - 1) / columns + 0.87) * 345 / height
top(i) = bottom(i) + 0.80 * 300 / height

set multiplot
unset key
do for [i=1:count] {
    raw = cell(i, 2) eq "softmax"
    radius = raw ? 1.1 * number(i, 3) : 1.2
    set lmargin at screen left(i); set rmargin at screen right(i)
    set bmargin at screen bottom(i); set tmargin at screen top(i)
    set xrange [-radius:radius]; set yrange [-radius:radius]
    set title sprintf("{/:Bold %s}%s%s\n{/=11 test accuracy %.1f %%}", pretty(cell(i, 2)), \
        scale_text(i), margin_text(i), 100 * number(i, 8)) offset 0, -0.5
    if (raw) {
        set border 31
        set xtics autofreq mirror in font ",10" offset 0, 0.5
        set ytics autofreq mirror in font ",10" offset 0.6, 0
        set label 1 "x_1" at graph 0.5, graph -0.13 center font ",11"
        set label 2 "x_2" at graph -0.02, graph 1.05 right font ",11"
    } else { unset border; unset xtics; unset ytics; unset grid }
    reach = raw ? 1.5 * radius : 1
    tip = raw ? 0.92 * radius : 1.1
    aside = raw ? 0.07 * radius : 0
    # Before dots a number stands in a white box.
    if (raw) { set style textbox opaque noborder margins 0.6, 0.4
    } else { set style textbox transparent noborder }
    set parametric
    plot raw ? NaN : cos(t), raw ? NaN : sin(t) with lines linetype 20 linewidth 1.2 notitle, \
        features index i-1 using (sample(raw ? $3 : on_ring(3))):(raw ? $4 : on_ring(4)):(class_colour($6)) \
            with points pointtype 7 pointsize 0.22 linecolor rgb variable title cell(i, 2), \
        features index i-1 using (0):(0):(weight(direction(3))*reach):(direction(4)*reach):(class_colour($6)) \
            with vectors nohead dashtype solid linewidth 1 linecolor rgb variable notitle, \
        features index i-1 using (weight(tip*direction(3) - aside*direction(4))): \
            (tip*direction(4) + aside*direction(3)):(sprintf("%d", $6)) \
            with labels boxed font ",10" textcolor rgb frame notitle
    unset parametric
    unset label
}

# The gap: the angle left free between neighbouring classes (docs/method.md); negative: overlap.
i = count + 1
set border 3; set grid x linetype 20
set lmargin at screen left(i) + 0.17 / columns; set rmargin at screen right(i)
set bmargin at screen bottom(i) + 17.0 / height; set tmargin at screen top(i)
set title "{/:Bold Gap between classes}" offset -2, -0.4
set xlabel sprintf("{/=11 degrees: %s}", range_text) offset -2, 0.7
low = 0; high = 0
do for [j=1:count] {
    low = number(j, 10) < low ? number(j, 10) : low
    high = number(j, 11) > high ? number(j, 11) : high
}
step = high - low > 120 ? 60 : high - low > 50 ? 20 : high - low > 20 ? 10 : 5
set xtics step nomirror out font ",10" offset 0, 0.3
set xrange [1.06 * low - 1:1.06 * high + 1]
set yrange [count + 0.5:0.5]
# Names in the place of numbers, not among them.
unset ytics
set ytics nomirror font ",11" scale 0 (" " 1)
set for [j=1:count] ytics add (pretty(cell(j, 2)) j)
set arrow 1 from 0, graph 0 to 0, graph 1 nohead linecolor rgb frame
if (seeds > 1) {
    plot for [j=1:count] table index j-1 using 9:(j):10:11 with xerrorbars \
        linetype 10 + style_of(cell(j, 2)) pointsize 1.3 title cell(j, 2)
} else {
    plot for [j=1:count] table index j-1 using 9:(j) with points \
        linetype 10 + style_of(cell(j, 2)) pointsize 1.3 title cell(j, 2)
}
unset arrow

strip = below / (1.0 * height)
load "key_strip.gp"
unset key
set label 1 sprintf("Dots: test samples of %s. Lines: class weights.\nOn the circle dots are spread inwards so that they do not hide each other.", seed_text) \
    at 0.01, 1 - 14.0 / below left font ",11" textcolor rgb frame
if (is_fashion) {
    set label 2 "Ten classes leave less room than eight: the margins are smaller.\n{/=9 ".garment_text(10)."}" \
        at 0.01, 28.0 / below left font ",11" textcolor rgb frame
}
plot -1 notitle
unset multiplot
