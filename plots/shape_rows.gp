# shape_rows.gp: figures with a row per shape and a panel per number of threads: sizes, rows and axes.
# It must not know what is drawn. Set `value`, `low` and `high` (the columns of the value and of its
# interval's ends), `wanted` (which lines of the table), `panel_width`, `row_height`,
# `key_height` and load it; it loads tables.gp, style.gp and series.gp. Then per panel c: load
# "shape_panel.gp", plot; at last the key strip.
#
# Columns of the table: series, kind, shape, its place by size, threads.
load "tables.gp"
there = wanted." && valid(value)"
eval read_series
eval blocks("shown", there)
eval gather("places", "strcol(4)", there)
eval gather("shapes", "strcol(3)", there)
count = words(shown); rows = words(places)
row_of(place) = 1 + (sum [k=1:rows] (word(places, k) < place))
stats [*:*][*:*] table using (@there ? $5 : NaN) nooutput
threads = (STATS_min < STATS_max ? sprintf("%d %d", STATS_min, STATS_max) : sprintf("%d", STATS_max))
stats [*:*][*:*] table using (@there ? column(low) : NaN) nooutput
least = STATS_min
stats [*:*][*:*] table using (@there ? column(high) : NaN) nooutput
most = STATS_max
stats [*:*][*:*] table using (@there ? column(value) : NaN) nooutput
least_value = STATS_min; most_value = STATS_max
# Where a bar goes on beyond the frame, whose ends the figure sets, a mark stands at the end (and else
# where it is not seen).
beyond(t, left_end) = (column(5) == t && (left_end ? column(low) < frame_left : column(high) > frame_right) ? (left_end ? frame_left : frame_right) : 1e3 + 1e3 * frame_right)
left = 190.0; gap = 30.0; top = 36.0; foot = 54.0
panel_height = row_height * rows + 10
if (panel_height < 140) { panel_height = 140.0 }
width = int(left + words(threads) * (panel_width + gap))
height = int(top + panel_height + foot + key_height)
strip = (key_height - 6.0) / height
load "style.gp"
load "series.gp"
shift(i) = 0.7 * ((sum [k=1:count] (nth(shown, k) == i) * k) - (count + 1) / 2.0) / count
set multiplot
unset key
unset mxtics
set xtics nomirror out format "%g" font ",11" offset 0, 0.3
set errorbars 0.4
set yrange [rows + 0.6:0.4]
