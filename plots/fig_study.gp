# fig_study: losses with a margin against norm-softmax, each at its own best scale and margin: above
# what strangers' TAR gains, with 95 % intervals over the seeds, below the margin that was chosen, over
# the number of identities, for each data set at equal epochs and at equal steps. Filled marks: the
# interval, corrected for the number of comparisons, leaves 0 out.
width = 1080; height = 560; strip = 74.0 / height
load "tables.gp"
load "style.gp"
panels = ''; eval gather("panels", "strcol(1).'/'.strcol(2)", "1")
sizes = ''; eval gather("sizes", "strcol(3)", "1")
shown = "sphereface cosface arcface"
columns = words(panels)
data_of(p) = (at = strstrt(word(panels, p), "/"), word(panels, p)[1:at-1])
regime_of(p) = (at = strstrt(word(panels, p), "/"), word(panels, p)[at+1:*])
inside(p, k) = strcol(1) eq data_of(p) && strcol(2) eq regime_of(p) && strcol(6) eq word(shown, k)
# Losses stand beside each other at each number of identities.
beside(k) = column(3) * 1.09**(k - 2)
away = 1e-9 # out of sight: gnuplot complains of series without points
clear(p, k) = inside(p, k) && (strcol(17) eq "helps" || strcol(17) eq "harms")
low_ = 0; high_ = 0.01
stats [*:*][*:*] table using (valid(14) ? (low_ = $14 < low_ ? $14 : low_, high_ = $15 > high_ ? $15 : high_, 0) : 0) nooutput
reach = high_ - low_
most_ = 0.1
stats [*:*][*:*] table using (strcol(6) ne "normsoftmax" && $9 > most_ ? (most_ = $9, 0) : 0) nooutput
left = 92.0 / width; gap = 14.0 / width
panel = (1 - left - 14.0 / width - (columns - 1) * gap) / columns

set multiplot
unset key
set logscale x; set xrange [60:real(word(sizes, words(sizes))) * 1.6 < 5000 ? 5000 : 17000]
set xtics (100, 300, 1000, 3000, 10000)
do for [p=1:columns] { do for [row=1:2] {
    set lmargin at screen left + (p - 1) * (panel + gap); set rmargin at screen left + (p - 1) * (panel + gap) + panel
    set tmargin at screen 1 - (row == 1 ? 34.0 : 290.0) / height
    set bmargin at screen 1 - (row == 1 ? 274.0 : 430.0) / height
    if (row == 1) { set title sprintf("{/:Bold %s}, equal %s", data_of(p), regime_of(p)) offset 0, -0.6; set format x ""
    } else { unset title; set format x "%.0f"; set xlabel "identities trained" offset 0, 0.4 }
    if (row == 1) { unset xlabel }
    if (p == 1) { set format y "%g" } else { set format y ""; unset ylabel }
    if (row == 1) {
        if (p == 1) { set ylabel "gain in TAR at FAR 10^{-3}" offset 0, 0 }
        set yrange [low_ - 0.05 * reach:high_ + 0.05 * reach]; set ytics autofreq
        set xzeroaxis linetype 20 linecolor rgb frame linewidth 1.4
        plot for [k=1:3] table using (inside(p, k) ? beside(k) : away):13:14:15 with yerrorbars \
                pointtype 7 pointsize 0.1 linewidth 1.8 linecolor rgb word(colours, style_of(word(shown, k))) dashtype solid title word(shown, k), \
            for [k=1:3] table using (clear(p, k) ? beside(k) : away):13 with points pointtype 7 pointsize 1 \
                linecolor rgb word(colours, style_of(word(shown, k))) notitle, \
            for [k=1:3] table using (inside(p, k) && !clear(p, k) ? beside(k) : away):13 with points pointtype 6 pointsize 1 linewidth 1.6 \
                linecolor rgb word(colours, style_of(word(shown, k))) notitle
    } else {
        unset xzeroaxis
        if (p == 1) { set ylabel "margin chosen" offset 0, 0 }
        set yrange [-0.05 * most_:1.08 * most_]; set ytics autofreq
        plot for [k=1:3] table using (inside(p, k) ? beside(k) : away):9 with points \
            pointtype int(word(markers, style_of(word(shown, k)))) pointsize 1.1 linewidth 1.6 \
            linecolor rgb word(colours, style_of(word(shown, k))) notitle
    }
} }
load "key_strip.gp"
set key at screen 0.5, screen 50.0 / height center center
set label 1 "Bars: 95 % intervals over the seeds. Margins: ArcFace m (radians), CosFace m, SphereFace m − 1; 0: none is best." at 0.5, 0.14 center font ",11" textcolor rgb frame
plot -1 notitle, for [k=1:3] keyentry with linespoints pointtype int(word(markers, style_of(word(shown, k)))) linecolor rgb word(colours, style_of(word(shown, k))) dashtype solid linewidth 1.8 \
        title pretty(word(shown, k)), \
    keyentry with points pointtype 7 linecolor rgb frame title "differs from 0 (Holm)", \
    keyentry with points pointtype 6 linecolor rgb frame title "undecided"
unset multiplot
