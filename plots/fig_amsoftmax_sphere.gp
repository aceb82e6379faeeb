# fig_amsoftmax_sphere: features on the unit sphere under softmax, NormFace, SphereFace and CosFace
# (AM-Softmax) with two margins (Wang et al., AM-Softmax, the sphere figure of its repository).
load "tables.gp"
features = table
eval read_series
load "pictures.gp"
table = features
stats [*:*][*:*] table using 6 nooutput
classes = int(STATS_max) + 1
table = file("amsoftmax_sphere_panels.tsv")
columns = 3
rows = (count + columns) / columns
width = 960; height = 345 * rows + 100; strip = 64.0 / height
load "style.gp"
note(i) = (label_of(i) eq "-" ? "" : "  ".label_of(i))
left(i) = ((i - 1) % columns + 0.05) / columns
right(i) = left(i) + 0.90 / columns
top(i) = 1 - (int(i - 1) / columns * 345 + 62.0) / height
bottom(i) = top(i) - 288.0 / height

set multiplot
do for [i=1:count] {
    set lmargin at screen left(i); set rmargin at screen right(i)
    set tmargin at screen top(i); set bmargin at screen bottom(i)
    set title sprintf("{/:Bold %s}%s\n{/=11 test accuracy %.1f %%}", pretty(loss_of(i)), note(i), \
        100 * number(i, 15)) offset 0, -0.4
    block = i - 1
    shown = sprintf("%s %s", loss_of(i), label_of(i))
    load "ball.gp"
}
i = count + 1
set lmargin at screen left(i) + 0.33 / columns; set rmargin at screen right(i) - 0.02
set tmargin at screen top(i) - 10.0 / height; set bmargin at screen bottom(i) + 50.0 / height
set title "{/:Bold Mean angle within a class}" offset -3, -0.4
set xlabel sprintf("{/=11 degrees: %s}", interval_text) offset -3, 0.4
unset ylabel
set grid x linetype 20
set xrange [0:*]; set xtics 5 nomirror out; set yrange [count + 0.5:0.5]
unset ytics
set ytics nomirror font ",10" scale 0 (" " 1)
do for [j=1:count] {
    set ytics add (sprintf("%s\n%s", pretty(loss_of(j)), label_of(j) eq "-" ? "" : label_of(j)) j)
}
if (seeds > 1) {
    plot for [j=1:count] table index j-1 using 18:(j):19:20 with xerrorbars \
        linetype 10 + style_of(loss_of(j)) pointsize 1.2 title loss_of(j)
} else {
    plot for [j=1:count] table index j-1 using 18:(j) with points \
        linetype 10 + style_of(loss_of(j)) pointsize 1.2 title loss_of(j)
}
load "key_strip.gp"
set key at screen 0.5, screen 42.0 / height center center samplen 1 maxrows 1 font ",11"
set label 1 sprintf("Test samples of %s; faint: the far side; crosses: class weights.", seed_text) \
    at 0.5, 0.16 center font ",11" textcolor rgb frame
# A class by its garment's name where it has one.
name_of(k) = (is_fashion && classes <= words(garments) ? word(garments, k + 1) : sprintf("%d", k))
plot -1 notitle, for [k=0:classes-1] keyentry with points pointtype 7 linecolor rgb class_colour(k) title name_of(k)
unset multiplot
