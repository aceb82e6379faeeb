# fig_class_error: error over the number of classes, a panel for each of loss, dX and dW; this
# library in colour, the formulas as usually written in grey.
width = 900; height = 490; strip = 0.19
load "tables.gp"
eval read_series
load "style.gp"
ours(i) = word(label_of(i), 2) eq "margin"
mine = ""; theirs = ""
do for [i=1:count] {
    if (ours(i)) { mine = sprintf("%s %d", mine, i) } else { theirs = sprintf("%s %d", theirs, i) }
}
what = "'loss' 'dX' 'dW'"
least = 1e-9

set multiplot
unset key
set logscale xy
stats [*:*][*:*] table using 3 nooutput
set xrange [1.6:1.3 * STATS_max]; set xtics 10; set format x "10^{%T}"
set yrange [least:4]; set ytics 100; set mytics 1
set xlabel "classes C" offset 0, 0.3
set tmargin at screen 0.9; set bmargin at screen 0.33
set linetype 31 linecolor rgb "#9a9a9a" dashtype (4,3) linewidth 1.4
do for [p=1:3] {
    set lmargin at screen 0.085 + (p - 1) * 0.31; set rmargin at screen 0.085 + (p - 1) * 0.31 + 0.275
    set title sprintf("{/:Bold %s}", word(what, p)) offset 0, -0.6
    if (p == 1) { set ylabel "relative error" offset 1, 0; set format y "10^{%T}"
    } else { unset ylabel; set format y "" }
    plot for [k=1:words(theirs)] table index nth(theirs, k)-1 \
            using 3:(column(p + 3) > least ? column(p + 3) : least) with lines linetype 31 \
            title label_of(nth(theirs, k)), \
        for [k=1:words(mine)] i=nth(mine, k) table index i-1 \
            using 3:(column(p + 3) > least ? column(p + 3) : least) with linespoints \
            linetype 10 + style_of(loss_of(i)) pointsize 0.7 title label_of(i)
}
load "key_strip.gp"
set key maxrows 2 width -1
plot -1 notitle, for [k=1:words(mine)] keyentry with linespoints \
        linetype 10 + style_of(loss_of(nth(mine, k))) pointsize 0.8 \
        title pretty(loss_of(nth(mine, k))), \
    keyentry with lines linetype 31 title "usual formulas"
unset multiplot
