# fig_sphereface_fig5: 6 identities in a three-dimensional embedding under SphereFace with m = 1 to 4
# (Liu et al., SphereFace, Fig. 5): above on the unit sphere, below the angles of test samples to their
# own class's weight and to the nearest other one.
load "tables.gp"
features = table
angles = file("sphereface_fig5_angles.tsv")
eval read_series
table = file("sphereface_fig5_panels.tsv"); columns_ = 23
eval read_cells
width = 270 * count; height = 590; strip = 40.0 / height
load "style.gp"
colour = word(colours, style_of("sphereface"))

stats [*:*][*:*] angles using 4 nooutput
highest = STATS_max
set multiplot
do for [i=1:count] {
    set lmargin at screen (i - 1 + 0.05) / count; set rmargin at screen (i - 1 + 0.95) / count
    set tmargin at screen 1 - 44.0 / height; set bmargin at screen 1 - (44.0 + 243.0) / height
    set title sprintf("{/:Bold SphereFace}  %s", label_of(i)) offset 0, -0.4
    block = i - 1
    shown = label_of(i)
    load "ball.gp"
}
unset title
do for [i=1:count] {
    set lmargin at screen (i - 1 + 0.25) / count; set rmargin at screen (i - 1 + 0.95) / count
    set tmargin at screen 280.0 / height; set bmargin at screen 98.0 / height
    set xrange [0:140]; set xtics 40 nomirror out
    set yrange [0:1.08 * highest]; set ytics 10 nomirror out
    set xlabel "angle (degrees)" offset 0, 0.4
    if (i == 1) { set ylabel "samples per degree (%)" offset 0.9, 0; set format y "%g"
    } else { unset ylabel; set format y "" }
    set label 1 sprintf("mean within a class %.1f°\ntest accuracy %.1f %%", number(i, 18), \
        100 * number(i, 15)) at graph 0.98, 0.92 right font ",11"
    plot angles index i-1 using 3:4 with filledcurves y1=0 fillcolor rgb colour \
            fillstyle transparent solid 0.35 noborder notitle, \
        angles index i-1 using 3:4 with lines linecolor rgb colour dashtype solid linewidth 1.6 \
            title "own ".label_of(i), \
        angles index i-1 using 3:5 with lines linecolor rgb frame dashtype (4,3) linewidth 1.6 \
            title "other ".label_of(i)
    unset label
}
load "key_strip.gp"
plot -1 notitle, keyentry with lines linecolor rgb colour dashtype solid linewidth 1.6 \
        title "own weight", \
    keyentry with lines linecolor rgb frame dashtype (4,3) linewidth 1.6 \
        title "nearest other weight", \
    keyentry with points pointtype 2 linewidth 2 linecolor rgb "#000000" title "weights (faint: far side)"
unset multiplot
