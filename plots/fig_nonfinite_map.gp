# fig_nonfinite_map: where results are not finite over the target's angle and the scale, a panel per
# implementation; dots mark finite results whose gradient is more than 10 % off.
load "tables.gp"
eval read_series
columns = 4
rows = (count + columns - 1) / columns
width = 900; height = 235 * rows + 136; strip = 82.0 / height
load "style.gp"
stats [*:*][*:*] table using 3 nooutput
angles = int(STATS_max)
middle = angles / 2
eval gather("scales", "strcol(5)", "1")
half = 2.0 / (words(scales) > 1 ? words(scales) - 1 : 1)

set multiplot
unset key; unset colorbox; unset grid
set palette defined (0 "#f1f1ee", 0.001 "#f4c08a", 1 "#b03a00")
set cbrange [0:1]
set xrange [-0.5:angles + 0.5]; set yrange [-half:4 + half]
set ytics 1; set format y "10^{%.0f}"
set xtics ("0" 0, "10^{−4}" 4, "π/2" middle, "π−10^{−4}" angles - 4)
do for [i=1:count] {
    column = (i - 1) % columns
    row = int(i - 1) / columns
    set lmargin at screen 0.085 + column * 0.2305; set rmargin at screen 0.085 + column * 0.2305 + 0.21
    set tmargin at screen 1 - (row * 235 + 34.0) / height
    set bmargin at screen 1 - (row * 235 + 205.0) / height
    set title sprintf("{/:Bold %s}", label_of(i) eq "margin" ? "this library" : label_of(i)) \
        offset 0, -0.6
    if (column == 0) { set ylabel "scale s" offset 0, 0; set format y "10^{%.0f}"
    } else { unset ylabel; set format y "" }
    if (i + columns > count) { set xlabel "target angle θ (radians)" offset 0, 0.4 } else { unset xlabel }
    plot table index i-1 using 3:5:(0.5):(half):6 with boxxyerror fillstyle solid \
            noborder linecolor palette title label_of(i), \
        table index i-1 using 3:($7 > 0 ? $5 : -9) with points pointtype 7 \
            pointsize 0.28 linecolor rgb "#0072b2" notitle
}
load "key_strip.gp"
set label 3 "ArcFace; a field: several rows of one angle and one scale" at screen 0.085, screen 16.0 / height \
    left textcolor rgb frame
set tmargin at screen strip; set bmargin at screen 26.0 / height
set key samplen 1.6
plot -1 notitle, keyentry with boxes fillstyle solid noborder linecolor rgb "#f1f1ee" title "all finite", \
    keyentry with boxes fillstyle solid noborder linecolor rgb "#f4c08a" title "some not finite", \
    keyentry with boxes fillstyle solid noborder linecolor rgb "#b03a00" title "none finite", \
    keyentry with points pointtype 7 pointsize 0.6 linecolor rgb "#0072b2" \
        title "finite, dX more than 10 % off"
unset multiplot
