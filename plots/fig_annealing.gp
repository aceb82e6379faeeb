# fig_annealing: training accuracy, Inter and verification with the margin (and lambda) brought in
# gradually and with all of it from the first step.
width = 960; height = 360; strip = 42.0 / height
load "tables.gp"
load "style.gp"
# The rows of 64 dimensions that have help, each followed by the one without: loss and settings.
eval gather("names", "strcol(4).'|'.strcol(3)", "strcol(1) eq '64' && $5 == 0")
eval blocks("block", "strcol(1) eq '64'")
rows = words(names)
loss_at(i) = word(names, i)[1:strstrt(word(names, i), "|") - 1]
text_at(i) = greek(word(names, i)[strstrt(word(names, i), "|") + 1:*])

# One seed has its number thrice, and no bars.
bars = 0
stats [*:*][*:*] table using (bars = bars || column(7) < column(8), 0) nooutput
away = -999
stats [*:*][*:*] table using (strcol(1) eq '64' ? 100 * column(7) : NaN) nooutput
least = STATS_min > 90 ? 90 : STATS_min > 80 ? 80 : 20 * floor(STATS_min / 20)
step = least < 80 ? 20 : 5

set multiplot
unset key
set tmargin at screen 1 - 34.0 / height; set bmargin at screen 98.0 / height
set yrange [rows + 0.6:0.4]
array first[3] = [6, 9, 12]
array titles[3] = ["Training accuracy", "Inter, training samples", "Unseen identities"]
array axes[3] = ["%", "degrees", "TAR at FAR 10^{-3}"]
array factor[3] = [100, 1, 1]
set border 1
do for [p=1:3] {
    set lmargin at screen 0.235 + (p - 1) * 0.258; set rmargin at screen 0.235 + (p - 1) * 0.258 + 0.228
    set title sprintf("{/:Bold %s}", titles[p]) offset 0, -0.6
    set xlabel axes[p] offset 0, 0.4
    set grid noytics xtics linetype 20
    unset ytics
    set ytics scale 0 (" " 1)
    if (p == 1) { do for [i=1:rows] { set ytics add (sprintf("%s, %s", pretty(loss_at(i)), text_at(i)) i) } }
    if (p == 1) { set xrange [least:100 + 0.06 * (100 - least)]; set xtics step }
    if (p == 2) { set xrange [0:90]; set xtics 30 }
    if (p == 3) { set xrange [0:0.8]; set xtics 0.2 }
    c = first[p]
    eval lettered(p)
    plot for [i=1:rows] for [late=0:1] table index nth(block, 1)-1 every ::(2*(i-1)+late)::(2*(i-1)+late) \
        using (bars ? factor[p]*column(c) : away):(i + (late ? 0.16 : -0.16)):(factor[p]*column(c+1)):(factor[p]*column(c+2)) \
        with xerrorbars linecolor rgb word(colours, style_of(loss_at(i))) linewidth 1.6 dashtype solid \
        pointsize 0.1 pointtype 7 notitle, \
        for [i=1:rows] for [late=0:1] table index nth(block, 1)-1 every ::(2*(i-1)+late)::(2*(i-1)+late) \
        using (factor[p]*column(c)):(i + (late ? 0.16 : -0.16)) with points \
        linecolor rgb word(colours, style_of(loss_at(i))) linewidth 1.6 \
        pointtype (late ? 6 : 7) pointsize 1.1 title loss_at(i)
}
load "key_strip.gp"
plot -1 notitle, keyentry with points pointtype 7 linecolor rgb frame title "brought in gradually", \
    keyentry with points pointtype 6 linecolor rgb frame title "all from the first step", \
    keyentry with lines linecolor rgb frame dashtype solid linewidth 1.6 title (bars ? "95 % interval" : "one seed, no interval")
unset multiplot
