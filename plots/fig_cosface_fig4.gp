# fig_cosface_fig4: features in a two-dimensional embedding under softmax and CosFace with growing
# margins (Wang et al., CosFace, Fig. 4): above in the plane, below their directions on the circle.
panels = system(sprintf("cat '%s/cosface_fig4_panels.tsv'", tables))
count = words(panels) / 6
field(i, k) = word(panels, 6 * (i - 1) + k)
number(i, k) = real(field(i, k))
width = 270 * count; height = 600
load "style.gp"
features = file("cosface_fig4.tsv")
centres = file("cosface_fig4_centres.tsv")
name(i) = field(i, 1) eq "softmax" ? "{/:Bold Softmax}" \
    : sprintf("{/:Bold %s}  m = %.3g", pretty(field(i, 1)), number(i, 2))

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
    plot features index i-1 using 1:2:(class_colour($5)) with points pointtype 7 pointsize 0.22 \
            linecolor rgb variable title sprintf("%s %s plane", field(i, 1), field(i, 2)), \
        centres index i-1 using (0):(0):($1*1.5*radius):($2*1.5*radius):(class_colour($3)) with vectors \
            nohead dashtype solid linewidth 1 linecolor rgb variable notitle

    set tmargin at screen 270.0 / height; set bmargin at screen (270.0 - 221.0) / height
    set xrange [-1.2:1.2]; set yrange [-1.2:1.2]
    unset border; unset xtics; unset ytics; unset grid; unset title
    set label 1 sprintf("median gap %.1f°%s", number(i, 4), number(i, 5) < number(i, 6) ? \
        sprintf(" (%.1f to %.1f)", number(i, 5), number(i, 6)) : "") at 0, -1.45 center font ",11"
    set parametric
    plot cos(t), sin(t) with lines linetype 20 linewidth 1.2 notitle, \
        features index i-1 using 3:4:(class_colour($5)) with points pointtype 7 pointsize 0.22 \
            linecolor rgb variable title sprintf("%s %s circle", field(i, 1), field(i, 2)), \
        centres index i-1 using (0):(0):1:2:(class_colour($3)) with vectors nohead dashtype solid \
            linewidth 1 linecolor rgb variable notitle
    unset parametric
    unset label
    set grid linetype 20
}
unset multiplot
