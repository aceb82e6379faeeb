# fig_gradient_error: relative error of the embedding's gradient over the target's angle, a panel
# per loss: this library against the textbook formulation in float32.
load "tables.gp"
eval read_series
eval gather("panels", "strcol(2)", "1")
columns = 3
rows = (words(panels) + columns - 1) / columns
width = 900; height = 250 * rows + 104; strip = 84.0 / height
load "style.gp"
implementation(i) = word(label_of(i), 2)
ours(i) = implementation(i) eq "margin"
eval gather("peers", "word(strcol(1), 2)", "word(strcol(1), 2) ne 'margin'")
# gather() quotes each; here they are one text.
names = ""; do for [j=1:words(peers)] { names = names.(j == 1 ? " " : ", ").word(peers, j) }

set multiplot
unset key
set logscale y
set format y "10^{%T}"
set xrange [0:180]; set xtics 60
least = 1e-8
set yrange [least:4]; set ytics 100; set mytics 1
# The usual formulas lie on each other: a bundle. A panel is a loss, so colour says whose it is.
set linetype 31 linecolor rgb "#9a9a9a" dashtype (5,3) linewidth 1.4
set linetype 32 linecolor rgb "#0072b2" dashtype solid linewidth 2.4
do for [p=1:words(panels)] {
    loss = word(panels, p)
    column = (p - 1) % columns
    row = int(p - 1) / columns
    set lmargin at screen 0.085 + column * 0.31; set rmargin at screen 0.085 + column * 0.31 + 0.275
    set tmargin at screen 1 - (row * 250 + 34.0) / height
    set bmargin at screen 1 - (row * 250 + 210.0) / height
    set title sprintf("{/:Bold %s}", pretty(loss)) offset 0, -0.6
    if (column == 0) { set ylabel "relative error of dX" offset 1, 0; set format y "10^{%T}"
    } else { unset ylabel; set format y "" }
    if (p + columns > words(panels)) { set xlabel "target angle θ (degrees)" offset 0, 0.4
    } else { unset xlabel }
    mine = ""
    do for [i=1:count] { if (loss_of(i) eq loss) {
        mine = (ours(i) ? sprintf("%s %d", mine, i) : sprintf("%d %s", i, mine))
    } }
    plot for [k=1:words(mine)] i=nth(mine, k) table index i-1 \
            using 3:($4 > least ? $4 : least) with lines \
            linetype (ours(i) ? 32 : 31) \
            title label_of(i), \
        for [k=1:words(mine)] table index nth(mine, k)-1 \
            using 3:($6 > 0 ? 2 : least / 10) with points \
            linecolor rgb frame pointtype 2 pointsize 0.8 notitle
}
load "key_strip.gp"
set key maxrows 3
plot -1 notitle, keyentry with lines linetype 32 title "this library", \
    keyentry with lines linetype 31 title "formulas as usually written:".names, \
    keyentry with points linecolor rgb frame pointtype 2 title "not finite"
unset multiplot
