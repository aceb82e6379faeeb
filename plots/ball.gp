# ball.gp: one panel of features on the unit sphere, seen from afar: drawn by hand, so that the far
# side can be shown faint. Before loading: `features` and `weights` (tables of x, y, z, class), `block`
# (which of their blocks), `shown` (the series's name); margins, title and labels as the figure wants.
azimuth = 35 * pi / 180; height_angle = 24 * pi / 180
across(x, y) = -sin(azimuth) * x + cos(azimuth) * y
depth(x, y, z) = cos(height_angle) * (cos(azimuth) * x + sin(azimuth) * y) + sin(height_angle) * z
up(x, y, z) = -sin(height_angle) * (cos(azimuth) * x + sin(azimuth) * y) + cos(height_angle) * z
nearer(value, x, y, z) = depth(x, y, z) >= 0 ? value : NaN
# A class's colour, three parts white to one of it.
channel(colour, shift) = 192 + ((colour >> shift) & 255) / 4
faint(k) = (channel(class_colour(k), 16) << 16) + (channel(class_colour(k), 8) << 8) \
    + channel(class_colour(k), 0)
circle_x(angle, t) = cos(angle) * cos(t)
circle_y(angle, t) = cos(angle) * sin(t)
unset border; unset xtics; unset ytics; unset grid; unset xlabel; unset ylabel; unset key
set xrange [-1.16:1.16]; set yrange [-1.16:1.16]
set parametric; set trange [0:2*pi]; set samples 200
plot cos(t), sin(t) with lines linecolor rgb "#b0b0b0" linewidth 1 dashtype solid notitle, \
    for [k=-2:2] \
        '+' using (across(circle_x(k*pi/6, $1), circle_y(k*pi/6, $1))): \
            (nearer(up(circle_x(k*pi/6, $1), circle_y(k*pi/6, $1), sin(k*pi/6)), circle_x(k*pi/6, $1), \
                circle_y(k*pi/6, $1), sin(k*pi/6))) with lines linetype 20 notitle, \
    for [k=0:5] \
        '+' using (across(cos($1)*cos(k*pi/6), cos($1)*sin(k*pi/6))): \
            (nearer(up(cos($1)*cos(k*pi/6), cos($1)*sin(k*pi/6), sin($1)), cos($1)*cos(k*pi/6), \
                cos($1)*sin(k*pi/6), sin($1))) with lines linetype 20 notitle, \
    features index block using (across($1, $2)):(depth($1, $2, $3) < 0 ? up($1, $2, $3) : NaN): \
        (faint($4)) with points pointtype 7 pointsize 0.25 linecolor rgb variable title shown, \
    weights index block using (across($1, $2)):(depth($1, $2, $3) < 0 ? up($1, $2, $3) : NaN): \
        (faint($4)) with points pointtype 2 pointsize 1 linewidth 1.5 linecolor rgb variable notitle, \
    features index block using (across($1, $2)):(depth($1, $2, $3) >= 0 ? up($1, $2, $3) : NaN): \
        (class_colour($4)) with points pointtype 7 pointsize 0.25 linecolor rgb variable notitle, \
    weights index block using (across($1, $2)):(depth($1, $2, $3) >= 0 ? up($1, $2, $3) : NaN) \
        with points pointtype 2 pointsize 1.2 linewidth 2 linecolor rgb "#000000" notitle
unset parametric
set border 3; set grid linetype 20
