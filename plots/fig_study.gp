# fig_study: losses with a margin against norm-softmax, each at its own best scale and margin: above
# what strangers' TAR gains, with 95 % intervals over the seeds, below the margin that was chosen, over
# the number of identities, for each data set at equal epochs and at equal steps. Filled marks: the
# test, corrected for the number of comparisons, tells the gain from 0. Crosses: a margin of none was
# chosen, so that there is nothing to test. Pale: trainings that an earlier panel has shown.
width = 1080; height = 600; strip = 106.0 / height
load "tables.gp"
load "style.gp"
panels = ''; eval gather("panels", "strcol(1).'/'.strcol(2)", "1")
sizes = ''; eval gather("sizes", "strcol(3)", "1")
shown = "sphereface cosface arcface"
columns = words(panels)
data_of(p) = (at = strstrt(word(panels, p), "/"), word(panels, p)[1:at-1])
regime_of(p) = (at = strstrt(word(panels, p), "/"), word(panels, p)[at+1:*])
inside(p, k) = strcol(1) eq data_of(p) && strcol(2) eq regime_of(p) && strcol(6) eq word(shown, k)
# Where both ways of counting come to as many epochs, the trainings are the same.
trainings = ''; eval gather("trainings", "strcol(1).'/'.strcol(3).'/'.strcol(4).'@'.strcol(2)", "1")
training = '"'.'%s/%s/%s@'
again(x) = (key_ = sprintf(training, strcol(1), strcol(3), strcol(4)), \
    strstrt(trainings, key_) < strstrt(trainings, key_.strcol(2).'"'))
# Losses stand beside each other at each number of identities.
beside(k) = column(3) * 1.27**(k - 2)
away = 1e-9 # out of sight: gnuplot complains of series without points
kind(x) = (strcol(17) eq "no margin" ? "none" : strcol(17) eq "helps" || strcol(17) eq "harms" ? "clear" : "open")
at(p, k, what) = (inside(p, k) && kind(0) eq what ? beside(k) : away)
ink(k) = int("0x".word(colours, style_of(word(shown, k)))[2:*])
pale(colour) = (sum [i=0:2] (int(255 - 0.4 * (255 - ((colour >> 8 * i) & 255))) << 8 * i))
repeats = 0
stats [*:*][*:*] table using (repeats = repeats || again(0), 0) nooutput
tone(k) = (again(0) ? pale(ink(k)) : ink(k))
# A loss's full mark; the hollow one stands before it.
full(k) = int(word("9 13 7", k))
size = format eq "svg" ? 0.9 : 1.25
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
    set tmargin at screen 1 - (row == 1 ? 34.0 : 296.0) / height
    set bmargin at screen 1 - (row == 1 ? 274.0 : 436.0) / height
    if (row == 1) { set title sprintf("{/:Bold %s}, equal %s", data_of(p), regime_of(p)) offset 0, -0.6; set format x ""
    } else { unset title; set format x "%.0f"; set xlabel "identities trained" offset 0, 0.4 }
    if (row == 1) { unset xlabel }
    if (p == 1) { set format y "%g" } else { set format y ""; unset ylabel }
    if (row == 1) {
        if (p == 1) { set ylabel "gain in TAR at FAR 10^{-3}" offset 0, 0 }
        set yrange [low_ - 0.05 * reach:high_ + 0.05 * reach]
        set xzeroaxis linetype 20 linecolor rgb frame linewidth 1.4
    } else {
        if (p == 1) { set ylabel "margin chosen" offset 0, 0 }
        set yrange [-0.08 * most_:1.08 * most_]
        unset xzeroaxis
    }
    eval lettered((row - 1) * columns + p)
    c = row == 1 ? 13 : 9
    plot for [k=1:3] table using (row == 1 && inside(p, k) && kind(0) ne "none" ? beside(k) : away):14:(0):($15 - $14):(tone(k)) \
            with vectors nohead linewidth 1.8 linecolor rgb variable dashtype solid title word(shown, k), \
        for [k=1:3] table using (at(p, k, "clear")):c:(tone(k)) with points pointtype full(k) pointsize size \
            linecolor rgb variable notitle, \
        for [k=1:3] table using (at(p, k, "open")):c with points pointtype full(k) pointsize size \
            linecolor rgb "#ffffff" notitle, \
        for [k=1:3] table using (at(p, k, "open")):c:(tone(k)) with points pointtype full(k) - 1 pointsize size \
            linewidth 1.6 linecolor rgb variable notitle, \
        for [k=1:3] table using (at(p, k, "none")):c:(tone(k)) with points pointtype 2 pointsize 0.9 * size linewidth 2 \
            linecolor rgb variable notitle
} }
load "key_strip.gp"
set key at screen 0.5, screen 84.0 / height center center maxrows 2
set label 1 "Bars: 95 % intervals over the seeds, each by itself; the test is corrected for all comparisons, so that a hollow mark’s bar may leave 0 out.".\
    "\n".(repeats ? "Pale: the same trainings as at equal ".regime_of(1).". " : "")."Margins: ArcFace m (radians), CosFace m, SphereFace m − 1." \
    at 0.5, 0.36 center font ",11" textcolor rgb frame
of_loss = "keyentry with linespoints pointtype full(k) linecolor rgb word(colours, style_of(word(shown, k))) dashtype solid linewidth 1.8 pointsize size title pretty(word(shown, k))"
plot -1 notitle, for [k=1:1] @of_loss, keyentry with points pointtype 7 linecolor rgb frame title "differs from 0 (Holm’s test)", \
    for [k=2:2] @of_loss, keyentry with points pointtype 6 linecolor rgb frame title "undecided", \
    for [k=3:3] @of_loss, keyentry with points pointtype 2 linecolor rgb frame title "best without a margin"
unset multiplot
