# fig_sweep: separation against the margin and against the scale of each loss, in the plane (gap of
# training samples, training accuracy) and in 64 dimensions (TAR of unseen identities, Intra, Inter),
# with 95 % intervals as bands. Hollow marks: in that dimension the loss does not converge (training
# accuracy below 99 %).
width = 1180; height = 1080; strip = 74.0 / height
load "tables.gp"
eval read_series
load "style.gp"
dim_of(i) = word(label_of(i), 1)
axis_of(i) = word(label_of(i), 2)
# The four columns of panels: scale, then a margin axis for each loss that has one.
panel_axes = "scale margin margin margin"
panel_losses = "all sphereface cosface arcface"
panel_titles = "'Scale, default margin' 'SphereFace, s = 64' 'CosFace, s = 64' 'ArcFace, s = 64'"
panel_labels = "'scale s' 'margin m' 'margin m' 'margin m (radians)'"
in_column(i, c, dim) = dim_of(i) eq dim && axis_of(i) eq word(panel_axes, c) \
    && (c == 1 || loss_of(i) eq word(panel_losses, c))
members(c, dim) = (list = "", sum [i=1:count] (in_column(i, c, dim) ? (list = list.sprintf(" %d", i), 0) : 0), list)
row_dims = "2 64 64 64 2"
array row_first[5] = [4, 4, 7, 10, 13]
array row_factor[5] = [1, 1, 1, 1, 100]
array row_labels[5] = ["2-D: gap (degrees)", "64-D: TAR at FAR 10^{-3}", "64-D: Intra (degrees)", \
    "64-D: Inter (degrees)", "2-D: training acc. (%)"]
stats [*:*][*:*] table using (word(strcol(1), 1) eq "2" ? $13 : NaN) nooutput
least = floor(20 * STATS_min) * 5
# A row's axis reaches as far as its numbers and their intervals, from the first to the last whole step.
array row_step[5] = [15, 0.2, 20, 30, least < 80 ? 20 : 5]
array row_low[5]; array row_high[5]
do for [r=1:5] {
    low_ = 1e9; high_ = -1e9; v_ = row_first[r]
    stats [*:*][*:*] table using (word(strcol(1), 1) eq word(row_dims, r) && column(v_) == column(v_) ? \
        (low_ = column(v_ + 1) < low_ ? column(v_ + 1) : low_, high_ = column(v_ + 2) > high_ ? column(v_ + 2) : high_, 0) : 0) nooutput
    low_ = low_ > high_ ? 0 : low_ * row_factor[r]; high_ = low_ > high_ ? 1 : high_ * row_factor[r]
    if (r == 1 && high_ - low_ > 120) { row_step[r] = 60 }
    row_low[r] = floor(low_ / row_step[r]) * row_step[r]; row_high[r] = ceil(high_ / row_step[r]) * row_step[r]
}
row_low[5] = least; row_high[5] = 100.4
set style fill transparent solid 0.2 noborder
away = -999 # out of sight: gnuplot complains of series without points

set multiplot
unset key
do for [r=1:5] { do for [c=1:4] {
    dim = word(row_dims, r)
    list = members(c, dim)
    set lmargin at screen 0.08 + (c - 1) * 0.235; set rmargin at screen 0.08 + (c - 1) * 0.235 + 0.206
    set tmargin at screen 1 - ((r - 1) * 183 + 34.0) / height
    set bmargin at screen 1 - ((r - 1) * 183 + 186.0) / height
    if (r == 1) { set title sprintf("{/:Bold %s}", word(panel_titles, c)) offset 0, -0.6 } else { unset title }
    if (c == 1) { set ylabel row_labels[r] offset 0.2, 0; set format y "%g" } else { unset ylabel; set format y "" }
    if (r == 5) { set xlabel word(panel_labels, c) offset 0, 0.4; set format x "%g"
    } else { unset xlabel; set format x "" }
    set yrange [row_low[r]:row_high[r]]; set ytics row_step[r] nomirror out
    if (c == 1) { set logscale x 2; set xrange [0.8:160]; set xtics 4
    } else { unset logscale x; set xrange [*:*]; set xtics autofreq }
    if (c == 2) { set xrange [0.8:6.2]; set xtics 1 }
    if (c == 3) { set xrange [0:1.15]; set xtics 0.2 }
    if (c == 4) { set xrange [0:1.55]; set xtics 0.3 }
    f = row_factor[r]; v = row_first[r]
    plot for [k=1:words(list)] i=nth(list, k) table index i-1 using 3:(f*column(v+1)):(f*column(v+2)) \
            with filledcurves linecolor rgb word(colours, style_of(loss_of(i))) notitle, \
        for [k=1:words(list)] i=nth(list, k) table index i-1 using 3:(f*column(v)) with lines \
            linetype style_of(loss_of(i)) linewidth 1.8 \
            title sprintf("%s %s %d", loss_of(i), axis_of(i), r), \
        for [k=1:words(list)] i=nth(list, k) table index i-1 \
            using 3:(column(13) >= 0.99 ? f*column(v) : away) with points \
            linecolor rgb word(colours, style_of(loss_of(i))) pointtype 7 pointsize 0.8 notitle, \
        for [k=1:words(list)] i=nth(list, k) table index i-1 \
            using 3:(column(13) < 0.99 ? f*column(v) : away) with points \
            linecolor rgb word(colours, style_of(loss_of(i))) pointtype 6 pointsize 1 linewidth 1.5 notitle
} }
load "key_strip.gp"
set key at screen 0.5, screen 48.0 / height center center
set label 1 "Bands: 95 % intervals over the seeds. 2-D: 8 identities in the plane; 64-D: 100 identities, 100 unseen." at 0.5, 0.14 center font ",11" textcolor rgb frame
shown = "normsoftmax sphereface cosface arcface"
plot -1 notitle, for [k=1:4] keyentry with lines linetype style_of(word(shown, k)) linewidth 2 \
        title pretty(word(shown, k)), \
    keyentry with points pointtype 7 linecolor rgb frame title "converges", \
    keyentry with points pointtype 6 linecolor rgb frame title "does not (below 99 %)"
unset multiplot
