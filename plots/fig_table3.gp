# fig_table3: the angle statistics of ArcFace's table 3 measured here (filled, 95 % intervals) beside
# the paper's numbers on faces (hollow), which only the order is comparable with.
width = 960; height = 524; strip = 40.0 / height
load "tables.gp"
load "style.gp"
panel_names = "W-EC W-Inter Intra1 Inter1 Intra2 Inter2"
panel_notes = "'weight to centre' 'between weights' 'training samples' 'training centres' 'unseen samples' 'unseen centres'"
# Intra and Inter are added to NormSoftmax, so they stand under it and are named after it.
column_names = "normsoftmax intra inter arcface triplet"
pretty_columns = "NormSoftmax 'NormSoftmax + Intra' 'NormSoftmax + Inter' ArcFace Triplet"
# The paper's numbers, of the columns above.
papers = "'44.26 8.83 46.85 14.29 NaN' '69.66 31.34 75.66 71.61 NaN' '50.50 17.50 52.74 38.45 41.19' "\
    ."'59.23 24.07 62.40 65.83 50.23' '33.97 12.94 35.38 28.05 27.42' '65.60 26.28 67.90 66.55 55.94'"
# The losses in their colours; what the suite adds to NormSoftmax in two of its own.
colour_of(name) = name eq "intra" ? "#cc79a7" : name eq "inter" ? "#56b4e9" : name eq "triplet" ? "#7b4f2a" \
    : word(colours, style_of(name))

# In the row of column k the number of a panel, 1 its mean, 2 and 3 the interval's ends, 4 the paper's;
# what it lacks lies out of sight, because gnuplot complains of series without points.
away = -999
seen(x) = (x == x ? x : away)
number_in(k, p, c) = strcol(1) ne word(column_names, k) ? away \
    : c == 4 ? seen(real(word(word(papers, p), k))) : valid(3 * p - 2 + c) ? column(3 * p - 2 + c) : away

set multiplot
unset key
set border 1
set grid noytics xtics linetype 20
# One seed has a mean thrice, and no bar.
bars = 0
stats [*:*][*:*] table using (bars = bars || column(3) < column(4), 0) nooutput
do for [p=1:6] {
    column_ = (p - 1) / 2; row = (p - 1) % 2
    set lmargin at screen 0.19 + column_ * 0.275; set rmargin at screen 0.19 + column_ * 0.275 + 0.24
    set tmargin at screen 1 - (row * 225 + 34.0) / height
    set bmargin at screen 1 - (row * 225 + 195.0) / height
    set title sprintf("{/:Bold %s}  %s", word(panel_names, p), word(panel_notes, p)) offset 0, -0.6
    if (row == 1) { set xlabel "degrees" offset 0, 0.4 } else { unset xlabel }
    set xrange [0:90]; set xtics 30 nomirror out
    set yrange [5.6:0.4]
    unset ytics
    set ytics scale 0 (" " 1)
    if (column_ == 0) { do for [k=1:5] { set ytics add (word(pretty_columns, k) k) } }
    plot for [k=1:5] table using (bars ? number_in(k, p, 1) : away):(k):(number_in(k, p, 2)):(number_in(k, p, 3)) \
            with xerrorbars pointtype 7 pointsize 0.1 linewidth 1.8 dashtype solid \
            linecolor rgb colour_of(word(column_names, k)) notitle, \
        for [k=1:5] table using (number_in(k, p, 1)):(k) with points pointtype 7 pointsize 0.9 \
            linecolor rgb colour_of(word(column_names, k)) title word(column_names, k), \
        for [k=1:5] table using (number_in(k, p, 4)):(k) \
            with points pointtype 4 pointsize 1.2 linewidth 1.4 \
            linecolor rgb colour_of(word(column_names, k)) title word(column_names, k)." paper"
}
load "key_strip.gp"
plot -1 notitle, keyentry with points pointtype 7 linecolor rgb frame title (bars ? "here: mean, 95 % interval" : "here: one seed"), \
    keyentry with points pointtype 4 linecolor rgb frame title "ArcFace’s paper, table 3 (faces)"
unset multiplot
