# style.gp: how every figure looks: terminals, fonts, one colour, dash and marker per loss. It must
# not know any data.
#
# A figure sets `width` and `height` in pixels, then loads this file, after tables.gp. draw.sh sets
# `format` (svg, png or pdf), `out` (the file to write) and `losses_table`, where the run has one.

face = "Liberation Sans"
if (format eq "svg") {
    # White in a dark page, too.
    set terminal svg size width,height font sprintf("%s,13", face) linewidth 1.2 dashlength 0.7 \
        background "#ffffff"
}
if (format eq "png") {
    set terminal pngcairo size 2*width,2*height font sprintf("%s,13", face) fontscale 2 \
        linewidth 2.4 pointscale 2 dashlength 0.7
}
if (format eq "pdf") {
    set terminal pdfcairo size width/96.0,height/96.0 font sprintf("%s,10", face) \
        linewidth 1.2 dashlength 0.7
}
set output out

# The losses of the run, in the library's order; a loss beyond the colours has the seventh.
losses = ""; loss_titles = ""
if (exists("losses_table")) {
    stats losses_table using (losses = losses." ".strcol(1), loss_titles = loss_titles." ".strcol(2), 0) nooutput
}

# Colours after Okabe and Ito: told apart by colour-blind eyes; dash and marker serve grey paper.
colours = "#8c8c8c #000000 #e69f00 #0072b2 #d55e00 #009e73 #cc79a7 #56b4e9"
markers = "4 6 8 12 7 10 14 5"
set linetype 1 dashtype (9,5)
set linetype 2 dashtype (3,3)
set linetype 3 dashtype (12,4,3,4)
set linetype 4 dashtype (7,3)
set linetype 5 dashtype solid
set linetype 6 dashtype (2,2,7,2)
set linetype 7 dashtype (4,2)
set linetype 8 dashtype (12,3)
# 11 to 18 are 1 to 8 in solid lines.
do for [k=1:8] {
    set linetype k linecolor rgb word(colours, k) pointtype int(word(markers, k)) linewidth 2
    set linetype k + 10 linecolor rgb word(colours, k) pointtype int(word(markers, k)) linewidth 2 \
        dashtype solid
}
place(loss) = (sum [i=1:words(losses)] (word(losses, i) eq loss) * i)
style_of(loss) = (place(loss) && place(loss) < 9 ? place(loss) : 7)
pretty(loss) = (place(loss) ? word(loss_titles, place(loss)) : loss)

# Classes of the toy figures, by number: Tol's muted colours, none of which is a loss's.
class_colours = "0x332288 0x88ccee 0x44aa99 0x117733 0x999933 0xddcc77 0xcc6677 0x882255 0xaa4499 0x661100"
class_colour(k) = int(word(class_colours, int(k) % words(class_colours) + 1))

frame = "#4d4d4d"
set border 3 linecolor rgb frame linewidth 1
set tics nomirror out scale 0.6 textcolor rgb frame
set linetype 20 linecolor rgb "#d9d9d9" linewidth 0.8 dashtype solid
set grid linetype 20
set key noautotitle noenhanced

# The letter of a figure's k-th panel, left above it; to be evaluated.
letters = "abcdefghijklmnopqrstuvwxyz"
lettered(k) = sprintf("set label 99 '{/:Bold %s}' at graph 0, graph 1 right offset character -0.6, 0.95", letters[k:k])
