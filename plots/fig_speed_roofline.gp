# fig_speed_roofline: rate of whole heads over their flops per byte (each input read and each output
# written once), under the measured peak of multiply-adds and the measured bandwidth.
table = "speed_roofline.tsv"
blocks = system(sprintf("sed -n 's/^# //p' '%s/%s'", tables, table))
count = words(blocks) / 2
width = 820; height = 560
strip = 64.0 / height
load "style.gp"
load "series.gp"
roof(k) = real(system(sprintf("awk -F'\t' 'NF == 3 { print $%d; exit }' '%s/%s'", k, tables, table)))
peak = roof(1); read = roof(2); threads = int(roof(3))
end_of(k, f) = real(system(sprintf("awk -F'\t' '/^#/ { i++ } i > 1 && NF == 3 { print $%d }' '%s/%s' | sort -g | %s -n 1", k, tables, table, f)))
x_low = end_of(1, "head"); x_high = end_of(1, "tail"); y_low = end_of(2, "head")
ridge = peak / read
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
set title sprintf("arcface, %d thread%s", threads, threads > 1 ? "s" : "") offset 0, -0.6
set xlabel "flops per byte of input and output" offset 0, 0.3
set ylabel "GFLOP/s" offset 1, 0
set label 1 sprintf("multiply-adds: %.0f GFLOP/s", peak) at graph 0.98, first peak * 1.3 right textcolor rgb frame
set label 2 sprintf("memory: %.0f GB/s read", read) \
    at first ridge / 1.8, first peak / 3 left textcolor rgb frame
plot (x < ridge ? read * x : peak) with lines linecolor rgb ink dashtype solid linewidth 1.4 \
        title "roof", \
    for [i=2:count] file(table) index i-1 using 1:2 with points \
        linecolor rgb colour_of(kind_of(blocks, i)) linewidth 1.2 \
        pointtype mark_of(series_of(blocks, i)) title series_of(blocks, i)
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, for [i=2:count] keyentry with points \
    linecolor rgb colour_of(kind_of(blocks, i)) pointtype mark_of(series_of(blocks, i)) \
    title (kind_of(blocks, i) eq "isa" ? "head, " : "").title_of(series_of(blocks, i)), \
    keyentry with lines linecolor rgb ink dashtype solid linewidth 1.4 title "measured limits"
unset multiplot
