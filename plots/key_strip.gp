# key_strip.gp: the strip below the panels that holds the key of the whole figure. `strip` is the
# share of the figure's height that it takes; plot -1 and `keyentry`s after loading it.
set lmargin at screen 0.01; set rmargin at screen 0.99
set bmargin at screen 0; set tmargin at screen strip
unset border; unset tics; unset grid; unset xlabel; unset ylabel; unset label; unset title
unset arrow; unset object; unset logscale
set xrange [0:1]; set yrange [0:1]
set key center center horizontal Left reverse samplen 3 width 1 spacing 1.4
