# fig_constancy: the gap between neighbouring classes on the circle against the angle between their
# centres, for 4 to 10 identities: lines are what each loss's decision margin demands, small marks
# features that move without a network until the loss is content, large marks the training samples of
# a network (means and 95 % intervals), which leaves more room than asked where classes stand far apart.
load "tables.gp"
eval read_series
width = 760; height = 470; strip = 72.0 / height
load "style.gp"

# Two neighbours `x` degrees apart, each pulled to where its margin condition just holds.
sphereface(m, x) = x * (m - 1) / (m + 1)
# Where the gap would have to be wider than the classes are apart nobody can give it.
cosface_gap(m, x) = m / (2 * sin(x * pi / 360)) < 1 ? 360 / pi * asin(m / (2 * sin(x * pi / 360))) : 180
cosface(m, x) = cosface_gap(m, x) <= x ? cosface_gap(m, x) : NaN
arcface(m, x) = m * 180 / pi
margin_of(i) = real(word(label_of(i), 3))
demanded(i, x) = loss_of(i) eq "sphereface" ? sphereface(margin_of(i), x) \
    : loss_of(i) eq "cosface" ? cosface(margin_of(i), x) : arcface(margin_of(i), x)

set multiplot
unset key
set lmargin at screen 0.09; set rmargin at screen 0.98
set tmargin at screen 0.97; set bmargin at screen strip + 60.0 / height
set xrange [30:95]; set xtics 15
set yrange [0:80]; set ytics 20
set xlabel "angle between neighbouring classes (degrees)" offset 0, 0.3
set ylabel "gap (degrees)" offset 1, 0
set samples 200
set label 1 "Below 37° CosFace asks for\na wider gap than there is." at 31, 47 left font ",11" textcolor rgb frame
plot for [i=1:count] demanded(i, x) with lines linetype style_of(loss_of(i)) linewidth 1.5 \
        notitle, \
    for [i=1:count] file("constancy_free.tsv") index i-1 using 3:4 with points \
        linecolor rgb word(colours, style_of(loss_of(i))) pointtype 2 pointsize 0.9 linewidth 1.6 \
        title loss_of(i)." free", \
    for [i=1:count] table index i-1 using (column(3) + 0.5 * (i - 2)):4:5:6 \
        with yerrorbars linetype 10 + style_of(loss_of(i)) pointsize 1.3 \
        title loss_of(i)." trained"
unset label
load "key_strip.gp"
plot -1 notitle, \
    for [i=1:count] keyentry with linespoints linetype style_of(loss_of(i)) pointsize 1.3 \
        title sprintf("%s, %s", pretty(loss_of(i)), label_of(i)), \
    keyentry with lines linecolor rgb frame dashtype solid linewidth 1.5 title "demanded", \
    keyentry with points linecolor rgb frame pointtype 2 pointsize 0.9 linewidth 1.6 title "no network", \
    keyentry with points linecolor rgb frame pointtype 7 title "trained (95 %)"
unset multiplot
