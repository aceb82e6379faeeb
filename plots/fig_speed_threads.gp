# fig_speed_threads: how many times as fast as on one thread; a row per shape, a panel per number of
# threads, where the dashed line is that number.
table = "speed_threads.tsv"
panel_width = 520.0; row_height = 34.0; key_height = 76
load "shape_rows.gp"
set xlabel "time on one thread / time" offset 0, 0.4
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    set xrange [0:(most > t ? most : t) * 1.08]
    set arrow 1 from t, graph 0 to t, graph 1 nohead linecolor rgb ink dashtype (8,5) linewidth 1.4 back
    plot for [k=1:words(here)] i=nth(here, k) file(table) index i-1 \
        using ($3 == t ? $4 : NaN):(row_of(strcol(1)) + shift(i)):5:6 with xerrorbars \
        linecolor rgb colour_of(kind_of(blocks, i)) dashtype solid linewidth 1 \
        pointtype mark_of(series_of(blocks, i)) title series_of(blocks, i)
}
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, for [i=1:count] keyentry with points \
    linecolor rgb colour_of(kind_of(blocks, i)) pointtype mark_of(series_of(blocks, i)) \
    title (kind_of(blocks, i) eq "isa" ? "head, " : "").title_of(series_of(blocks, i)), \
    keyentry with lines linecolor rgb ink dashtype (8,5) linewidth 1.4 title "as many threads"
unset multiplot
