# fig_tails: strangers, and test samples by the size of their class, against how many times fewer
# training samples the last identity has than the first; as many in all. Bands: 95 % intervals over the
# seeds at the default margin.
width = 1000; height = 400; strip = 62.0 / height
load "tables.gp"
eval read_series
load "style.gp"
load "noise_lines.gp"
titles = "'Strangers' 'Largest third' 'Middle third' 'Smallest third'"
labels = "'TAR at FAR 10^{-3}' 'test accuracy (%)' '' ''"
array first[4] = [4, 13, 16, 19]
array left[4] = [0.07, 0.345, 0.57, 0.795]
at(ratio) = ratio
name = "tails"

set multiplot
unset key
set logscale x 10; set xrange [0.8:125]; set xtics ("1" 1, "10" 10, "100" 100)
set tmargin at screen 1 - 34.0 / height; set bmargin at screen 124.0 / height
do for [p=1:4] {
    v = first[p]; f = p == 1 ? 1 : 100
    set lmargin at screen left[p]; set rmargin at screen left[p] + 0.195
    set title sprintf("{/:Bold %s}", word(titles, p)) offset 0, -0.6
    if (p < 3) { set ylabel word(labels, p) offset 1.2, 0; set format y "%g" } else { unset ylabel; set format y "" }
    set xlabel "largest over smallest class" offset 0, 0.4
    if (p == 1) { eval reach(4, 1, 0.1) } else { eval reach(19, 100, 10) }
    eval draw_panel
}
load "key_strip.gp"
set key maxrows 2
eval draw_key
unset multiplot
