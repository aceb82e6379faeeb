# fig_gap_share: the gap between neighbouring classes on the circle over the share of a class that its
# arc holds, on test and on training samples: the median over the pairs of neighbours, and the least
# one beside it, which the median hides. Means over the seeds with 95 % intervals; losses stand side by
# side, so that their bars are told apart.
width = 900; height = 772; strip = 96.0 / height
load "tables.gp"
eval read_series
load "style.gp"
panel_titles = "'Test samples' 'Training samples'"
row_labels = "'median gap (degrees)' 'least gap (degrees)'"
split_of(c) = c == 1 ? "test" : "train"
members(c) = (list = "", sum [i=1:count] (label_of(i) eq split_of(c) ? (list = list.sprintf(" %d", i), 0) : 0), list)
# Full marks, which stand out on a bar, but for the circle that is another loss's full one.
mark(i) = (style_ = style_of(loss_of(i)), pt_ = int(word(markers, style_)), pt_ == 6 || pt_ % 2 ? pt_ : pt_ + 1)
beside(k) = 0.14 * (k - 0.5 * (words(list) + 1))
# Whole classes reach far below the rest: a single stray sample sets the arc. There the axis is tighter.
size = format eq "svg" ? 0.5 : 0.7
bend = -40.0; tighter = 6
high(gap) = gap > bend ? gap : bend + (gap - bend) / tighter
# Bars of few seeds may reach far up at the end; the frame cuts them.
bars = 0; least = bend - 1; most = 10
stats [*:*][*:*] table using (bars = bars || column(5) < column(6) || column(8) < column(9), \
    least = column(8) < least ? column(8) : least, most = column(4) > most ? column(4) : most, \
    most = column(3) <= 96 && column(6) > most ? column(6) : most, 0) nooutput
most = 20 * ceil(most / 20); least = least < -350 ? -350 : 50 * floor(least / 50 - 0.3)

set multiplot
unset key
do for [r=1:2] {
    do for [c=1:2] {
        set lmargin at screen 0.085 + (c - 1) * 0.465; set rmargin at screen 0.085 + (c - 1) * 0.465 + 0.435
        set tmargin at screen 1 - ((r - 1) * 314 + 34.0) / height
        set bmargin at screen 1 - ((r - 1) * 314 + 320.0) / height
        if (r == 1) { set title sprintf("{/:Bold %s}", word(panel_titles, c)) offset 0, -0.6 } else { unset title }
        if (c == 1) { set ylabel word(row_labels, r) offset 0.6, 0 } else { unset ylabel }
        if (r == 2) { set xlabel "share of a class in its arc (%)" offset 0, 0.4; set format x "%g"
        } else { unset xlabel; set format x "" }
        set xrange [89.4:100.6]; set xtics 90, 1, 100
        set yrange [high(least):most + 4]
        unset ytics; set ytics nomirror out ("" bend)
        do for [gap=most:int(bend):-20] { set ytics add (c == 1 ? sprintf("%d", gap) : "" high(gap)) }
        do for [gap=-100:least:-100] { set ytics add (c == 1 ? sprintf("%d", gap) : "" high(gap)) }
        set object 1 rectangle from graph 0, first bend to graph 1, graph 0 behind fillcolor rgb "#f1f1f1" fillstyle solid noborder
        set arrow 1 from 98, graph 0 to 98, graph 1 nohead back linecolor rgb frame linewidth 1.2 dashtype (2,3)
        set xzeroaxis linetype 20 linecolor rgb frame linewidth 1.2
        eval lettered(2 * (r - 1) + c)
        list = members(c)
        plot for [k=1:words(list)] i=nth(list, k) table index i-1 \
                using ($3 + beside(k)):(high(column(3*r+2))):(0):(high(column(3*r+3)) - high(column(3*r+2))) with vectors nohead \
                linecolor rgb word(colours, style_of(loss_of(i))) linewidth 1.5 dashtype solid notitle, \
            for [k=1:words(list)] i=nth(list, k) table index i-1 using ($3 + beside(k)):(high(column(3*r+1))) with points \
                linetype style_of(loss_of(i)) pointtype mark(i) pointsize size linewidth 1.6 title sprintf("%s %s %d", loss_of(i), split_of(c), r)
        unset arrow; unset object; unset xzeroaxis
    }
}
load "key_strip.gp"
set key at screen 0.5, screen 70.0 / height center center
set label 1 (bars ? "Bars: 95 % intervals over the seeds, cut at the frame. " : "One seed, no intervals. ")."Below 0 arcs overlap. Dotted: the other figures’ share, 98 %.".\
    sprintf("\nGrey: the axis is %d times tighter. The losses of a share stand side by side.", tighter) at 0.5, 0.4 center font ",11" textcolor rgb frame
list = members(1)
plot -1 notitle, for [k=1:words(list)] keyentry with points linetype style_of(loss_of(nth(list, k))) \
    pointtype mark(nth(list, k)) linewidth 1.6 pointsize 1.4 * size title pretty(loss_of(nth(list, k)))
unset multiplot
