# fig_target_logit: what each loss makes of the target's logit: left the range of Deng et al.,
# ArcFace, Fig. 4b, right the whole range, where the curves come apart.
width = 900; height = 500; strip = 0.21
load "tables.gp"
eval read_series
load "style.gp"
# A second curve of one loss keeps the loss's colour and carries rings.
repeated(i) = (sum [j=1:i-1] (loss_of(j) eq loss_of(i)))
ring = 0.7

set multiplot
set xlabel "target angle θ (degrees)" offset 0, 0.3
set tmargin at screen 0.96; set bmargin at screen 0.36

set lmargin at screen 0.08; set rmargin at screen 0.54
set ylabel "target logit / s" offset 1, 0
set xrange [20:100]; set xtics 10
set yrange [-1.2:1]; set ytics 0.2 format "%.1f"
unset key
plot for [i=1:count] table index i-1 using 3:4 with linespoints \
    linetype style_of(loss_of(i)) pointtype (repeated(i) ? 6 : -1) pointsize ring \
    pointinterval 5 title label_of(i)

set lmargin at screen 0.62; set rmargin at screen 0.97
unset ylabel
set xrange [0:180]; set xtics 30
set yrange [*:1.1]; set ytics 1 format "%.0f"
plot for [i=1:count] table index i-1 using 3:4 with linespoints \
    linetype style_of(loss_of(i)) pointtype (repeated(i) ? 6 : -1) pointsize ring \
    pointinterval 10 title label_of(i)

load "key_strip.gp"
set key width -1
plot -1 notitle, for [i=1:count] keyentry with linespoints linetype style_of(loss_of(i)) \
    pointtype (repeated(i) ? 6 : -1) pointsize ring title label_of(i)
unset multiplot
