# fig_constancy: the gap between neighbouring classes on the circle against the angle between their
# centres, for 4 to 10 identities: marks are trainings (means and 95 % intervals), lines what each
# loss's decision margin demands.
series = system(sprintf("sed -n 's/^# //p' '%s/constancy.tsv'", tables))
count = words(series) / 2
width = 640; height = 430
load "style.gp"

# Two neighbours `x` degrees apart, each pulled to where its margin condition just holds.
sphereface(m, x) = x * (m - 1) / (m + 1)
cosface(m, x) = m / (2 * sin(x * pi / 360)) < 1 ? 360 / pi * asin(m / (2 * sin(x * pi / 360))) : NaN
arcface(m, x) = m * 180 / pi
margin_of(i) = real(word(label_of(series, i), 3))
demanded(i, x) = loss_of(series, i) eq "sphereface" ? sphereface(margin_of(i), x) \
    : loss_of(series, i) eq "cosface" ? cosface(margin_of(i), x) : arcface(margin_of(i), x)

set xrange [30:96]; set xtics 15
set yrange [0:50]; set ytics 10
set xlabel "angle between neighbouring classes (degrees)"
set ylabel "gap, training samples (degrees)" offset 1, 0
set key outside below center horizontal Left reverse samplen 3 width 1 spacing 1.3
set samples 200
plot for [i=1:count] demanded(i, x) with lines linetype style_of(loss_of(series, i)) linewidth 1.5 \
        notitle, \
    for [i=1:count] file("constancy.tsv") index i-1 using 1:2:3:4 with yerrorbars \
        linetype 10 + style_of(loss_of(series, i)) pointsize 1.3 \
        title sprintf("%s, %s", pretty(loss_of(series, i)), label_of(series, i)), \
    keyentry with lines linecolor rgb frame dashtype (7,3) title "what the margin demands"
