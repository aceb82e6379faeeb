# fig_sphereface_fig5: 6 identities in a three-dimensional embedding under SphereFace with m = 1 to 4
# (Liu et al., SphereFace, Fig. 5): above on the unit sphere, below the angles of test samples to their
# own class's weight and to the nearest other one.
load "tables.gp"
features = table
angles = file("sphereface_fig5_angles.tsv")
eval read_series
load "pictures.gp"
width = 270 * count; height = 610; strip = 60.0 / height
load "style.gp"
set style textbox opaque noborder margins 0.4, 0.3
colour = word(colours, style_of("sphereface"))

stats [*:*][*:*] angles using 4 nooutput
highest = STATS_max
step = highest > 20 ? 10 : highest > 8 ? 4 : 2
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
    set tmargin at screen 300.0 / height; set bmargin at screen 118.0 / height
    set xrange [0:140]; set xtics 40 nomirror out
    set yrange [0:1.08 * highest]; set ytics step nomirror out
    set xlabel "angle (degrees)" offset 0, 0.4
    if (i == 1) { set ylabel "samples per degree (%)" offset -0.4, 0; set format y "%g"
    } else { unset ylabel; set format y "" }
    set label 1 sprintf("mean within a class %.1f°", number(i, 18)) at graph 0.98, 0.92 right boxed font ",11"
    set label 2 sprintf("test accuracy %.1f %%", 100 * number(i, 15)) at graph 0.98, 0.82 right boxed font ",11"
    plot angles index i-1 using 3:4 with filledcurves y1=0 fillcolor rgb colour \
            fillstyle transparent solid 0.35 noborder notitle, \
        angles index i-1 using 3:4 with lines linecolor rgb colour dashtype solid linewidth 1.6 \
            title "own ".label_of(i), \
        angles index i-1 using 3:5 with lines linecolor rgb frame dashtype (4,3) linewidth 1.6 \
            title "other ".label_of(i)
    unset label
}
load "key_strip.gp"
set key at screen 0.5, screen 40.0 / height center center
set label 1 sprintf("Balls: test samples of %s, a colour a class. Curves and numbers: %s.", seed_text, \
    seeds > 1 ? sprintf("means of %d seeds", seeds) : "one seed") at 0.5, 0.2 center font ",11" textcolor rgb frame
plot -1 notitle, keyentry with lines linecolor rgb colour dashtype solid linewidth 1.6 \
        title "own weight", \
    keyentry with lines linecolor rgb frame dashtype (4,3) linewidth 1.6 \
        title "nearest other weight", \
    keyentry with points pointtype 2 linewidth 2 linecolor rgb "#000000" title "weights (faint: far side)"
unset multiplot
