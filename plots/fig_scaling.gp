# fig_scaling: a step with 10^8 classes over the number of machines, as the model has it: left seconds
# of computing and, for three networks, of the exchange; right bytes on each machine: its part of W,
# and what it receives in a step. Filled marks: numbers of machines that are powers of two.
columns_ = 11
load "tables.gp"
eval read_cells
width = 900; height = 430; strip = 78.0 / height
load "style.gp"
power(k) = abs(log(k) / log(2) - floor(log(k) / log(2) + 0.5)) < 1e-9
names = "'computing' 'exchange, 1 Gbit/s' 'exchange, 10 Gbit/s' 'exchange, 100 Gbit/s' 'part of W' 'received in a step'"
tints = "#1b1b1b #d55e00 #e69f00 #0072b2 #009e73 #cc79a7"
title_at(k) = word(names, k)[2:strlen(word(names, k))-1]

set multiplot
unset key
set tmargin at screen 0.91; set bmargin at screen strip + 58.0 / height
set logscale xy
set xrange [0.8:1300]; set xtics (1, 4, 16, 64, 256, 1024)
set xlabel "machines" offset 0, 0.4
set format y "10^{%T}"
set style line 1 linewidth 2

set lmargin at screen 0.085; set rmargin at screen 0.49
set title "{/:Bold Seconds a step}" offset 0, -0.6
set ylabel "seconds" offset 1, 0
plot for [k=1:4] table using 1:(column(5 + k) > 0 ? column(5 + k) : NaN) with lines \
        linecolor rgb word(tints, k) dashtype solid linewidth 2 title title_at(k), \
    for [k=1:4] table using (power($1) ? $1 : NaN):(column(5 + k) > 0 ? column(5 + k) : NaN) \
        with points linecolor rgb word(tints, k) pointtype 7 notitle, \
    for [k=1:4] table using (power($1) ? NaN : $1):(column(5 + k) > 0 ? column(5 + k) : NaN) \
        with points linecolor rgb word(tints, k) pointtype 6 notitle

set lmargin at screen 0.585; set rmargin at screen 0.985
set title "{/:Bold GiB on a machine}" offset 0, -0.6
set ylabel "GiB" offset 1, 0
plot for [k=5:6] table using 1:(column(5 + k) > 0 ? column(5 + k) / 2**30 : NaN) with lines \
        linecolor rgb word(tints, k) dashtype solid linewidth 2 title title_at(k), \
    for [k=5:6] table using (power($1) ? $1 : NaN):(column(5 + k) > 0 ? column(5 + k) / 2**30 : NaN) \
        with points linecolor rgb word(tints, k) pointtype 7 notitle, \
    for [k=5:6] table using (power($1) ? NaN : $1):(column(5 + k) > 0 ? column(5 + k) / 2**30 : NaN) \
        with points linecolor rgb word(tints, k) pointtype 6 notitle
unset title
load "key_strip.gp"
plot -1 notitle, for [k=1:6] keyentry with linespoints linecolor rgb word(tints, k) \
    dashtype solid linewidth 2 pointtype 7 title title_at(k), \
    keyentry with points linecolor rgb frame pointtype 6 title "no power of two"
unset multiplot
