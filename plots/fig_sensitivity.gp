# fig_sensitivity: the toy's gap between neighbouring classes under other settings, one changed at a
# time: on test and on training samples, the median over the pairs (filled, with 95 % intervals) and the
# least one (hollow); and the share of samples in another class's arc.
width = 1000; height = 510; strip = 88.0 / height
load "tables.gp"
load "style.gp"
# split, loss, number of the setting, setting, gap, least, overlap and accuracy with low and high.
eval gather("names", "strcol(4)", "1")
eval gather("shown", "strcol(2)", "1")
settings_ = words(names)
panel_titles = "'Test samples: gap' 'Training samples: gap' 'Test samples: overlap'"
shift_of(k) = (k - 0.5 * (words(shown) + 1)) * 0.24
at(k) = column(3) + shift_of(k)
is(k, p) = strcol(2) eq word(shown, k) && strcol(1) eq (p == 2 ? "train" : "test")
mark_of(k) = 5 + 2 * (k - 1); hollow_of(k) = mark_of(k) - 1 # square, circle, triangle
away = -9999 # out of sight: gnuplot complains of series without points
seen(k, p, x) = is(k, p) && x == x ? x : away
low_ = 1e9; high_ = -1e9; most_ = 0
stats [*:*][*:*] table using (low_ = column(8) < low_ ? column(8) : low_, high_ = column(7) > high_ ? column(7) : high_, \
    most_ = column(13) > most_ ? column(13) : most_, 0) nooutput
bars = 0
stats [*:*][*:*] table using (bars = bars || column(6) < column(7), 0) nooutput

edge = low_ < -90 ? -90 : low_ - 3
share_end = most_ > 1 ? 100.0 : most_ > 0.01 ? 100 * most_ : 1.0 # a share's interval may pass the end of shares
inside(k, p, x) = p == 3 || column(5) >= edge ? seen(k, p, x) : away # otherwise a number stands at the left

set multiplot
unset key
set border 1
set grid noytics xtics linetype 20
do for [p=1:3] {
    set lmargin at screen 0.235 + (p - 1) * 0.26; set rmargin at screen 0.235 + (p - 1) * 0.26 + 0.23
    set tmargin at screen 1 - 34.0 / height; set bmargin at screen strip + 50.0 / height
    set title sprintf("{/:Bold %s}", word(panel_titles, p)) offset 0, -0.6
    set xlabel p < 3 ? "degrees" : "share of samples (%)" offset 0, 0.4
    set yrange [settings_ + 0.6:0.4]
    unset ytics
    set ytics scale 0 (" " 1)
    if (p == 1) { do for [k=1:settings_] { set ytics add (word(names, k) k) } }
    if (p < 3) { set xrange [edge:high_ + 3]; set xtics autofreq nomirror out
        set arrow 1 from 0, graph 0 to 0, graph 1 nohead linecolor rgb frame linewidth 0.9 dashtype solid
    } else { unset arrow; set xrange [-0.02 * share_end:1.02 * share_end]; set xtics autofreq nomirror out }
    v = p == 3 ? 11 : 5; f = p == 3 ? 100.0 : 1.0
    plot for [k=1:words(shown)] table using (bars ? f * inside(k, p, column(v)) : away):(at(k)): \
            (f * inside(k, p, column(v + 1))):(f * inside(k, p, column(v + 2))) with xerrorbars pointtype 7 pointsize 0.1 linewidth 1.5 \
            dashtype solid linecolor rgb word(colours, style_of(word(shown, k))) notitle, \
        for [k=1:words(shown)] table using (f * seen(k, p, column(v))):(at(k)) with points \
            linetype style_of(word(shown, k)) pointtype mark_of(k) pointsize 1 linewidth 1 \
            title sprintf("%s %d", word(shown, k), p), \
        for [k=1:words(shown)] table using (p < 3 ? seen(k, p, column(8)) : away):(at(k)) with points \
            linetype style_of(word(shown, k)) pointtype hollow_of(k) pointsize 1 linewidth 1.2 notitle, \
        for [k=1:words(shown)] table using (p < 3 && is(k, p) && column(5) < edge ? edge : away):(at(k)): \
            (sprintf("◂ %.0f", column(5))) with labels left font ",10" \
            textcolor rgb word(colours, style_of(word(shown, k))) notitle
}
load "key_strip.gp"
set key at screen 0.5, screen 54.0 / height center center
set label 1 "Numbers at the left: medians beyond the frame. Bars: 95 % intervals over the seeds, cut at 0 and 100 %. One setting is changed at a time." at 0.5, 0.15 center font ",11" textcolor rgb frame
plot -1 notitle, for [k=1:words(shown)] keyentry with points linetype style_of(word(shown, k)) \
        pointtype mark_of(k) pointsize 1 title pretty(word(shown, k)), \
    keyentry with points pointtype 7 linecolor rgb frame title "median over pairs", \
    keyentry with points pointtype 6 linecolor rgb frame title "least pair"
unset multiplot
