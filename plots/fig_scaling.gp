# fig_scaling: a step with 10^8 classes over the number of machines, as the model has it: left seconds
# of computing and, for three networks, of the exchange; right bytes on each machine: its part of W,
# and what it receives in a step. Filled marks: numbers of machines that are powers of two.
load "tables.gp"
width = 900; height = 430; strip = 78.0 / height
load "style.gp"
power(k) = abs(log(k) / log(2) - floor(log(k) / log(2) + 0.5)) < 1e-9
names = "'computing' 'exchange, 1 Gbit/s' 'exchange, 10 Gbit/s' 'exchange, 100 Gbit/s' 'part of W' 'received in a step'"
tints = "#1b1b1b #d55e00 #e69f00 #0072b2 #009e73 #cc79a7"
# What is 0 (one machine exchanges nothing) has no place on a logarithmic axis.
drawn(value, wanted) = (wanted && value > 0 ? value : NaN)

set multiplot
unset key
set tmargin at screen 0.91; set bmargin at screen strip + 58.0 / height
set logscale xy
set xrange [0.8:1300]; set xtics (1, 4, 16, 64, 256, 1024)
set xlabel "machines" offset 0, 0.4
set format y "10^{%T}"

set lmargin at screen 0.085; set rmargin at screen 0.49
set title "{/:Bold Seconds a step}" offset 0, -0.6
set ylabel "seconds" offset 1, 0
plot for [k=1:4] table using (power($1) ? $1 : 1/0):(drawn(column(5 + k), 1)) with lines \
        linecolor rgb word(tints, k) dashtype solid linewidth 2 title word(names, k), \
    for [k=1:4] table using 1:(drawn(column(5 + k), power($1))) with points \
        linecolor rgb word(tints, k) pointtype 7 notitle, \
    for [k=1:4] table using 1:(drawn(column(5 + k), !power($1))) with points \
        linecolor rgb word(tints, k) pointtype 6 linewidth 1.6 notitle

set lmargin at screen 0.585; set rmargin at screen 0.975
set title "{/:Bold GiB on a machine}" offset 0, -0.6
set ylabel "GiB" offset 1, 0
plot for [k=5:6] table using (power($1) ? $1 : 1/0):(drawn(column(5 + k), 1)) with lines \
        linecolor rgb word(tints, k) dashtype solid linewidth 2 title word(names, k), \
    for [k=5:6] table using 1:(drawn(column(5 + k), power($1))) with points \
        linecolor rgb word(tints, k) pointtype 7 notitle, \
    for [k=5:6] table using 1:(drawn(column(5 + k), !power($1))) with points \
        linecolor rgb word(tints, k) pointtype 6 linewidth 1.6 notitle
unset title
load "key_strip.gp"
plot -1 notitle, for [k=1:6] keyentry with linespoints linecolor rgb word(tints, k) \
    dashtype solid linewidth 2 pointtype 7 title word(names, k), \
    keyentry with points linecolor rgb frame pointtype 6 title "no power of two"
unset multiplot
