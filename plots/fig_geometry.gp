# fig_geometry: what training does to the geometry of embeddings in 64 dimensions: the measures of
# neural collapse (Papyan, Han, Donoho, 2020), alignment and uniformity (Wang, Isola, 2020), a row each,
# over the epochs; seen identities on the left and in the middle, unseen ones on the right. Bands: 95 %
# intervals over the seeds, where there are several. Dotted: what so many classes can reach at best.
rows = 7
width = 1000; height = 1196; strip = 0.01
load "tables.gp"
eval read_series
load "style.gp"
part_of(i) = word(label_of(i), 1)
parts = "train test unseen"
members(part) = (list = "", sum [i=1:count] (part_of(i) eq part ? (list = list.sprintf(" %d", i), 0) : 0), list)
titles = "'Training samples' 'Test samples, same identities' 'Unseen identities'"
array names[rows] = ["NC1\nwithin / between", "NC2\nspread of lengths", "NC2\ndeviation of angles", \
    "NC3\nweights to means", "NC4\nnearest mean", "\nAlignment", "\nUniformity"]
# Axes reach over what stands in a row, its intervals not included.
array low[rows]; array high[rows]
do for [r=1:rows] {
    v_ = 1 + 3 * r
    stats [*:*][*:*] table using (column(v_)) nooutput
    low[r] = STATS_min; high[r] = STATS_max
}
array step[rows] = [0.2, 0.1, 0.1, 0.5, 0.5, 0.4, 1]
array from[rows]; array to[rows]
do for [r=1:rows] {
    from[r] = low[r] < 0 ? step[r] * floor(low[r] / step[r]) : 0
    to[r] = r == 4 || r == 5 ? 1 : step[r] * ceil(high[r] / step[r] - 1e-9)
    if (r == 7) { to[r] = 0 }
}
stats [*:*][*:*] table using 3 nooutput
last = STATS_max
# One seed has its number thrice, and no bands.
bands = 0
stats [*:*][*:*] table using (bands = bands || column(5) < column(6), 0) nooutput
at(epoch) = log(1 + epoch)
array marks[5] = [0, 1, 2, 5, 10]
set style fill transparent solid 0.18 noborder

set multiplot
unset key
panel = 0
do for [r=1:rows] { do for [c=1:3] {
    if (c < 3 || r < 4 || r > 5) {
    list = members(word(parts, c)); v = 1 + 3 * r
    set lmargin at screen 0.098 + (c - 1) * 0.305; set rmargin at screen 0.098 + (c - 1) * 0.305 + 0.284
    set tmargin at screen 1 - ((r - 1) * 160 + 32.0) / height
    set bmargin at screen 1 - ((r - 1) * 160 + 160.0) / height
    if (r == 1) { set title sprintf("{/:Bold %s}", word(titles, c)) offset 0, -0.6 } else { unset title }
    if (c == 1) { set label 1 names[r] at screen 0.015, graph 0.5 center rotate by 90; set format y "%g"
    } else { unset label 1; set format y "" }
    set yrange [from[r] - 0.02 * (to[r] - from[r]):to[r] + 0.05 * (to[r] - from[r])]; set ytics step[r] nomirror out
    set xrange [0:at(last) * 1.02]
    unset xtics
    set xtics nomirror out scale 0.6 ("" 0)
    lowest = (r == rows || (r == 3 && c == 3))
    do for [k=1:5] { if (marks[k] < last) { set xtics add (lowest ? sprintf("%d", marks[k]) : "" at(marks[k])) } }
    set xtics add (lowest ? sprintf("%d", last) : "" at(last))
    if (lowest) { set xlabel "epochs" offset 0, 0.4 } else { unset xlabel }
    panel = panel + 1
    eval lettered(panel)
    plot for [k=1:words(list)] i=nth(list, k) table index i-1 using (at($3)):(column(v+1)):(column(v+2)) \
            with filledcurves linecolor rgb word(colours, style_of(loss_of(i))) notitle, \
        for [k=1:(r == 3 ? 1 : 0)] table index nth(list, 1)-1 using (at($3)):25 with lines \
            linecolor rgb frame dashtype (4,5) linewidth 1.4 notitle, \
        for [k=1:words(list)] i=nth(list, k) table index i-1 using (at($3)):(column(v)) with linespoints \
            linetype style_of(loss_of(i)) linewidth 1.8 pointsize 0.7 \
            title sprintf("%s %s %d", loss_of(i), part_of(i), r)
    }
} }
load "key_strip.gp"
# The key stands where unseen identities have no weights.
set lmargin at screen 0.708; set rmargin at screen 0.992
set tmargin at screen 1 - (3 * 160 + 80.0) / height; set bmargin at screen 1 - (4 * 160 + 160.0) / height
set key inside center center vertical maxcols 1 spacing 1.7
shown = ""
do for [i=1:count] { if (!strstrt(shown, quoted(loss_of(i)))) { shown = shown.quoted(loss_of(i)) } }
plot -1 notitle, for [k=1:words(shown)] keyentry with linespoints linetype style_of(word(shown, k)) linewidth 2 \
        title pretty(word(shown, k)), \
    keyentry with lines linecolor rgb frame dashtype (4,5) linewidth 1.4 title "least possible", \
    keyentry with filledcurves fillcolor rgb bands ? frame : "#ffffff" title (bands ? "95 % interval over the seeds" : "one seed, no interval")
unset multiplot
