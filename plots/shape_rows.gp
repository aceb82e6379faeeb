# shape_rows.gp: figures with a row per shape and a panel per number of threads: sizes, rows and axes.
# It must not know what is drawn. Set `table`, `panel_width`, `row_height`, `key_height` and load it; it
# loads style.gp and series.gp. Then per panel c: load "shape_panel.gp", plot; at last the key strip.
#
# Columns of the table: shape, order, threads, value, low, high; its blocks: series and kind.
blocks = system(sprintf("sed -n 's/^# //p' '%s/%s'", tables, table))
count = words(blocks) / 2
rows_of = "awk -F'\t' 'NF == 6 { print %s }' '".tables."/".table."' | "
threads = system(sprintf(rows_of, "$3")."sort -nu | sed -n '1p;$p' | uniq | tr '\n' ' '")
shapes = system(sprintf(rows_of, "$2 \"\t\" $1")."sort -n | uniq | cut -f2 | tr ' \n' '_ '")
left = 190.0; gap = 30.0; top = 36.0; foot = 54.0
panel_height = row_height * words(shapes) + 10
if (panel_height < 140) { panel_height = 140.0 }
width = int(left + words(threads) * (panel_width + gap))
height = int(top + panel_height + foot + key_height)
strip = (key_height - 6.0) / height
load "style.gp"
load "series.gp"
row_of(shape) = (sum [j=1:words(shapes)] (spaced(word(shapes, j)) eq shape) * j)
shift(i) = 0.7 * (i - (count + 1) / 2.0) / count
# The blocks that have a value at so many threads.
present(t) = system(sprintf("awk -F'\t' '/^#/ { i++ } NF == 6 && $3 == %d && !seen[i]++ { printf \"%%d \", i }' '%s/%s'", t, tables, table))
least = real(system(sprintf(rows_of, "$5")."sort -g | head -n 1"))
most = real(system(sprintf(rows_of, "$6")."sort -g | tail -n 1"))
set multiplot
unset key
unset mxtics
set xtics nomirror out format "%g" font ",11" offset 0, 0.3
set errorbars 0.4
set yrange [words(shapes) + 0.6:0.4]
