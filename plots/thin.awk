# thin.awk: gnuplot's SVG in fewer bytes and elements, with the same look. Dots of one colour that
# follow one another become one path with round caps, filled polygons likewise; coordinates keep a
# tenth of a pixel; the font is named once; empty groups go. The order of drawing stays. It must not
# know what a figure shows. With -v name=NAME, the figure's title, and -v font=FAMILIES.

# The numbers in a text, with one decimal.
function rounded(text,    out, number) {
    while (match(text, /-?[0-9]+\.[0-9]+/)) {
        number = sprintf("%.1f", substr(text, RSTART, RLENGTH))
        sub(/\.0$/, "", number)
        out = out substr(text, 1, RSTART - 1) (number == "-0" ? "0" : number)
        text = substr(text, RSTART + RLENGTH)
    }
    return out text
}

# Rounds what follows `start` in the line up to `end`; up to the line's end, and on in the next
# line, where `end` is missing.
function round_between(line, start, end,    from, length_inside) {
    if (!inside) {
        from = index(line, start)
        if (!from) return line
        from += length(start)
    } else from = 1
    length_inside = index(substr(line, from), end) - 1
    inside = length_inside < 0
    if (inside) length_inside = length(line)
    return substr(line, 1, from - 1) rounded(substr(line, from, length_inside)) \
        substr(line, from + length_inside)
}

# rgb(r, g, b) as the web writes it.
function hex_colours(line,    channel) {
    while (match(line, /rgb\([ 0-9,]*\)/)) {
        split(substr(line, RSTART + 4, RLENGTH - 5), channel, ",")
        line = substr(line, 1, RSTART - 1) \
            sprintf("#%02x%02x%02x", channel[1], channel[2], channel[3]) \
            substr(line, RSTART + RLENGTH)
    }
    return line
}

# The value of an attribute.
function value_of(line, attribute,    found) {
    if (!match(line, attribute " *= *'[^']*'")) return ""
    found = substr(line, RSTART, RLENGTH - 1)
    return substr(found, index(found, "'") + 1)
}

# Prints what is held back: a path of several elements, or a group's first line.
function release() {
    if (look != "") print look " d='" path "'/>"
    if (group != "") print group
    look = path = group = ""
}

function add_to_path(new_look, piece) {
    if (new_look != look) release()
    look = new_look
    path = path piece
}

function is_dot(line) { return line ~ /^[ \t]*<use xlink:href='#gpPt6' transform=[^>]*\/>$/ }
function is_polygon(line) { return line ~ /^[ \t]*<polygon fill = '[^']*' points = '[^']*'\/>$/ }

function add_dot(line,    part) {
    split(line, part, /[(),]/)
    add_to_path("<path fill='none' stroke-linecap='round' stroke='" value_of(line, "color") \
        "' stroke-width='" (2 + outline) * part[5] "'", "M" rounded(part[2] " " part[3]) "h0")
}

function add_polygon(line,    points) {
    points = rounded(value_of(line, "points"))
    sub(/ +$/, "", points)
    add_to_path("<path fill='" value_of(line, "fill") "'", "M" points "z")
}

function add_other(line) {
    if (!inside) line = round_between(line, "translate(", ")")
    line = round_between(line, line ~ / points = '/ ? " points = '" : " d='", "'")
    release()
    if (line ~ /^[ \t]*<g [^>]*>$/) group = line
    else print line
}

function add(line) {
    if (is_dot(line)) add_dot(line)
    else if (is_polygon(line)) add_polygon(line)
    else if (group != "" && line == "</g>") group = "" # it has no content
    else add_other(line)
}

{
    $0 = hex_colours($0)
    gsub(/ font-family="[^"]*"/, "")
    sub(/<title>gnuplot_plot_[0-9a-z]*<\/title>/, "")
    sub(/<title>Gnuplot<\/title>/, "<title>" name "</title>")
    if (index($0, "id='gpPt5'")) outline = value_of($0, "stroke-width") # of a dot's circle
    sub(/^<svg/, "<svg font-family=\"" font "\"")
    while (place = index($0, "/>\t<")) { # two elements in one line
        add(substr($0, 1, place + 1))
        $0 = substr($0, place + 2)
    }
    add($0)
}

END { release() }
