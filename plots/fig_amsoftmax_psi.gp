# fig_amsoftmax_psi: the target's logit over the angle for A-Softmax and AM-Softmax (Wang et al.,
# AM-Softmax, its psi figure).
width = 700; height = 480; strip = 92.0 / height
load "tables.gp"
eval read_series
load "style.gp"
# Further curves of one loss keep the loss's colour and carry a marker each.
repeated(i) = (sum [j=1:i-1] (loss_of(j) eq loss_of(i)))
marker(i) = int(word("0 6 8", repeated(i) + 1))
ring(i) = (repeated(i) ? 0.9 : 0)

set multiplot
unset key
set lmargin at screen 0.12; set rmargin at screen 0.97
set tmargin at screen 0.97; set bmargin at screen 0.33
set xlabel "angle θ (degrees)" offset 0, 0.3
set ylabel "ψ(θ)" offset 0, 0
set xrange [0:180]; set xtics 30
set yrange [-7.2:1.2]; set ytics 1
plot for [i=1:count] table index i-1 using 3:4 with linespoints \
    linetype style_of(loss_of(i)) pointtype marker(i) pointsize ring(i) pointinterval 15 \
    title label_of(i)
load "key_strip.gp"
plot -1 notitle, for [i=1:count] keyentry with linespoints linetype style_of(loss_of(i)) \
    pointtype marker(i) pointsize ring(i) title label_of(i)
unset multiplot
