# fig_pareto: time of a training step, error of dX and memory of ArcFace heads, a panel for each kind of
# rows (90, 60 and 15 degrees from their class), a row of panels per shape. What lies to the left and
# below is better; the area of a mark is the memory that the step takes beside its inputs.
load "tables.gp"
eval read_series
eval gather("shapes", "strcol(3)", "$4 == 1")
eval gather("kinds", "strcol(5)", "1")
row_height = 310
width = 900; height = row_height * words(shapes) + 110; strip = 76.0 / height
load "style.gp"
unit = 5.9604645e-08 # of float32: 2 to the power of -24
head_colours = "#d55e00 #000000 #0072b2 #56b4e9 #009e73 #cc79a7 #e69f00 #8c8c8c"
head_markers = "7 4 8 10 12 14 6 3"
colour_at(i) = word(head_colours, (i - 1) % 8 + 1)
marker_at(i) = int(word(head_markers, (i - 1) % 8 + 1))
degrees_of(kind) = (kind eq "hard" ? "90°" : kind eq "middle" ? "60°" : "15°")
set multiplot
unset key
set logscale xy
stats [*:*][*:*] table using ($4 == 1 ? $9 : NaN) nooutput
highest = (STATS_max > 1 ? STATS_max : 1) * 4
set yrange [unit / 3:highest]
do for [s=1:words(shapes)] {
    stats [*:*][*:*] table using ($4 == 1 && strcol(3) eq word(shapes, s) ? $6 : NaN) nooutput
    set xrange [STATS_min / 1.6:STATS_max * 1.6]
    set xtics 10; set for [e=-1:4] xtics add (10.0**e, 2 * 10.0**e, 5 * 10.0**e)
    set format y "10^{%T}"; set ytics 100; set format x "%g"
    do for [c=1:words(kinds)] {
        kind = word(kinds, c)
        set lmargin at screen 0.085 + (c - 1) * 0.306; set rmargin at screen 0.085 + (c - 1) * 0.306 + 0.285
        set tmargin at screen 1 - ((s - 1) * row_height + 62.0) / height
        set bmargin at screen 1 - ((s - 1) * row_height + 250.0) / height
        set title sprintf("%s rows, %s from their class", kind, degrees_of(kind)) offset 0, -0.6
        if (c == 1) { set ylabel "relative error of dX" offset 1, 0
        } else { unset ylabel; set format y "" }
        set xlabel "ms a step" offset 0, 0.4
        unset label
        if (c == 1) { set label 1 sprintf("N × D × C = %s, one thread", word(shapes, s)) \
            at graph 0, 1.23 left textcolor rgb frame font ",13" }
        if (c == 1) { set label 2 "rounding of float32" at graph 0.98, first unit * 1.7 right \
            textcolor rgb frame font ",11" }
        here(value) = (strcol(3) eq word(shapes, s) && $4 == 1 && strcol(5) eq kind ? value : NaN)
        plot unit with lines linecolor rgb frame dashtype (4,4) linewidth 1, \
            for [i=1:count] table index i-1 \
                using (here($6)):(strcol(9) eq '-' ? highest / 2 : $9):(0.7 + 0.09 * sqrt($10)): \
                (strcol(9) eq '-' ? 2 : marker_at(i)) with points pointsize variable pointtype variable \
                linecolor rgb colour_at(i) linewidth 1.4 title label_of(i)
    }
}
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, for [i=1:count] keyentry with points linecolor rgb colour_at(i) \
    pointtype marker_at(i) pointsize 1.1 linewidth 1.4 title label_of(i), \
    keyentry with points linecolor rgb frame pointtype 7 pointsize (0.7 + 0.09 * sqrt(20)) title "20 MiB", \
    keyentry with points linecolor rgb frame pointtype 2 title "not finite"
unset multiplot
