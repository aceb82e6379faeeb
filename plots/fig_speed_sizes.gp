# fig_speed_sizes: rate of whole heads per thread over N, D and C, a row of panels per number of
# threads; the dashed line is the measured peak of multiply-adds, the solid one the three products.
load "tables.gp"
eval read_series
# 1 where the row is on the line over N, D or C (p = 1, 2, 3) with so many threads.
on(p, t) = (strcol(2) ne "blas" && strcol(2) ne "peak" && (int(column(9)) & (1 << (p - 1))) && column(5) == t)
stats [*:*][*:*] table using (strcol(2) ne "blas" && $9 > 0 ? $5 : NaN) nooutput
threads = (STATS_min < STATS_max ? sprintf("%d %d", STATS_min, STATS_max) : sprintf("%d", STATS_max))
array peak[int(STATS_max)]
do for [k=1:|peak|] { peak[k] = 0 }
stats [*:*][*:*] table using (strcol(2) eq "peak" ? (peak[int($5)] = $10) : 0) nooutput
stats [*:*][*:*] table using (strcol(2) eq "peak" || (strcol(2) ne "blas" && $9 > 0) ? $12 : NaN) nooutput
highest = STATS_max
# A series is on a line where it has two points of it, with so many threads.
panels = ""; marked = ""; floors = ""; all = ""
array members[3 * |peak|]
do for [p=1:3] {
    do for [t=1:|peak|] {
        members[3 * (t - 1) + p] = ""
        do for [i=1:count] {
            eval gather("points", "strcol(4)", "on(p, t) && column(-2) == i - 1")
            if (words(points) > 1) { members[3 * (t - 1) + p] = members[3 * (t - 1) + p].sprintf(" %d", i) }
        }
        all = all.members[3 * (t - 1) + p]." "
        if (strlen(members[3 * (t - 1) + p]) && !strstrt(panels, sprintf("%d", p))) { panels = panels.sprintf(" %d", p) }
    }
}
columns = words(panels); panel_rows = words(threads)
left = 66.0; gap = 22.0; panel_width = 300.0; panel_height = 210.0; head_height = 34.0; foot = 54.0
width = int(left + columns * (panel_width + gap) + 14); key_height = 96
if (width < 700) { width = 700 } # the key's
height = int(panel_rows * (panel_height + head_height + foot) + key_height)
strip = (key_height - 4.0) / height
load "style.gp"
load "series.gp"
axis = "N D C"
axis_titles = "rows_N dimensions_D classes_C"
grouped(n) = (n >= 1000 ? sprintf("%d,%03d", n / 1000, int(n) % 1000) : sprintf("%d", n))
do for [i=1:count] { if (strstrt(all, sprintf(" %d ", i))) {
    if (kind_of(i) eq "floor") { floors = floors." ".i } else { marked = marked." ".i }
} }
set multiplot
unset key
set logscale x
set errorbars 0.5
set yrange [0:highest * 1.06]
set ytics 25 font ",11"
unset mxtics
do for [r=1:panel_rows] { do for [c=1:columns] {
    t = int(word(threads, r)); p = int(word(panels, c))
    set lmargin at screen (left + (c - 1) * (panel_width + gap)) / width
    set rmargin at screen (left + (c - 1) * (panel_width + gap) + panel_width) / width
    top = (r - 1) * (panel_height + head_height + foot) + head_height
    set tmargin at screen 1 - top / height
    set bmargin at screen 1 - (top + panel_height) / height
    set title sprintf("{/:Bold over %s}  {/=11 %d thread%s}", word(axis, p), t, t > 1 ? "s" : "") offset 0, -0.7
    set xlabel spaced(word(axis_titles, p)) offset 0, 0.5
    at = 5 + p
    eval gather("values", "strcol(at)", "on(p, 1) || on(p, t)")
    stats [*:*][*:*] table using (on(p, 1) || on(p, t) ? column(at) : NaN) nooutput
    set xtics nomirror out font ",11" (grouped(real(word(values, 1))) real(word(values, 1)))
    do for [k=2:words(values)] { set xtics add (grouped(real(word(values, k))) real(word(values, k))) }
    set xrange [STATS_min / 1.5:STATS_max * 1.5]
    if (c == 1) { set ylabel "GFLOP/s per thread" offset 1.2, 0; set format y "%g" } \
    else { unset ylabel; set format y "" }
    set arrow 1 from graph 0, first peak[t] to graph 1, first peak[t] nohead linecolor rgb ink \
        dashtype (8,5) linewidth 1.4 back
    here = members[3 * (t - 1) + p]
    mine = ""; floor = ""
    do for [k=1:words(here)] {
        if (kind_of(nth(here, k)) eq "floor") { floor = floor." ".word(here, k) } \
        else { mine = mine." ".word(here, k) }
    }
    plot for [k=1:words(mine)] i=nth(mine, k) table index i-1 \
        using at:(on(p, t) ? $10 : NaN):11:12 with yerrorlines \
        linecolor rgb (kind_of(i) eq "isa" ? colour_of("isa") : "#7d7d7d") dashtype (4,3) linewidth 1.2 pointsize 0.9 \
        pointtype mark_of(label_of(i)) title label_of(i), \
        for [k=1:words(floor)] i=nth(floor, k) table index i-1 \
        using at:(on(p, t) ? $10 : NaN) with linespoints \
        linecolor rgb ink dashtype (1,2) linewidth 1.4 pointtype 7 pointsize 0.5 title label_of(i)
    unset arrow 1
} }
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, \
    for [k=1:words(marked)] i=nth(marked, k) keyentry with linespoints dashtype (4,3) \
        linecolor rgb (kind_of(i) eq "isa" ? colour_of("isa") : "#7d7d7d") pointtype mark_of(label_of(i)) \
        title (kind_of(i) eq "isa" ? "head, " : "").title_of(label_of(i)), \
    for [k=1:words(floors)] keyentry with linespoints linecolor rgb ink dashtype (1,2) linewidth 1.4 \
        pointtype 7 pointsize 0.5 title title_of("floor"), \
    keyentry with yerrorbars linecolor rgb frame dashtype solid pointtype 0 title "bars: 95 %, of the median", \
    keyentry with lines linecolor rgb ink dashtype (8,5) linewidth 1.4 title "measured FMA peak"
unset multiplot
