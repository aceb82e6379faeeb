# fig_target_angles: the angle between a training sample and its class's weight before, half way
# through and after training, a panel per loss (Deng et al., ArcFace, Fig. 4a, which shows ArcFace).
load "tables.gp"
eval read_series
columns = 3
rows = (count + columns - 1) / columns
width = 960; height = 236 * rows + 94; strip = 42.0 / height
load "style.gp"
note(i) = (label_of(i) eq "-" ? "" : "  ".label_of(i))

set multiplot
unset key
set xrange [0:120]; set xtics 20
stats [*:*][*:*] table using 6 nooutput
highest = STATS_max
stats [*:*][*:*] table using 4 nooutput
highest = (STATS_max > highest ? STATS_max : highest)
set yrange [0:1.08 * highest]; set ytics 5
do for [i=1:count] {
    column = (i - 1) % columns
    row = int(i - 1) / columns
    set lmargin at screen 0.07 + column * 0.315; set rmargin at screen 0.07 + column * 0.315 + 0.275
    set tmargin at screen 1 - (row * 236 + 34.0) / height
    set bmargin at screen 1 - (row * 236 + 206.0) / height
    set title sprintf("{/:Bold %s}%s", pretty(loss_of(i)), note(i)) offset 0, -0.6
    if (column == 0) { set ylabel "% per degree" offset 0.6, 0; set format y "%g"
    } else { unset ylabel; set format y "" }
    if (i + columns > count) { set xlabel "target angle θ (degrees)" offset 0, 0.4
    } else { unset xlabel }
    eval lettered(i)
    colour = word(colours, style_of(loss_of(i)))
    plot table index i-1 using 3:6 with filledcurves y1=0 \
            fillcolor rgb colour fillstyle transparent solid 0.3 noborder notitle, \
        table index i-1 using 3:4 with lines linecolor rgb colour \
            dashtype (2,3) linewidth 1.8 title label_of(i)." start", \
        table index i-1 using 3:5 with lines linecolor rgb colour \
            dashtype (8,4) linewidth 1.8 title label_of(i)." middle", \
        table index i-1 using 3:6 with lines linecolor rgb colour \
            dashtype solid linewidth 1.8 title label_of(i)." end"
}
load "key_strip.gp"
plot -1 notitle, \
    keyentry with lines linecolor rgb frame dashtype (2,3) linewidth 1.8 title "before training", \
    keyentry with lines linecolor rgb frame dashtype (8,4) linewidth 1.8 title "half way", \
    keyentry with lines linecolor rgb frame dashtype solid linewidth 1.8 title "after training"
unset multiplot
