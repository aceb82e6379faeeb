# fig_noise: strangers and test samples against the share of training labels that are flipped, and of
# training samples that are nobody's, for a small margin and the default of each loss. Bands: 95 %
# intervals over the seeds at the default.
width = 960; height = 664; strip = 62.0 / height
load "tables.gp"
eval read_series
load "style.gp"
load "noise_lines.gp"
kinds = "flipped outliers"
titles = "'Flipped labels' 'Samples that are nobody’s'"
array first[2] = [4, 7]
array factor[2] = [1, 100]
array step[2] = [0.1, 10]
array labels[2] = ["TAR of strangers at FAR 10^{-3}", "test accuracy (%)"]
at(share) = 100 * share

set multiplot
unset key
set xrange [-1:41]; set xtics 10
do for [r=1:2] { do for [c=1:2] {
    name = word(kinds, c); v = first[r]; f = factor[r]
    set lmargin at screen 0.085 + (c - 1) * 0.47; set rmargin at screen 0.085 + (c - 1) * 0.47 + 0.435
    set tmargin at screen 1 - ((r - 1) * 256 + 34.0) / height
    set bmargin at screen 1 - ((r - 1) * 256 + 270.0) / height
    if (r == 1) { set title sprintf("{/:Bold %s}", word(titles, c)) offset 0, -0.6 } else { unset title }
    if (c == 1) { set ylabel labels[r] offset 0.4, 0; set format y "%g" } else { unset ylabel; set format y "" }
    if (r == 2) { set xlabel "share of the training samples (%)" offset 0, 0.4; set format x "%g"
    } else { unset xlabel; set format x "" }
    eval reach(v, f, step[r])
    eval draw_panel
} }
load "key_strip.gp"
set key maxrows 2
eval draw_key
unset multiplot
