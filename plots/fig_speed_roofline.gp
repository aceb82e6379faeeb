# fig_speed_roofline: rate of whole heads over their flops per byte (each input read and each output
# written once), under the measured peak of multiply-adds and the measured bandwidth.
load "tables.gp"
eval read_series
stats [*:*][*:*] table using (loss_of(column(-2) + 1) eq "peak" ? NaN : $5) nooutput
threads = int(STATS_max)
there = sprintf("$5 == %d && valid(20) && (strcol(2) eq 'isa' || strcol(2) eq 'peer')", threads)
roof = sprintf("$5 == %d && strcol(2) eq 'peak'", threads)
eval blocks("shown", there)
count = words(shown)
stats [*:*][*:*] table using (@roof ? $20 : NaN) nooutput
ridge = STATS_max
stats [*:*][*:*] table using (@roof ? $21 : NaN) nooutput
peak = STATS_max; read = peak / ridge
stats [*:*][*:*] table using (@there ? $20 : NaN) nooutput
x_low = STATS_min; x_high = STATS_max
stats [*:*][*:*] table using (@there ? $21 : NaN) nooutput
y_low = STATS_min
width = 820; height = 560
strip = 64.0 / height
load "style.gp"
load "series.gp"
set multiplot
unset key
set logscale xy
set lmargin at screen 84.0 / width; set rmargin at screen 1 - 24.0 / width
set tmargin at screen 1 - 34.0 / height; set bmargin at screen strip + 56.0 / height
set xrange [(x_low < ridge ? x_low : ridge) / 2:(x_high > ridge ? x_high : ridge) * 2]
set yrange [y_low / 2:peak * 2]
unset mxtics; unset mytics
set for [e=-2:4] xtics nomirror out add (10.0**e, 2 * 10.0**e, 5 * 10.0**e)
set for [e=-2:5] ytics nomirror out add (10.0**e, 2 * 10.0**e, 5 * 10.0**e)
set format xy "%g"
set title sprintf("ArcFace, %d thread%s", threads, threads > 1 ? "s" : "") offset 0, -0.6
set xlabel "flops per byte of input and output" offset 0, 0.3
set ylabel "GFLOP/s" offset 1, 0
set label 1 sprintf("multiply-adds: %.0f GFLOP/s", peak) at graph 0.98, first peak * 1.3 right textcolor rgb frame
# Along the slope, which is 1 in decades.
across = (width - 108.0) / log10((x_high > ridge ? x_high : ridge) * 4 / (x_low < ridge ? x_low : ridge))
up = (height * (1 - strip) - 90.0) / log10(peak * 4 / y_low)
tilt = atan2(up, across) * 180 / pi
start = (x_low < ridge ? x_low : ridge) * 0.75
set label 2 sprintf("memory: %.0f GB/s read", read) at first start, first start * read * 1.35 left \
    rotate by tilt textcolor rgb frame
plot (x < ridge ? read * x : peak) with lines linecolor rgb ink dashtype solid linewidth 1.4 \
        title "roof", \
    for [k=1:count] i=nth(shown, k) table index i-1 using (@there ? $20 : NaN):21 with points \
        linecolor rgb colour_of(kind_of(i)) linewidth 1.2 \
        pointtype mark_of(label_of(i)) title label_of(i)
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, for [k=1:count] i=nth(shown, k) keyentry with points \
    linecolor rgb colour_of(kind_of(i)) pointtype mark_of(label_of(i)) \
    title (kind_of(i) eq "isa" ? "head, " : "").title_of(label_of(i)), \
    keyentry with lines linecolor rgb ink dashtype solid linewidth 1.4 title "measured limits"
unset multiplot
