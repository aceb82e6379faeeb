# fig_past_pi: what each past_pi makes of ArcFace's target beyond theta = pi - m: left the logit,
# right its slope by the cosine, the factor of the gradient.
width = 900; height = 460; strip = 0.14
load "tables.gp"
eval read_series
load "style.gp"
# The modes coincide up to pi - m; drawn one over the other, wide to narrow, each stays visible.
colour(i) = word("#d55e00 #0072b2 #e69f00 #009e73 #000000", i)
do for [i=1:5] { set linetype 40+i linecolor rgb colour(i) linewidth word("5.5 3.8 3.2 2.2 1.8", i) + 0 }
set linetype 41 dashtype solid
set linetype 42 dashtype solid
set linetype 43 dashtype (8,4)
set linetype 44 dashtype (3,3)
set linetype 45 dashtype (10,4,2,4)
bound = 180 - 0.5 * 180 / pi
# Taylor's target jumps at the bound: its line is two.
angle(i, p) = (parts(i) == 1 || (p == 1 ? column(3) <= bound : column(3) > bound) ? column(3) : 1/0)
parts(i) = (label_of(i) eq "taylor" ? 2 : 1)

set multiplot
set xlabel "target angle θ (degrees)" offset 0, 0.3
set tmargin at screen 0.92; set bmargin at screen 0.29
set xrange [130:180]; set xtics 10
set arrow 1 from bound, graph 0 to bound, graph 1 nohead linecolor rgb "#7d7d7d" dashtype (2,3)
set label 1 "π − m" at bound, graph 1.04 center textcolor rgb frame
set label 2 "ArcFace, m = 0.5" at screen 0.03, screen 0.965 left textcolor rgb frame
unset key

set lmargin at screen 0.08; set rmargin at screen 0.49
set ylabel "target logit / s" offset 1, 0
set yrange [-1.3:-0.6]; set ytics 0.1 format "%.1f"
plot for [i=1:count] for [p=1:parts(i)] table index i-1 using (angle(i, p)):4 \
    with lines linetype 40+i title label_of(i)

set lmargin at screen 0.59; set rmargin at screen 0.97
set ylabel "slope d(logit / s) / d cos θ" offset 0, 0
set yrange [-3:1.6]; set ytics 1 format "%.0f"
plot for [i=1:count] for [p=1:parts(i)] table index i-1 using (angle(i, p)):5 \
    with lines linetype 40+i title label_of(i)

load "key_strip.gp"
set key horizontal width 2
plot -1 notitle, for [i=1:count] keyentry with lines linetype 40+i title label_of(i)
unset multiplot
