# fig_speed_sizes: rate of whole heads per thread over N, D and C, a row of panels per number of
# threads; the dashed line is the measured peak of multiply-adds, the solid one the three products.
table = "speed_sizes.tsv"
blocks = system(sprintf("sed -n 's/^# //p' '%s/%s'", tables, table))
count = words(blocks) / 2
panels = system(sprintf("grep -v '^[#]' '%s/%s' | awk -F'\t' 'NF == 6 { print $1 }' | sort -nu | tr '\n' ' '", tables, table))
threads = system(sprintf("grep -v '^[#]' '%s/%s' | awk -F'\t' 'NF == 6 { print $2 }' | sort -nu | sed -n '1p;$p' | uniq | tr '\n' ' '", tables, table))
columns = words(panels); panel_rows = words(threads)
left = 66.0; gap = 22.0; panel_width = 300.0; panel_height = 210.0; head_height = 34.0; foot = 54.0
width = int(left + columns * (panel_width + gap) + 14); key_height = 70
height = int(panel_rows * (panel_height + head_height + foot) + key_height)
strip = (key_height - 4.0) / height
load "style.gp"
load "series.gp"
axis = "N D C"
axis_titles = "rows_N dimensions_D classes_C"
peak(t) = real(system(sprintf("awk -F'\t' 'NF == 2 && $1 == %d { print $2 }' '%s/%s'", t, tables, table)))
highest = real(system(sprintf("awk -F'\t' 'NF == 2 && $2 > m { m = $2 } NF == 6 && $6 > m { m = $6 } END { print m }' '%s/%s'", tables, table)))
ticks(p) = system(sprintf("awk -F'\t' 'NF == 6 && $1 == %d { print $3 }' '%s/%s' | sort -nu | tr '\n' ' '", p, tables, table))
# The blocks that have values in a panel.
present(p, t) = system(sprintf("awk -F'\t' '/^#/ { i++ } NF == 6 && $1 == %d && $2 == %d && !seen[i]++ { printf \"%%d \", i }' '%s/%s'", p, t, tables, table))
grouped(n) = (n >= 1000 ? sprintf("%d,%03d", n / 1000, int(n) % 1000) : sprintf("%d", n))
marked = ""; floors = ""
do for [i=1:count] {
    if (kind_of(blocks, i) eq "isa" || kind_of(blocks, i) eq "peer") { marked = marked." ".i }
    if (kind_of(blocks, i) eq "floor") { floors = floors." ".i }
}
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
    values = ticks(p)
    set xtics nomirror out font ",11" (grouped(real(word(values, 1))) real(word(values, 1)))
    do for [k=2:words(values)] { set xtics add (grouped(real(word(values, k))) real(word(values, k))) }
    set xrange [real(word(values, 1)) / 1.5:real(word(values, words(values))) * 1.5]
    if (c == 1) { set ylabel "GFLOP/s per thread" offset 1.2, 0; set format y "%g" } \
    else { unset ylabel; set format y "" }
    set arrow 1 from graph 0, first peak(t) to graph 1, first peak(t) nohead linecolor rgb ink \
        dashtype (8,5) linewidth 1.4 back
    here = present(p, t)
    mine = ""; floor = ""
    do for [k=1:words(here)] {
        if (kind_of(blocks, nth(here, k)) eq "floor") { floor = floor." ".word(here, k) } \
        else { mine = mine." ".word(here, k) }
    }
    plot for [k=1:words(mine)] i=nth(mine, k) file(table) index i-1 \
        using 3:($1 == p && $2 == t ? $4 : NaN):5:6 with yerrorlines \
        linecolor rgb colour_of(kind_of(blocks, i)) dashtype solid linewidth 1.2 pointsize 0.9 \
        pointtype mark_of(series_of(blocks, i)) title series_of(blocks, i), \
        for [k=1:words(floor)] i=nth(floor, k) file(table) index i-1 \
        using 3:($1 == p && $2 == t ? $4 : NaN) with lines \
        linecolor rgb ink dashtype solid linewidth 1.4 title series_of(blocks, i)
    unset arrow 1
} }
load "key_strip.gp"
set key maxcols 3
plot -1 notitle, \
    for [k=1:words(marked)] i=nth(marked, k) keyentry with linespoints dashtype solid \
        linecolor rgb colour_of(kind_of(blocks, i)) pointtype mark_of(series_of(blocks, i)) \
        title (kind_of(blocks, i) eq "isa" ? "head, " : "").title_of(series_of(blocks, i)), \
    for [k=1:words(floors)] keyentry with lines linecolor rgb ink dashtype solid linewidth 1.4 \
        title title_of("floor"), \
    keyentry with lines linecolor rgb ink dashtype (8,5) linewidth 1.4 title "measured FMA peak"
unset multiplot
