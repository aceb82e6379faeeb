# fig_sphere_size: is the sphere large enough (Deng et al., ArcFace, version 3, appendix): a panel
# per dimension, the angle to the nearest of so many random identities: exactly, for the closest pair
# of all, by the paper's asymptotic formula, and as found by drawing directions.
load "tables.gp"
eval read_series
kind(i) = label_of(i)
dim(i) = loss_of(i)
eval gather("dims", "strcol(2)", "1")
width = 1000; height = 456
load "style.gp"
set linetype 41 linecolor rgb "#0072b2" linewidth 2 dashtype solid pointtype 7
set linetype 42 linecolor rgb "#d55e00" linewidth 2 dashtype (9,4) pointtype 5
set linetype 43 linecolor rgb "#4d4d4d" linewidth 2 dashtype (3,3)
kinds = "nearest closest asymptotic drawn_nearest drawn_closest"
place_of(i) = (sum [k=1:words(kinds)] (word(kinds, k) eq kind(i)) * k)
names = '"mean nearest neighbour, exact" "closest pair, pairs as independent" "closest pair, asymptotic formula" "drawn" "drawn"'

set multiplot
unset key
set logscale x
set xrange [60:1.6e8]
set xtics ("10^2" 1e2, "10^4" 1e4, "10^6" 1e6, "10^8" 1e8) nomirror out offset 0, 0.2
set for [e=2:8] xtics add ("" 10**e 1)
set yrange [40:90]; set ytics 10 format "%.0f°"
set xlabel "number of identities n" offset 0, 0.3
set tmargin at screen 1 - 34.0 / height; set bmargin at screen 154.0 / height
do for [p=1:words(dims)] {
    set lmargin at screen 0.07 + (p - 1) * 0.31; set rmargin at screen 0.07 + (p - 1) * 0.31 + 0.285
    set title sprintf("{/:Bold D = %s}", word(dims, p)) offset 0, -0.6
    if (p == 1) { set ylabel "angle (degrees)" offset 0.5, 0 } else { unset ylabel; set format y "" }
    theory = ""; drawn = ""
    do for [i=1:count] { if (dim(i) eq word(dims, p)) {
        if (place_of(i) < 4) { theory = theory.sprintf(" %d", i) } else { drawn = drawn.sprintf(" %d", i) }
    } }
    plot for [k=1:words(theory)] i=nth(theory, k) table index i-1 using 3:4 with lines \
            linetype 40 + place_of(i) title kind(i), \
        for [k=1:words(drawn)] i=nth(drawn, k) table index i-1 using 3:4:5 \
            with yerrorbars linetype 37 + place_of(i) dashtype solid linewidth 1.2 pointsize 0.9 \
            title kind(i)
}
strip = 92.0 / height
load "key_strip.gp"
set key maxrows 3
plot -1 notitle, for [k=1:3] keyentry with lines linetype 40 + k title word(names, k), \
    keyentry with points linetype 41 title "drawn: nearest, ± 2 standard errors", \
    keyentry with points linetype 42 title "drawn: closest pair, likewise"
unset multiplot
