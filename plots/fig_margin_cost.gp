# fig_margin_cost: time of each loss over that of normsoftmax, paired, with the interval of the median; a
# row per shape, a panel per number of threads.
panel_width = 420.0; row_height = 84.0; key_height = 100
value = 6; low = 7; high = 8; wanted = "1"
load "shape_rows.gp"
# Wide enough for all marks and for most bars: a disturbed repetition may reach anywhere.
stats [*:*][*:*] table using (abs($6)) nooutput
widest = STATS_max
edge = (-least > most ? -least : most) * 1.1
if (edge > 2.5 * widest) { edge = 2.5 * widest }
if (edge < 5) { edge = 5.0 }
frame_left = -edge; frame_right = edge
set xrange [-edge:edge]
set format x "%+g"
set xtics add ("0" 0)
set xlabel "time compared with NormSoftmax (%)" offset 0, 0.4
set arrow 1 from 0, graph 0 to 0, graph 1 nohead linecolor rgb ink dashtype solid linewidth 1.4 back
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    plot for [k=1:words(here)] i=nth(here, k) table index i-1 \
        using ($5 == t ? column(value) : NaN):(row_of($4) + shift(i)):low:high with xerrorbars \
        linetype style_of(label_of(i)) + 10 linewidth 1.2 title label_of(i), \
        for [k=1:words(here)] for [e=0:1] i=nth(here, k) table index i-1 \
        using (beyond(t, e)):(row_of($4) + shift(i)):(e ? "‹" : "›") with labels \
        textcolor rgb frame notitle
}
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, for [k=1:count] i=nth(shown, k) keyentry with points linetype style_of(label_of(i)) + 10 \
    title pretty(label_of(i)), \
    keyentry with xerrorbars linecolor rgb frame dashtype solid pointtype 0 title "bars: 95 %, of the median"
unset multiplot
