# fig_cosface_fig4: features in a two-dimensional embedding under softmax and CosFace with growing
# margins (Wang et al., CosFace, Fig. 4): above in the plane, below their directions on the circle.
load "tables.gp"
features = table
load "pictures.gp"
strip_height = 44
width = 270 * count; height = 620 + strip_height
load "style.gp"
name(i) = cell(i, 2) eq "softmax" ? "{/:Bold Softmax}" \
    : sprintf("{/:Bold %s}  m = %.3g", pretty(cell(i, 2)), number(i, 7))

set multiplot
unset key
do for [i=1:count] {
    set lmargin at screen (i - 1 + 0.13) / count; set rmargin at screen (i - 1 + 0.95) / count
    set tmargin at screen 1 - 40.0 / height; set bmargin at screen 1 - 40.0 / height - 221.0 / height
    radius = 1.1 * number(i, 3)
    set xrange [-radius:radius]; set yrange [-radius:radius]
    set border 31
    set xtics autofreq mirror in font ",10" offset 0, 0.5
    set ytics autofreq mirror in font ",10" offset 0.6, 0
    set title name(i) offset 0, -0.5
    set label 2 "x_1" at graph 0.5, graph -0.15 center font ",11"
    if (i == 1) { set label 3 "x_2" at graph -0.02, graph 1.07 right font ",11" }
    plot features index i-1 using (sample($3)):4:(class_colour($6)) with points pointtype 7 pointsize 0.22 \
            linecolor rgb variable title sprintf("%s %s plane", cell(i, 2), cell(i, 7)), \
        features index i-1 using (0):(0):(weight(direction(3))*1.5*radius):(direction(4)*1.5*radius):(class_colour($6)) with vectors \
            nohead dashtype solid linewidth 1 linecolor rgb variable notitle

    unset label
    set tmargin at screen (270.0 + strip_height) / height; set bmargin at screen (49.0 + strip_height) / height
    set xrange [-1.25:1.25]; set yrange [-1.25:1.25]
    unset border; unset xtics; unset ytics; unset grid; unset title
    set label 1 sprintf("gap %.1f°%s", number(i, 12), between(number(i, 13), number(i, 14), "%.1f")) \
        at 0, -1.52 center font ",11"
    set parametric
    plot cos(t), sin(t) with lines linetype 20 linewidth 1.2 notitle, \
        features index i-1 using (sample(on_ring(3))):(on_ring(4)):(class_colour($6)) with points pointtype 7 pointsize 0.22 \
            linecolor rgb variable title sprintf("%s %s circle", cell(i, 2), cell(i, 7)), \
        features index i-1 using (0):(0):(weight(direction(3))):(direction(4)):(class_colour($6)) with vectors nohead dashtype solid \
            linewidth 1 linecolor rgb variable notitle, \
        features index i-1 using (weight(1.14 * direction(3))):(1.14 * direction(4)):(sprintf("%d", $6)) \
            with labels font ",9" textcolor rgb frame notitle
    unset parametric
    unset label
    set grid linetype 20
}
strip = strip_height / (1.0 * height)
load "key_strip.gp"
unset key
set label 1 sprintf("Test samples of %s; above as they are (scales differ), below their directions, spread inwards. Lines and numbers: class weights.\nGap between neighbouring classes, the median of a seed's: %s.", seed_text, interval_text) \
    at 0.01, 0.75 left font ",11" textcolor rgb frame
plot -1 notitle
unset multiplot
