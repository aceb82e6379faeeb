# fig_ulp_histogram: how the errors of the elementary functions are distributed over every float32
# of their range, in units of the last place.
width = 900; height = 470; strip = 0.2
load "tables.gp"
eval read_series
load "style.gp"
shade(i) = word("#8c8c8c #0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #000000", i)
do for [i=1:7] { set linetype 50+i linecolor rgb shade(i) linewidth 4.6 - 0.6 * i }
set linetype 52 dashtype (9,4)
set linetype 53 dashtype (3,3)
set linetype 54 dashtype (12,4,3,4)
set linetype 55 dashtype (6,3)

set multiplot
unset key
set lmargin at screen 0.1; set rmargin at screen 0.97
set tmargin at screen 0.95; set bmargin at screen 0.34
set xlabel "error (ulp of the result)" offset 0, 0.3
set ylabel "share of the inputs" offset 0.5, 0
set xrange [-1.1:1.1]; set xtics 0.25 format "%.2f"
set logscale y; set yrange [1e-10:1]; set ytics 100; set format y "10^{%T}"
set arrow 1 from -1, graph 0 to -1, graph 1 nohead linecolor rgb "#7d7d7d" dashtype (2,3)
set arrow 2 from 1, graph 0 to 1, graph 1 nohead linecolor rgb "#7d7d7d" dashtype (2,3)
plot for [i=1:count] table index i-1 \
    using 3:($4 > 0 ? $4 : 1e-12) with histeps linetype 50+i title label_of(i)

load "key_strip.gp"
plot -1 notitle, for [i=1:count] keyentry with lines linetype 50+i title label_of(i)
unset multiplot
