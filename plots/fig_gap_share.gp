# fig_gap_share: the gap between neighbouring classes on the circle over the share of a class that its
# arc holds, on test and on training samples: the median over the pairs of neighbours, and the least
# one beside it, which the median hides. Means over the seeds, 95 % intervals as bands.
width = 900; height = 690; strip = 88.0 / height
load "tables.gp"
eval read_series
load "style.gp"
panel_titles = "'Test samples' 'Training samples'"
row_labels = "'median gap (degrees)' 'least gap (degrees)'"
split_of(c) = c == 1 ? "test" : "train"
members(c) = (list = "", sum [i=1:count] (label_of(i) eq split_of(c) ? (list = list.sprintf(" %d", i), 0) : 0), list)
# All panels share an axis. The last two shares reach far below it: a single stray sample sets the arc.
least = 1e9; most = -1e9
stats [*:*][*:*] table using (most = column(4) > most ? column(4) : most, \
    least = column(3) <= 97 && column(7) < least ? column(7) : least, 0) nooutput
least = least < -10 ? floor(least / 20) * 20 : -30; least = least < -100 ? -100 : least
most = ceil(most / 10 + 0.2) * 10
set style fill transparent solid 0.13 noborder

set multiplot
unset key
do for [r=1:2] {
    do for [c=1:2] {
        set lmargin at screen 0.085 + (c - 1) * 0.465; set rmargin at screen 0.085 + (c - 1) * 0.465 + 0.43
        set tmargin at screen 1 - ((r - 1) * 262 + 32.0) / height
        set bmargin at screen 1 - ((r - 1) * 262 + 276.0) / height
        if (r == 1) { set title sprintf("{/:Bold %s}", word(panel_titles, c)) offset 0, -0.6 } else { unset title }
        if (c == 1) { set ylabel word(row_labels, r) offset 0.6, 0; set format y "%g" } else { unset ylabel; set format y "" }
        if (r == 2) { set xlabel "share of a class in its arc (%)" offset 0, 0.4; set format x "%g"
        } else { unset xlabel; set format x "" }
        set xrange [90:100]; set xtics 2
        set yrange [least:most]; set ytics 20
        set arrow 1 from 98, graph 0 to 98, graph 1 nohead linecolor rgb frame linewidth 0.8 dashtype (2,3)
        set arrow 2 from 90, 0 to 100, 0 nohead linecolor rgb frame linewidth 0.8 dashtype solid
        list = members(c)
        plot for [k=1:words(list)] i=nth(list, k) table index i-1 \
                using 3:(column(3*r+2)):(column(3*r+3)) with filledcurves \
                linecolor rgb word(colours, style_of(loss_of(i))) notitle, \
            for [k=1:words(list)] i=nth(list, k) table index i-1 using 3:(column(3*r+1)) with linespoints \
                linetype style_of(loss_of(i)) linewidth 1.8 pointsize 0.8 pointinterval 2 \
                title sprintf("%s %s %d", loss_of(i), split_of(c), r)
        unset arrow
    }
}
load "key_strip.gp"
set key at screen 0.5, screen 54.0 / height center center
set label 1 "Bands: 95 % intervals over the seeds. Dotted: the other figures’ share, 98 %. Below 0 arcs overlap; lines that leave the frame go on." at 0.5, 0.15 center font ",11" textcolor rgb frame
list = members(1)
plot -1 notitle, for [k=1:words(list)] keyentry with linespoints linetype style_of(loss_of(nth(list, k))) \
    linewidth 2 pointsize 0.8 title pretty(loss_of(nth(list, k)))
unset multiplot
