# fig_bounds: what the papers' bounds ask of scale and margin: left the scale against the number of
# classes (CosFace, AdaCos), in the middle the least loss that a scale allows (NormFace, its Fig. 5),
# right the largest margin of CosFace against the number of classes.
width = 1080; height = 400
load "tables.gp"
eval read_series
load "style.gp"
in_panel(panel, i) = (loss_of(i) eq panel)
members(panel) = (list = "", sum [i=1:count] (in_panel(panel, i) ? (list = list.sprintf(" %d", i), 0) : 0), list)
scales = members("scale"); losses_ = members("loss"); margins = members("margin")
set linetype 41 linecolor rgb "#9ecae1" linewidth 2 dashtype solid
set linetype 42 linecolor rgb "#4292c6" linewidth 2 dashtype (9,4)
set linetype 43 linecolor rgb "#08306b" linewidth 2 dashtype (3,3)
set linetype 44 linecolor rgb "#d55e00" linewidth 2 dashtype solid
set linetype 51 linecolor rgb "#000000" linewidth 2 dashtype solid
set linetype 52 linecolor rgb "#0072b2" linewidth 2 dashtype (9,4)
set linetype 53 linecolor rgb "#d55e00" linewidth 2 dashtype (12,4,3,4)
set linetype 54 linecolor rgb "#009e73" linewidth 2 dashtype (3,3)
set linetype 55 linecolor rgb "#cc79a7" linewidth 2 dashtype (6,3)

set multiplot
set tmargin at screen 1 - 34.0 / height; set bmargin at screen 56.0 / height
set key Left reverse samplen 2.5 spacing 1.2 font ",11" noenhanced
classes_axis = 'set logscale x; set xrange [2:1e6]; set xtics ("10" 10, "10^2" 100, "10^3" 1e3, "10^4" 1e4, "10^5" 1e5, "10^6" 1e6); set xlabel "number of classes C" offset 0, 0.4'

set lmargin at screen 0.055; set rmargin at screen 0.325
set title "{/:Bold Least scale}" offset 0, -0.6
eval classes_axis
set ylabel "scale s" offset 1.5, 0
set yrange [0:24]; set ytics 4
set key top left
plot for [k=1:words(scales)] i=nth(scales, k) table index i-1 using 3:4 with lines \
    linetype 40 + k title label_of(i)

set lmargin at screen 0.395; set rmargin at screen 0.655
set title "{/:Bold Least loss}" offset 0, -0.6
unset logscale x; set xrange [0:30]; set xtics 10
set xlabel "scale s" offset 0, 0.4
set ylabel "loss (nat)" offset 0.6, 0
set logscale y; set yrange [1e-4:20]; set ytics 10 format "10^{%T}"
set key top right
plot for [k=1:words(losses_)] i=nth(losses_, k) table index i-1 using 3:4 with lines \
    linetype 50 + k title label_of(i)

set lmargin at screen 0.725; set rmargin at screen 0.985
set title "{/:Bold Largest margin of CosFace}" offset 0, -0.6
eval classes_axis
unset logscale y
set ylabel "largest margin m" offset 0.8, 0
set yrange [0:2.05]; set ytics 0.5 format "%.1f"
set key top right
set label 1 "Beyond C = 2D only bounds\nare known: it lies in the\nshade between them." at graph 0.22, 0.19 left font ",11" textcolor rgb frame
set style fill transparent solid 0.25 noborder
plot for [k=1:words(margins)] i=nth(margins, k) table index i-1 using 3:4:5 \
        with filledcurves linecolor rgb word("#000000 #0072b2 #d55e00", k) notitle, \
    for [k=1:words(margins)] i=nth(margins, k) table index i-1 using 3:4 with lines \
        linetype 50 + k title label_of(i), \
    for [k=1:words(margins)] i=nth(margins, k) table index i-1 using 3:5 with lines \
        linetype 50 + k notitle
unset multiplot
