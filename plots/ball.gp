# ball.gp: one panel of features on the unit sphere, seen from afar: drawn by hand, so that the far
# side can be shown faint. Before loading: `features` (the table of samples and class weights), `block`
# (which of its blocks), `shown` (the series's name); margins, title and labels as the figure wants.
azimuth = 35 * pi / 180; height_angle = 24 * pi / 180
across(x, y) = -sin(azimuth) * x + cos(azimuth) * y
depth(x, y, z) = cos(height_angle) * (cos(azimuth) * x + sin(azimuth) * y) + sin(height_angle) * z
up(x, y, z) = -sin(height_angle) * (cos(azimuth) * x + sin(azimuth) * y) + cos(height_angle) * z
nearer(value, x, y, z) = depth(x, y, z) >= 0 ? value : NaN
# A point of the table on the picture, across (1) and up (2), on the side that is meant.
is_far(c) = depth(direction(3), direction(4), direction(5)) < 0
place_at(k) = (k == 1 ? across(direction(3), direction(4)) : up(direction(3), direction(4), direction(5)))
far(k) = (is_far(0) ? place_at(k) : NaN)
near(k) = (is_far(0) ? NaN : place_at(k))
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
    features index block using (sample(far(1))):(far(2)):(faint($6)) with points \
        pointtype 7 pointsize 0.25 linecolor rgb variable title shown, \
    features index block using (weight(far(1))):(far(2)):(faint($6)) with points \
        pointtype 2 pointsize 1 linewidth 1.5 linecolor rgb variable notitle, \
    features index block using (sample(near(1))):(near(2)):(class_colour($6)) with points \
        pointtype 7 pointsize 0.25 linecolor rgb variable notitle, \
    features index block using (weight(near(1))):(near(2)) with points \
        pointtype 2 pointsize 1.2 linewidth 2 linecolor rgb "#000000" notitle
unset parametric
set border 3; set grid linetype 20
