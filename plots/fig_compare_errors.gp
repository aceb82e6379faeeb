# fig_compare_errors: greatest errors in run B over those in run A, against the error in A; a mark
# per loss, option, kernel and sweep, a panel each for the loss, dX and dW. Grey: changes that do
# not count.
load "tables.gp"
eval read_series
stats [*:*][*:*] table index 0 using 3 nooutput
growth = STATS_max
stats [*:*][*:*] table index 0 using 4 nooutput
tiny = STATS_max
left = 84.0; wide = 280.0; gap = 20.0; top = 40.0; high = 260.0; foot = 58.0; key_height = 48
width = int(left + 3 * wide + 2 * gap + 24)
height = int(top + high + foot + key_height)
strip = (key_height - 4.0) / height
load "style.gp"
load "series.gp"

verdicts = "as_exact more_exact less_exact"
marks = "7 11 9"
shades = "#8c8c8c #0072b2 #d55e00"
panels = "loss dX dW"
at(name) = (sum [i=1:words(verdicts)] (word(verdicts, i) eq name) * i)
shade(i) = word(shades, at(label_of(i)))
mark(i) = int(word(marks, at(label_of(i))))
# The greatest ratio either way decides the axis; 1 is in the middle.
stats [*:*][*:*] table using (column(-2) > 0 ? ($5 < 1 ? 1 / $5 : $5) : NaN) nooutput
far = STATS_max
far = (far < 1.5 ? 1.5 : far) * 1.1

lower(x) = (tiny < x * (1 - 1 / far) ? (1 - tiny / x) / growth : 1 / far / 2)

set multiplot
set samples 400
unset key
set logscale xy
set xrange [5e-11:2]
set yrange [1/far:far]
unset mxtics
unset mytics
set xtics out nomirror font ",11" format "10^{%T}" 1e-9, 1000, 1
set ytics out nomirror font ",11" format "%g" ()
ticks = (far < 1.8 ? "0.6 0.7 0.8 0.9 1 1.1 1.25 1.5" : far < 6 ? "0.2 0.3 0.5 0.7 1 1.5 2 3 5" \
    : "0.0001 0.001 0.01 0.1 0.5 1 2 10 100 1000 10000 1000000")
do for [tick in ticks] { set ytics add (tick real(tick)) }
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead linecolor rgb ink dashtype solid \
    linewidth 1.2 back
set bmargin at screen (key_height + foot) / height
set tmargin at screen 1 - top / height
set xlabel "greatest error in A" offset 0, 0.4
do for [p=1:3] {
    set lmargin at screen (left + (p - 1) * (wide + gap)) / width
    set rmargin at screen (left + (p - 1) * (wide + gap) + wide) / width
    set title word(panels, p) offset 0, -0.6
    if (p == 1) { set ylabel "error in B / error in A" offset -0.6, 0 }
    if (p == 2) {
        unset ylabel
        set ytics ()
        do for [tick in ticks] { set ytics add ("" real(tick)) }
    }
    eval blocks("here", "column(-2) > 0 && $3 == p")
    plot '+' using 1:(lower($1)):(growth + tiny / $1) with filledcurves fillstyle solid noborder \
        fillcolor rgb "#e6e6e6" notitle, \
        for [k=1:words(here)] i=nth(here, k) table index i-1 \
        using ($3 == p ? $4 : NaN):5 with points pointtype mark(i) pointsize 0.7 \
        linecolor rgb shade(i) title label_of(i)
}
load "key_strip.gp"
plot -1 notitle, for [i=2:count] keyentry with points pointtype mark(i) linecolor rgb shade(i) \
        title spaced(label_of(i)), \
    keyentry with boxes fillstyle solid noborder fillcolor rgb "#dcdcdc" title "too small to count"
unset multiplot
