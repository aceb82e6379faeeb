# fig_cosface_fig2: decision margins between two classes (Wang et al., CosFace, Fig. 2): a panel per
# loss in the plane that the loss decides in, cosines or (A-Softmax) angles; the area of each class,
# the margin between them in grey, and for raw softmax the zone where both are possible.
load "tables.gp"
eval read_series
width = 250 * count + 50; height = 334
load "style.gp"
first_tint = "#cfe2f3"; second_tint = "#fde3c8"; margin_grey = "#d0d0d0"; both_tint = "#d9a6c2"
in_angles(i) = (loss_of(i) eq "sphereface")
raw(i) = (loss_of(i) eq "softmax")
# Where class 1's boundary meets the axis of theta_1: A-Softmax's pi / m, LMCL's m.
array last_angle[count]
array at_one[count]
do for [i=1:count] {
    stats [*:*][*:*] table index i-1 using 3 nooutput
    last_angle[i] = STATS_max
    stats [*:*][*:*] table index i-1 using ($3 == 1 ? 1 - $4 : 0) nooutput
    at_one[i] = STATS_max
}

set multiplot
unset key
set border 31
unset grid
do for [i=1:count] {
    angles = in_angles(i)
    most = angles ? 180 : 1
    within(y) = (y > most ? most : y < 0 ? 0 : y)
    set lmargin at screen (58 + (i - 1) * 252.0) / width
    set rmargin at screen (58 + (i - 1) * 252.0 + 196) / width
    set tmargin at screen 1 - 40.0 / height; set bmargin at screen 98.0 / height
    set xrange [0:most]; set yrange [0:most]
    m = at_one[i]
    unset arrow; unset label
    if (angles) {
        set xtics ("0" 0, "π/m" last_angle[i], "π" 180) out offset 0, 0.3
        set ytics ("0" 0, "π/m" last_angle[i], "π" 180) out offset 0.4, 0
        set xlabel "θ_1" offset 0, 0.6; set ylabel "θ_2" offset 1.8, 0
        set label 1 "class 1" at 17, 168 right rotate by 90 front textcolor rgb "#1f4e79" font ",12"
        set label 2 "class 2" at 168, 15 right front textcolor rgb "#8a4b08" font ",12"
    } else {
        set xtics ("0" 0, "1" 1) out offset 0, 0.3
        set ytics ("0" 0, "1" 1) out offset 0.4, 0
        if (!raw(i) && m > 0.01) { set xtics add ("m" m); set ytics add ("m" m) }
        set xlabel "cos θ_1" offset 0, 0.6; set ylabel "cos θ_2" offset 0.9, 0
        set label 1 "class 1" at 0.93, 0.08 right front textcolor rgb "#1f4e79" font ",12"
        set label 2 "class 2" at 0.07, 0.92 left front textcolor rgb "#8a4b08" font ",12"
        if (!raw(i) && m > 0.01) {
            set arrow 1 from 0.5 - m / 2, 0.5 + m / 2 to 0.5 + m / 2, 0.5 - m / 2 heads front \
                linecolor rgb "#000000" linewidth 1 size 0.02, 25
            set label 3 "√2 m" at 0.5 + 0.04, 0.5 + 0.02 left front font ",12"
        }
    }
    set title label_of(i) offset 0, -0.5 font ",13"
    set object 1 rectangle from 0, 0 to most, most behind \
        fillcolor rgb (raw(i) ? both_tint : margin_grey) fillstyle solid noborder
    # Class 1 lies above its boundary in angles and below it in cosines; where both are possible the
    # areas are what is beyond the other class's boundary.
    flip = raw(i)
    plot table index i-1 using (flip ? within($4) : $3):(flip ? $3 : within($4)) \
            with filledcurves y=(angles ? most : 0) fillcolor rgb first_tint notitle, \
        table index i-1 using (flip ? $3 : within($4)):(flip ? within($4) : $3) \
            with filledcurves x=(angles ? most : 0) fillcolor rgb second_tint notitle, \
        table index i-1 using 3:4 with lines linetype 10 + style_of(loss_of(i)) \
            title label_of(i), \
        table index i-1 using 4:3 with lines linetype 10 + style_of(loss_of(i)) \
            notitle, \
        [0:most] x with lines dashtype (6,4) linewidth 1.2 linecolor rgb "#000000" notitle
}
strip = 30.0 / height
load "key_strip.gp"
set key maxrows 1
plot -1 notitle, keyentry with boxes fillstyle solid noborder fillcolor rgb margin_grey title "margin", \
    keyentry with boxes fillstyle solid noborder fillcolor rgb both_tint \
        title "overlap (norms decide)", \
    keyentry with lines dashtype (6,4) linewidth 1.2 linecolor rgb "#000000" title "both alike"
unset multiplot
