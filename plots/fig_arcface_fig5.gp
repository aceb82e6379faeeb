# fig_arcface_fig5: the decision margins of four losses between two classes (Deng et al., ArcFace,
# Fig. 5): a panel per loss in the plane of the angles to both class weights; the area of each class,
# the margin between them in grey, dashed the decision boundary that is used after training.
load "tables.gp"
eval read_series
width = 250 * count + 50; height = 350
load "style.gp"
first_tint = "#cfe2f3"; second_tint = "#fde3c8"; margin_grey = "#d0d0d0"
most = 90
within(y) = (y > most ? most : y)
# How far class 1's boundary lies above the diagonal at three angles.
angles = "15 33 51"
array margins[3 * count]
do for [i=1:count] { do for [k=1:3] {
    stats [*:*][*:*] table index i-1 using ($3 == int(word(angles, k)) ? $4 - $3 : NaN) nooutput
    margins[3 * (i - 1) + k] = STATS_max
} }

set multiplot
unset key
set xrange [0:most]; set yrange [0:most]
set xtics 30 out format "%.0f°" offset 0, 0.3; set ytics 30 out format "%.0f°" offset 0.4, 0
set border 31
unset grid
set xlabel "angle θ_1 to class 1" offset 0, 0.6
set object 1 rectangle from 0, 0 to most, most behind fillcolor rgb margin_grey fillstyle solid noborder
set label 1 "class 1" at 7, 83 left front textcolor rgb "#1f4e79" font ",12"
set label 2 "class 2" at 84, 7 right front textcolor rgb "#8a4b08" font ",12"
do for [i=1:count] {
    set lmargin at screen (60 + (i - 1) * 250.0) / width
    set rmargin at screen (60 + (i - 1) * 250.0 + 212) / width
    set tmargin at screen 1 - 40.0 / height; set bmargin at screen 98.0 / height
    set title label_of(i) offset 0, -0.5 font ",13"
    if (i == 1) { set ylabel "angle θ_2 to class 2" offset 1.5, 0 } else { unset ylabel; set format y "" }
    do for [k=1:3] {
        at = int(word(angles, k))
        margin = margins[3 * (i - 1) + k]
        unset arrow k; unset label 2 + k
        if (margin > 1) {
            set arrow k from at, at to at, at + margin heads size 2, 25 front linecolor rgb "#000000" linewidth 1
            set label 2 + k sprintf("%.1f°", margin) at at + 1, at + margin + 5 right front font ",11"
        }
    }
    plot table index i-1 using 3:(within($4)) with filledcurves y=most \
            fillcolor rgb first_tint notitle, \
        table index i-1 using (within($4)):3 with filledcurves x=most \
            fillcolor rgb second_tint notitle, \
        table index i-1 using 3:4 with lines linetype 10 + style_of(loss_of(i)) \
            title label_of(i), \
        table index i-1 using 4:3 with lines linetype 10 + style_of(loss_of(i)) \
            notitle, \
        table index i-1 using 3:3 with lines dashtype (6,4) linewidth 1.2 \
            linecolor rgb "#000000" notitle
}
strip = 30.0 / height
load "key_strip.gp"
set key maxrows 1
plot -1 notitle, keyentry with boxes fillstyle solid noborder fillcolor rgb margin_grey title "margin", \
    keyentry with lines dashtype (6,4) linewidth 1.2 linecolor rgb "#000000" \
        title "decision boundary", \
    keyentry with lines linewidth 1 linecolor rgb "#000000" dashtype solid \
        title "arrows: width of the margin"
unset multiplot
