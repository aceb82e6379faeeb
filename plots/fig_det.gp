# fig_det: misses over false accepts of `margin verify --curve`, on axes where scores that are normally
# distributed give straight lines (Martin et al., 1997).
width = 560; height = 520
load "tables.gp"
load "style.gp"
ink = "#222222"
stats [*:*][*:*] table using ($4 > 0 && $4 < 1 ? $4 : NaN) nooutput
least_far = STATS_min
stats [*:*][*:*] table using ($5 > 0 && $5 < 1 ? $5 : NaN) nooutput
least_miss = STATS_min
rates = "0.000001 0.00001 0.0001 0.001 0.01 0.05 0.1 0.2 0.5 0.8 0.95"
names = "10^{-6} 10^{-5} 10^{-4} 10^{-3} 1%% 5%% 10%% 20%% 50%% 80%% 95%%"
set xtics () scale 0.5
set ytics () scale 0.5
do for [i=1:words(rates)] {
    r = real(word(rates, i))
    set xtics add ((r == 0.1 ? "" : word(names, i)) invnorm(r)) # 5, 10 and 20 lie close
    set ytics add (word(names, i) invnorm(r))
}
floor_of(least) = (sum [i=1:words(rates)] (real(word(rates, i)) <= least)) > 0 \
    ? real(word(rates, sum [i=1:words(rates)] (real(word(rates, i)) <= least))) : 1e-6
set xrange [invnorm(floor_of(least_far)):invnorm(0.8)]
set yrange [invnorm(floor_of(least_miss)):invnorm(0.8)]
set grid xtics ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.6 dashtype solid
set xlabel "false accept rate (FAR)"
set ylabel "miss rate (1 − TAR)"
set size square
set key off
plot table using ($4 > 0 && $4 < 1 && $5 > 0 && $5 < 1 ? invnorm($4) : NaN):(invnorm($5)) with lines \
    linecolor rgb ink linewidth 2 dashtype solid, \
    [0.000001:0.8] '+' using (invnorm($1)):(invnorm($1)) with lines linecolor rgb "#999999" linewidth 1 dashtype (4,4)
