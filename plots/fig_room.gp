# fig_room: training samples, test samples and strangers against the dimension of the embedding, for
# three numbers of identities. Hollow marks: `margin advise` says that not even a class weight is right
# at this margin, or that the scale is too small. Bands: 95 % intervals over the seeds at s = 64.
width = 1000; height = 782; strip = 86.0 / height
load "tables.gp"
eval read_series
load "style.gp"
load "noise_lines.gp"
names = "30 100 300"
array first[3] = [10, 7, 4]
array factor[3] = [100, 100, 1]
array step[3] = [10, 20, 0.2]
array labels[3] = ["training accuracy (%)", "test accuracy (%)", "TAR at FAR 10^{-3}"]
at(dim) = dim
is_open(row) = column(31) > column(32) || column(33) < column(34)

set multiplot
unset key
set logscale x 2; set xrange [3.5:72]; set xtics (4, 8, 16, 32, 64)
do for [r=1:3] { do for [c=1:3] {
    name = word(names, c); v = first[r]; f = factor[r]
    set lmargin at screen 0.08 + (c - 1) * 0.31; set rmargin at screen 0.08 + (c - 1) * 0.31 + 0.285
    set tmargin at screen 1 - ((r - 1) * 202 + 34.0) / height
    set bmargin at screen 1 - ((r - 1) * 202 + 216.0) / height
    if (r == 1) { set title sprintf("{/:Bold %s identities}", name) offset 0, -0.6 } else { unset title }
    if (c == 1) { set ylabel labels[r] offset 0.4, 0; set format y "%g" } else { unset ylabel; set format y "" }
    if (r == 3) { set xlabel "dimensions" offset 0, 0.4; set format x "%g" } else { unset xlabel; set format x "" }
    eval reach(v, f, step[r])
    eval draw_panel
} }
load "key_strip.gp"
set key maxrows 3
more = ", keyentry with points pointtype 6 linecolor rgb frame linewidth 1.5 title 'beyond what margin advise allows'"
if (words(adviseds_)) {
    more = more.", keyentry with linespoints linecolor rgb frame dashtype solid linewidth 0.9 pointtype 9 pointsize 0.7 title 'as margin advise says'"
}
draw_key = draw_key.more
eval draw_key
unset multiplot
