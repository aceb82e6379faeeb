# fig_speed: single-thread time per row of each loss on each instruction set, a column of panels per
# shape: above whole heads, below the rows level; the three matrix products alone as a reference.
load "tables.gp"
eval read_series
what(i) = word(label_of(i), 1)
by(i) = word(label_of(i), 2)
place_of(i) = int(word(label_of(i), 3))
is_isa(i) = (loss_of(i) eq "isa")
index_in(list, name) = (sum [j=1:words(list)] (word(list, j) eq name) * j)
columns = 1
has_rows = 0
known = "scalar avx2 avx512 neon"; known_names = "scalar AVX2 AVX-512 NEON"
isas = ""; peers = ""; gemms = ""
do for [j=1:words(known)] { do for [i=1:count] {
    if (by(i) eq word(known, j) && !index_in(isas, by(i))) { isas = isas." ".by(i) }
} }
do for [i=1:count] {
    if (place_of(i) > columns) { columns = place_of(i) }
    if (what(i) eq "rows") { has_rows = 1 }
    if (is_isa(i) && !index_in(isas, by(i))) { isas = isas." ".by(i) }
    if (what(i) eq "gemm3" && !index_in(gemms, by(i))) { gemms = gemms." ".by(i) }
    if (what(i)[1:4] eq "head" && !is_isa(i) && !index_in(peers, by(i))) { peers = peers." ".by(i) }
}
shown_name(isa) = (index_in(known, isa) ? word(known_names, index_in(known, isa)) : isa)
shift(name) = (index_in(isas, name) ? 0.22 * (index_in(isas, name) - (words(isas) + 1) / 2.0) : 0)
eval gather("seen", "strcol(4)", "strcol(4) ne '-'")
row_of(loss) = (sum [j=1:words(seen)] (word(seen, j) eq loss) * j)

panel_rows = has_rows ? 2 : 1
left_margin = 122.0; panel_width = columns < 3 ? 380.0 : 272.0; panel_height = 38.0 * words(seen)
width = int(left_margin + columns * panel_width)
key_height = 30 + 24 * int((words(isas) + words(peers) + words(gemms) + 4) / 3)
height = int(panel_rows * (panel_height + 92) + key_height)
strip = (key_height - 8.0) / height
load "style.gp"
place_in_known(isa) = (index_in(known, isa) ? index_in(known, isa) : 5)
hollow(isa) = int(word("6 4 8 12 14", place_in_known(isa)))
filled(isa) = int(word("7 5 9 13 15", place_in_known(isa)))
peer_mark(name) = int(word("2 1 3 2 1 3", index_in(peers, name)))
mark(i) = (is_isa(i) ? (what(i) eq "head_forward" ? hollow(by(i)) : filled(by(i))) : peer_mark(by(i)))
set multiplot
unset key
set logscale x
# Ticks at 1, 2 and 5 of each decade; a range a little wider than the data, at least a factor of 6.
set xtics nomirror out format "%g" font ",10" offset 0, 0.3
set for [e=-3:6] xtics add (10.0**e, 2 * 10.0**e, 5 * 10.0**e)
unset mxtics
set errorbars 0.6
set yrange [words(seen) + 0.6:0.4]
set grid x y linetype 20
set linetype 31 linecolor rgb frame dashtype solid linewidth 1
set linetype 32 linecolor rgb frame dashtype (10,6) linewidth 1.2
set linetype 33 linecolor rgb frame dashtype (3,5) linewidth 1.2
do for [r=1:panel_rows] { do for [c=1:columns] {
    mine = ""; gemm = ""; title = ""
    do for [i=1:count] {
        if (place_of(i) == c) {
            if (r == 1 && what(i) eq "gemm3") { gemm = gemm." ".i }
            if (r == 1 ? (what(i)[1:4] eq "head") : (what(i) eq "rows")) {
                mine = mine." ".i
                eval gather("shapes", "strcol(3)", sprintf("column(-2) == %d", i - 1))
                title = word(shapes, 1)
            }
        }
    }
    if (words(mine) > 0) {
        set lmargin at screen (left_margin + (c - 1) * panel_width) / width
        set rmargin at screen (left_margin + c * panel_width - 36) / width
        set tmargin at screen 1 - ((r - 1) * (panel_height + 92) + 34) / height
        set bmargin at screen 1 - ((r - 1) * (panel_height + 92) + 34 + panel_height) / height
        set title sprintf("{/:Bold %s}  {/=11 %s}", r == 1 ? "head" : "rows", title) offset 0, -0.6
        set xlabel "time per row (µs)" offset 0, 0.4
        unset ytics
        if (c == 1) {
            set for [j=1:words(seen)] ytics add (pretty(word(seen, j)) j) nomirror scale 0
        } else { set for [j=1:words(seen)] ytics add ("" j) nomirror scale 0 }
        inside = sprintf("%s ", mine.gemm)
        stats [*:*][*:*] table using (strstrt(inside, sprintf(" %d ", column(-2) + 1)) ? $6 : NaN) nooutput
        low = STATS_min
        stats [*:*][*:*] table using (strstrt(inside, sprintf(" %d ", column(-2) + 1)) ? $7 : NaN) nooutput
        middle = sqrt(low * STATS_max)
        half = sqrt(STATS_max / low) * 1.25
        if (half < sqrt(6)) { half = sqrt(6) }
        set xrange [middle / half:middle * half]
        plot for [k=1:words(mine)] i=nth(mine, k) table index i-1 \
            using 5:(row_of(strcol(4)) + shift(by(i))):6:7:(style_of(strcol(4)) + 10) \
            with xerrorbars linecolor variable dashtype solid linewidth 1 pointsize 1 \
            pointtype mark(i) \
            title what(i)." ".by(i), \
            for [k=1:words(gemm)] i=nth(gemm.mine, k) table index i-1 \
            using 5:(0.4):(0):(words(seen) + 0.2) with vectors nohead \
            linetype 30 + index_in(gemms, by(i)) title what(i)." ".by(i)
    }
} }
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, \
    for [j=1:words(isas)] keyentry with points linecolor rgb frame \
        pointtype filled(word(isas, j)) title shown_name(word(isas, j)), \
    keyentry with points linecolor rgb frame pointtype 6 title "hollow: loss only", \
    keyentry with xerrorbars linecolor rgb frame dashtype solid pointtype 0 title "bars: 95 %, of the median", \
    for [j=1:words(peers)] keyentry with points linecolor rgb frame \
        pointtype peer_mark(word(peers, j)) title "peer: ".word(peers, j), \
    for [j=1:words(gemms)] keyentry with lines linetype 30 + j \
        title "3 GEMMs: ".word(gemms, j)
unset multiplot
