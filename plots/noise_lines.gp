# noise_lines.gp: the lines of fig_noise, fig_tails and fig_room: each loss in its own line and mark at
# its default margin, dotted with squares at a small one, thin with triangles as `margin advise` has it.
# It must not know what is measured. Load it after style.gp, with the table's series read.
kind_of(i) = word(label_of(i), 2)
# The series of a panel: their place in the table, where their first word and their kind are these.
those(name, kind) = (picked = "", sum [i=1:count] (word(label_of(i), 1) eq name && kind_of(i) eq kind ? (picked = picked.sprintf(" %d", i), 0) : 0), picked)
colour_at(i) = word(colours, style_of(loss_of(i)))
# An axis from one whole step to another that holds a column's numbers; of intervals that are wider than
# a step it holds a part.
reach(v, f, step) = sprintf("f_ = %g; v_ = %d; step_ = %g; ", f, v, step)\
    ."stats [*:*][*:*] table using (f_ * column(v_ + 1) < f_ * column(v_) - step_ ? f_ * column(v_) - step_ : f_ * column(v_ + 1)) nooutput; low_ = floor(STATS_min / step_) * step_; "\
    ."stats [*:*][*:*] table using (f_ * column(v_)) nooutput; high_ = ceil(STATS_max / step_) * step_; "\
    ."low_ = low_ < 0 ? 0 : low_; set yrange [low_ - 0.02 * (high_ - low_):high_ + 0.04 * (high_ - low_)]; set ytics step_ nomirror out"
set style fill transparent solid 0.15 noborder
away = -999 # out of sight: gnuplot complains of series without points
# Of a panel NAME: column v times f over x(column 3).
draw_panel = "default_ = those(name, 'default'); small_ = those(name, 'small'); advised_ = those(name, 'advised'); plot away notitle, "\
    ."for [k=1:words(default_)] i=nth(default_, k) table index i-1 using (at($3)):(f*column(v+1)):(f*column(v+2)) with filledcurves linecolor rgb colour_at(i) notitle, "\
    ."for [k=1:words(small_)] i=nth(small_, k) table index i-1 using (at($3)):(f*column(v)) with linespoints linecolor rgb colour_at(i) dashtype (1,3) linewidth 2 pointtype 4 pointsize 0.8 title label_of(i).' '.loss_of(i), "\
    ."for [k=1:words(advised_)] i=nth(advised_, k) table index i-1 using (at($3)):(f*column(v)) with linespoints linecolor rgb colour_at(i) dashtype solid linewidth 0.9 pointtype 9 pointsize 0.7 title label_of(i).' '.loss_of(i), "\
    ."for [k=1:words(default_)] i=nth(default_, k) table index i-1 using (at($3)):(f*column(v)) with lines linetype style_of(loss_of(i)) linewidth 1.8 title label_of(i).' '.loss_of(i), "\
    ."for [k=1:words(default_)] i=nth(default_, k) table index i-1 using (at($3)):(is_open(0) ? away : f*column(v)) with points linecolor rgb colour_at(i) pointtype 7 pointsize 0.9 notitle, "\
    ."for [k=1:words(default_)] i=nth(default_, k) table index i-1 using (at($3)):(is_open(0) ? f*column(v) : away) with points linecolor rgb colour_at(i) pointtype 6 pointsize 1.1 linewidth 1.5 notitle"
# Hollow marks: of nothing, unless a figure says of what.
is_open(row) = 0
# The key's lines: the defaults with their margins, then the others.
eval gather("margins_", "strcol(2).' '.strcol(31)", "word(strcol(1), 2) eq 'default'")
eval gather("smalls_", "strcol(2).' '.strcol(31)", "word(strcol(1), 2) eq 'small'")
eval gather("adviseds_", "strcol(2)", "word(strcol(1), 2) eq 'advised'")
loss_in(pair) = word(pair, 1)
named(pair) = words(pair) < 2 ? "" : pretty(word(pair, 1)).(real(word(pair, 2)) > 0 ? ", m = ".word(pair, 2) : "")
draw_key = "plot away notitle, for [k=1:words(margins_)] keyentry with linespoints linetype style_of(loss_in(word(margins_, k))) linewidth 1.8 pointtype 7 title named(word(margins_, k)), "\
    ."for [k=1:words(smalls_)] keyentry with linespoints linecolor rgb word(colours, style_of(loss_in(word(smalls_, k)))) dashtype (1,3) linewidth 2 pointtype 4 pointsize 0.8 title named(word(smalls_, k))"
