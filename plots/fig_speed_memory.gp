# fig_speed_memory: peak memory of a call beyond its inputs and outputs; a row per shape.
panel_width = 560.0; row_height = 34.0; key_height = 76
value = 19; low = 19; high = 19; wanted = "$5 == 1"
load "shape_rows.gp"
shift(i) = 0 # a mark stands on its row's line
set logscale x
set for [e=-3:5] xtics add (10.0**e)
set xrange [(least > 0 ? least : 0.1) / 1.5:most * 1.5]
set xlabel "peak memory beyond inputs and outputs (MB)" offset 0, 0.4
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    plot for [k=1:words(here)] i=nth(here, k) table index i-1 \
        using ($5 == t ? column(value) : NaN):(row_of($4) + shift(i)) with points \
        linecolor rgb colour_of(kind_of(i)) linewidth 1 \
        pointtype mark_of(label_of(i)) title label_of(i)
}
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, for [k=1:count] i=nth(shown, k) keyentry with points \
    linecolor rgb colour_of(kind_of(i)) pointtype mark_of(label_of(i)) \
    title (kind_of(i) eq "isa" ? "head, " : "").title_of(label_of(i))
unset multiplot
