# fig_amsoftmax_sphere: features on the unit sphere under softmax, NormFace, SphereFace and CosFace
# (AM-Softmax) with two margins (Wang et al., AM-Softmax, the sphere figure of its repository).
panels = system(sprintf("cat '%s/amsoftmax_sphere_panels.tsv'", tables))
count = words(panels) / 11
field(i, k) = word(panels, 11 * (i - 1) + k)
number(i, k) = real(field(i, k))
columns = 3
rows = (count + columns) / columns
width = 960; height = 345 * rows + 40
load "style.gp"
features = file("amsoftmax_sphere.tsv")
weights = file("amsoftmax_sphere_centres.tsv")
series = system(sprintf("sed -n 's/^# //p' '%s'", features))
note(i) = (label_of(series, i) eq "-" ? "" : "  ".label_of(series, i))
left(i) = ((i - 1) % columns + 0.05) / columns
right(i) = left(i) + 0.90 / columns
top(i) = 1 - (int(i - 1) / columns * 345 + 62.0) / height
bottom(i) = top(i) - 288.0 / height

set multiplot
do for [i=1:count] {
    set lmargin at screen left(i); set rmargin at screen right(i)
    set tmargin at screen top(i); set bmargin at screen bottom(i)
    set title sprintf("{/:Bold %s}%s\n{/=11 test accuracy %.1f %%}", pretty(loss_of(series, i)), note(i), \
        100 * number(i, 3)) offset 0, -0.4
    block = i - 1
    shown = sprintf("%s %s", loss_of(series, i), label_of(series, i))
    load "ball.gp"
}
i = count + 1
set lmargin at screen left(i) + 0.33 / columns; set rmargin at screen right(i) - 0.02
set tmargin at screen top(i) - 10.0 / height; set bmargin at screen bottom(i) + 50.0 / height
set title "{/:Bold Mean angle within a class}" offset -3, -0.4
set xlabel "degrees (95 % interval)" offset 0, 0.4
unset ylabel
set grid x linetype 20
set xrange [0:*]; set xtics 5 nomirror out; set yrange [count + 0.5:0.5]
unset ytics
do for [j=1:count] {
    set ytics add (sprintf("%s\n%s", pretty(loss_of(series, j)), label_of(series, j) eq "-" ? "" : \
        label_of(series, j)) j) nomirror font ",10" scale 0
}
plot for [j=1:count] file("amsoftmax_sphere_panels.tsv") every ::j-1::j-1 using 6:(j):7:8 \
    with xerrorbars linetype 10 + style_of(loss_of(series, j)) pointsize 1.2 title loss_of(series, j)
unset multiplot
