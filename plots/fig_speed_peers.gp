# fig_speed_peers: time of whole heads and of BLAS libraries' products over that of the three products,
# each by the library that is best at it; a row per shape, a panel per number of threads.
table = "speed_peers.tsv"
panel_width = 420.0; row_height = 40.0; key_height = 76
load "shape_rows.gp"
set logscale x
set for [e=-1:4] xtics add (10.0**e, 2 * 10.0**e, 5 * 10.0**e)
set xrange [(least < 0.8 ? least : 0.8) / 1.1:most * 1.2]
set xlabel "time / time of the three GEMMs" offset 0, 0.4
set arrow 1 from 1, graph 0 to 1, graph 1 nohead linecolor rgb ink dashtype solid linewidth 1.4 back
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    plot for [k=1:words(here)] i=nth(here, k) file(table) index i-1 \
        using ($3 == t ? $4 : NaN):(row_of(strcol(1)) + shift(i)):5:6 with xerrorbars \
        linecolor rgb colour_of(kind_of(blocks, i)) dashtype solid linewidth 1 pointsize 0.9 \
        pointtype mark_of(series_of(blocks, i)) title series_of(blocks, i)
}
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, for [i=1:count] keyentry with points \
    linecolor rgb colour_of(kind_of(blocks, i)) pointtype mark_of(series_of(blocks, i)) \
    title (kind_of(blocks, i) eq "isa" ? "head, " : kind_of(blocks, i) eq "blas" ? "3 GEMMs, " : "") \
        .title_of(series_of(blocks, i))
unset multiplot
