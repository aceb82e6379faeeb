# fig_speed_threads: how many times as fast as on one thread; a row per shape, a panel per number of
# threads, where the dashed line is that number.
panel_width = 520.0; row_height = 34.0; key_height = 100
value = 16; low = 17; high = 18; wanted = "$5 > 1 && strcol(2) ne 'blas'"
load "shape_rows.gp"
set xlabel "time on one thread / time" offset 0, 0.4
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    frame_left = 0; frame_right = (most_value > t ? most_value : t) * 1.25
    set xrange [0:frame_right]
    set arrow 1 from t, graph 0 to t, graph 1 nohead linecolor rgb ink dashtype (8,5) linewidth 1.4 back
    plot for [k=1:words(here)] i=nth(here, k) table index i-1 \
        using ($5 == t ? column(value) : NaN):(row_of($4) + shift(i)):low:high with xerrorbars \
        linecolor rgb colour_of(kind_of(i)) dashtype solid linewidth 1 \
        pointtype mark_of(label_of(i)) title label_of(i), \
        for [k=1:words(here)] for [e=0:1] i=nth(here, k) table index i-1 \
        using (beyond(t, e)):(row_of($4) + shift(i)):(e ? "‹" : "›") with labels \
        textcolor rgb frame notitle
}
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, for [k=1:count] i=nth(shown, k) keyentry with points \
    linecolor rgb colour_of(kind_of(i)) pointtype mark_of(label_of(i)) \
    title (kind_of(i) eq "isa" ? "head, " : "").title_of(label_of(i)), \
    keyentry with lines linecolor rgb ink dashtype (8,5) linewidth 1.4 title "as many threads", \
    keyentry with xerrorbars linecolor rgb frame dashtype solid pointtype 0 title "bars: 95 %, of the median"
unset multiplot
