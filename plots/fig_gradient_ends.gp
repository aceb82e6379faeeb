# fig_gradient_ends: relative error of the embedding's gradient close to theta = 0 and theta = pi, a
# row of panels per loss with an angle: this library against the formulations in float32.
load "tables.gp"
eval read_series
eval gather("panels", "strcol(2)", "1")
width = 900; height = 250 * words(panels) + 120; strip = 66.0 / height
load "style.gp"
implementation(i) = word(label_of(i), 2)
end_of(i) = word(label_of(i), 3)
ours(i) = implementation(i) eq "margin"
eval gather("peers", "word(strcol(1), 2)", "word(strcol(1), 2) ne 'margin'")
names = ""; do for [j=1:words(peers)] { names = names.(j == 1 ? " " : ", ").word(peers, j) }

set multiplot
unset key
set logscale xy
set xrange [5e-13:0.15]; set xtics 100; set format x "10^{%T}"
least = 1e-8
set yrange [least:4]; set ytics 100; set mytics 1
set linetype 31 linecolor rgb "#9a9a9a" dashtype (5,3) linewidth 1.4
set linetype 32 linecolor rgb "#0072b2" dashtype solid linewidth 2.4
ends = "0 pi"
do for [p=1:words(panels)] {
    do for [e=1:2] {
        loss = word(panels, p)
        set lmargin at screen 0.09 + (e - 1) * 0.47; set rmargin at screen 0.09 + (e - 1) * 0.47 + 0.43
        set tmargin at screen 1 - ((p - 1) * 250 + 34.0) / height
        set bmargin at screen 1 - ((p - 1) * 250 + 203.0) / height
        set title sprintf("{/:Bold %s} near θ = %s", pretty(loss), e == 1 ? "0" : "π") offset 0, -0.6
        if (e == 1) { set ylabel "relative error of dX" offset 1, 0; set format y "10^{%T}"
        } else { unset ylabel; set format y "" }
        if (p == words(panels)) { set xlabel (e == 1 ? "θ (radians)" : "π − θ (radians)") offset 0, 0.4
        } else { unset xlabel }
        mine = ""
        do for [i=1:count] { if (loss_of(i) eq loss && end_of(i) eq word(ends, e)) {
            mine = (ours(i) ? sprintf("%s %d", mine, i) : sprintf("%d %s", i, mine))
        } }
        plot for [k=1:words(mine)] i=nth(mine, k) table index i-1 \
                using 3:($4 > least ? $4 : least) with lines \
                linetype (ours(i) ? 32 : 31) \
                title label_of(i), \
            for [k=1:words(mine)] table index nth(mine, k)-1 \
                using 3:($5 > 0 ? 2 : least / 10) with points \
                linecolor rgb frame pointtype 2 pointsize 0.8 notitle
    }
}
load "key_strip.gp"
set key maxrows 3
plot -1 notitle, keyentry with lines linetype 32 title "this library", \
    keyentry with lines linetype 31 title "formulas as usually written:".names, \
    keyentry with points linecolor rgb frame pointtype 2 title "not finite"
unset multiplot
