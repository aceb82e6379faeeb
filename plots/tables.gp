# tables.gp: reading tables: lists of what stands in them, as gnuplot's word() takes them. It must not
# know any data. draw.sh sets `tables`, the folder, and where the run has them `losses_table`.
#
# A table of several series has the series' label and loss (or kind) in its first two columns and is
# divided into gnuplot's blocks: `table = file("x.tsv"); eval read_series` sets `series` and `count`.
set encoding utf8
set datafile separator tab
set datafile missing NaN
file(table) = sprintf("%s/%s", tables, table)
quoted(text) = sprintf(' "%s"', text)
# gather(NAME, WHAT, WHEN), to be evaluated: the list NAME of the texts WHAT, each once, of the rows
# WHEN that is so, in the order of `table`.
gather(name, what, when) = sprintf("%s = ''; stats [*:*][*:*] table using ((%s) && !strstrt(%s, quoted(%s)) ? (%s = %s.quoted(%s), 0) : 0) nooutput", \
    name, when, name, what, name, name, what)
# The block of a row, and of those WHEN that is so a list.
block_number = "sprintf('%d', column(-2) + 1)"
blocks(name, when) = gather(name, block_number, when)
read_series = "series = ''; last = -1; stats [*:*][*:*] table using (last != column(-2) ? (series = series.quoted(strcol(1)).quoted(strcol(2)), last = column(-2), 0) : 0) nooutput; count = words(series) / 2"
label_of(i) = greek(word(series, 2 * i - 1))
loss_of(i) = word(series, 2 * i)
greek(text) = (strstrt(text, "lambda") ? text[1:strstrt(text, "lambda")-1]."λ".text[strstrt(text, "lambda")+6:*] : text)
# The k-th number of a list (1 when the list is empty: gnuplot reads an empty loop's body, too).
nth(list, k) = (words(list) ? int(word(list, k)) : 1)
# All cells of a table of so many columns: cell(i, k) and number(i, k) of `count` rows.
read_cells = "cells = ''; stats [*:*][*:*] table using (sum [k=1:columns_] (cells = cells.quoted(strcol(k)), 0)) nooutput; count = words(cells) / columns_"
cell(i, k) = word(cells, columns_ * (i - 1) + k)
number(i, k) = real(cell(i, k))
# Pictures of embeddings: the columns are series, loss, x, y, z, class, and 1 for a class weight. A
# column's part of the direction; and on a thin ring, spread evenly (golden section) so that dots do
# not hide each other.
distance(x, y, z) = (x == 0 && y == 0 && z == 0 ? 1 : sqrt(x * x + y * y + z * z))
direction(c) = column(c) / distance(column(3), column(4), column(5))
turns(i) = i * 0.6180339887 - floor(i * 0.6180339887)
on_ring(c) = direction(c) * (1 - 0.16 * turns(column(0)))
sample(value) = (column(7) == 0 ? value : NaN)
weight(value) = (column(7) == 1 ? value : NaN)
