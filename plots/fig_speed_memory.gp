# fig_speed_memory: peak memory of a call beyond its inputs and outputs; a row per shape.
table = "speed_memory.tsv"
panel_width = 560.0; row_height = 34.0; key_height = 76
load "shape_rows.gp"
set logscale x
set for [e=-3:5] xtics add (10.0**e)
set xrange [(least > 0 ? least : 0.1) / 1.5:most * 1.5]
set xlabel "peak memory beyond inputs and outputs (MB)" offset 0, 0.4
do for [c=1:words(threads)] {
    load "shape_panel.gp"
    plot for [k=1:words(here)] i=nth(here, k) file(table) index i-1 \
        using ($4 > 0 ? $4 : NaN):(row_of(strcol(1)) + shift(i)) with points \
        linecolor rgb colour_of(kind_of(blocks, i)) linewidth 1 \
        pointtype mark_of(series_of(blocks, i)) title series_of(blocks, i)
}
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, for [i=1:count] keyentry with points \
    linecolor rgb colour_of(kind_of(blocks, i)) pointtype mark_of(series_of(blocks, i)) \
    title (kind_of(blocks, i) eq "isa" ? "head, " : "").title_of(series_of(blocks, i))
unset multiplot
