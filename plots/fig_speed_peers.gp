# fig_speed_peers: time of whole heads and of BLAS libraries' products over that of the three products,
# each by the library that is best at it; a row per shape, a panel per number of threads.
panel_width = 420.0; row_height = 40.0; key_height = 100
value = 13; low = 14; high = 15; wanted = "1"
load "shape_rows.gp"
set logscale x
decades = log10(most_value / least_value)
set for [e=-1:4] xtics add (10.0**e)
if (decades < 2.5) { set for [e=-1:4] xtics add (2 * 10.0**e, 5 * 10.0**e) }
frame_left = (least_value < 0.8 ? least_value : 0.8) / 1.3; frame_right = most_value * 1.5
set xrange [frame_left:frame_right]
set xlabel "time / time of the three GEMMs" offset 0, 0.4
set arrow 1 from 1, graph 0 to 1, graph 1 nohead linecolor rgb ink dashtype solid linewidth 1.4 back
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    plot for [k=1:words(here)] i=nth(here, k) table index i-1 \
        using ($5 == t ? column(value) : NaN):(row_of($4) + shift(i)):low:high with xerrorbars \
        linecolor rgb colour_of(kind_of(i)) dashtype solid linewidth 1 pointsize 0.9 \
        pointtype mark_of(label_of(i)) title label_of(i), \
        for [k=1:words(here)] for [e=0:1] i=nth(here, k) table index i-1 \
        using (beyond(t, e)):(row_of($4) + shift(i)):(e ? "‹" : "›") with labels \
        textcolor rgb frame notitle
}
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, for [k=1:count] i=nth(shown, k) keyentry with points \
    linecolor rgb colour_of(kind_of(i)) pointtype mark_of(label_of(i)) \
    title (kind_of(i) eq "isa" ? "head, " : kind_of(i) eq "blas" ? "3 GEMMs, " : "") \
        .title_of(label_of(i)), \
    keyentry with xerrorbars linecolor rgb frame dashtype solid pointtype 0 title "bars: 95 %, of the median"
unset multiplot
