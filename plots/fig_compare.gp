# fig_compare: time of each case in run B over that in run A. Left: the clearest changes, by
# name; right: all of them in their order. Grey: changes that do not count.
load "tables.gp"
eval read_series
stats [*:*][*:*] table index 0 using 3 nooutput
lines = int(STATS_max)
left = 410.0; wide = 390.0; gap = 70.0; narrow = 250.0; top = 40.0; foot = 56.0; key_height = 84
height_of_panels = 21.0 * (lines < 16 ? 16 : lines) + 14
width = int(left + wide + gap + narrow + 24)
height = int(top + height_of_panels + foot + key_height)
strip = (key_height - 6.0) / height
load "style.gp"
load "series.gp"

verdicts = "slower faster same others"
titles = "slower_in_B faster_in_B no_difference_seen code_of_others"
marks = "9 11 7 6"
shades = "#d55e00 #0072b2 #8c8c8c #000000"
at(name) = (sum [i=1:words(verdicts)] (word(verdicts, i) eq name) * i)
shade(i) = word(shades, at(label_of(i)))
mark(i) = int(word(marks, at(label_of(i))))

# Blocks with a case that has a line.
eval blocks("lined", "column(-2) > 0 && $3 > 0")
fine = "0.8 0.85 0.9 0.95 1 1.05 1.1 1.15 1.2 1.25"
middle = "0.5 0.6 0.7 0.8 0.9 1 1.1 1.2 1.3 1.4 1.6 1.8 2"
coarse = "0.2 0.3 0.4 0.5 0.6 0.8 1 1.25 1.5 2 2.5 3 4 5"
wider = "0.001 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 20 50 100 1000"
ticks(q) = (q < 1.3 ? fine : q < 2 ? middle : q < 6 ? coarse : wider)

$one << DATA
1	-1000
1	1000
DATA

set multiplot
unset key
set clip two
set logscale x
unset mxtics
set errorbars 0
set bmargin at screen (key_height + foot) / height
set tmargin at screen 1 - top / height

# In the left panel the axis holds every ratio and its interval of that case alone; others may leave it.
stats [*:*][*:*] table using (column(-2) > 0 && $3 > 0 ? ($6 < $12 ? $6 : $12) : NaN) nooutput
low = STATS_min / 1.02
stats [*:*][*:*] table using (column(-2) > 0 && $3 > 0 ? ($7 > $13 ? $7 : $13) : NaN) nooutput
high = STATS_max * 1.02
set lmargin at screen left / width
set rmargin at screen (left + wide) / width
set label 1 "~ repetitions differ by more than 5 %" at screen (left - 9) / width, \
    screen (key_height + foot - 21) / height right noenhanced font ",11" \
    textcolor rgb frame
set title "the clearest changes" offset 0, -0.6
set xrange [low:high]
set xtics out nomirror font ",11" ()
do for [tick in ticks(high / low)] { set xtics add (tick real(tick)) }
set xlabel "time in B / time in A" offset 0, 0.4
set yrange [lines + 0.7:0.3]
set ytics scale 0 font ",11" noenhanced ("" 1)
set grid noytics
plot for [k=1:words(lined)] i=nth(lined, k) table index i-1 \
        using ($3 > 0 ? 1 : NaN):3:12:13:($3 - 0.5):($3 + 0.5) with boxxyerror \
        fillcolor rgb "#e6e6e6" fillstyle solid noborder, \
    $one using 1:2 with lines linecolor rgb ink dashtype solid linewidth 1.2, \
    for [k=1:words(lined)] i=nth(lined, k) table index i-1 \
        using ($3 > 0 ? $5 : NaN):3:8:9 with xerrorbars \
        pointtype 0 linecolor rgb shade(i) dashtype solid linewidth 0.8, \
    for [k=1:words(lined)] i=nth(lined, k) table index i-1 \
        using ($3 > 0 ? $5 : NaN):3:6:7:ytic(4) with xerrorbars \
        pointtype mark(i) pointsize 0.8 linecolor rgb shade(i) dashtype solid linewidth 2.6

stats [*:*][*:*] table using (column(-2) > 0 ? $5 : NaN) nooutput
low = STATS_min / 1.03; high = STATS_max * 1.03
set lmargin at screen (left + wide + gap) / width
set rmargin at screen (left + wide + gap + narrow) / width
unset label 1
set title "all cases, sorted" offset 0, -0.6
set xrange [low:high]
set xtics out nomirror font ",11" ()
do for [tick in ticks(high / low)] { set xtics add (tick real(tick)) }
set yrange [1:0]
set ytics autofreq scale 0.6 font ",11" format "%.0f %%"
set ytics ("0 %%" 0, "25 %%" 0.25, "50 %%" 0.5, "75 %%" 0.75, "100 %%" 1)
plot $one using 1:2 with lines linecolor rgb ink dashtype solid linewidth 1.2, \
    for [i=2:count] table index i-1 using 5:(1 - ($10 - 0.5) / $11) with points \
        pointtype mark(i) pointsize 0.45 linecolor rgb shade(i) title label_of(i)
load "key_strip.gp"
set key maxcols 4
plot -1 notitle, for [i=2:count] keyentry with points pointtype mark(i) linecolor rgb shade(i) \
        title spaced(word(titles, at(label_of(i)))), \
    keyentry with lines linecolor rgb frame dashtype solid linewidth 3 \
        title "95 %, this case alone", \
    keyentry with lines linecolor rgb frame dashtype solid linewidth 0.8 \
        title "95 %, all cases at once", \
    keyentry with boxes fillstyle solid noborder fillcolor rgb "#dcdcdc" title "too small to count"
unset multiplot
