"""gnuplot's SVG in fewer bytes with the same picture: what all its groups repeat stands once,
groups of one text become that text, neighbours alike become one, marks that nothing uses go. It must
not know what a figure shows."""

import re

COMMON = ' fill="none" color="black" stroke="currentColor"'
ENDS = ' stroke-linecap="butt" stroke-linejoin="miter"'  # as SVG has them anyway
GROUP = r'<g stroke-width="[\d.]+">'


def in_tag(tag):
    """Without spaces that part nothing, and zeros behind a number."""
    text = re.sub(r"\s+", " ", tag.group())
    text = re.sub(r" (?=['\">]|/>)", "", text) if "='" in text or text.endswith(" >") else text
    return re.sub(r'(="\d+)(?:\.0+|(\.\d*[1-9])0+)"', r'\1\2"', text)


def without_unused(svg):
    """Drop definitions as long as there are some that nothing refers to."""
    while True:
        unused = [name for name in re.findall(r"""\bid=["'](gp\w+|\w+box)["']""", svg)
                  if f"#{name}'" not in svg and f"#{name})" not in svg and f'#{name}"' not in svg]
        if not unused:
            return svg
        for name in unused:
            svg = re.sub(rf"<(\w+) [^>]*\bid=['\"]{name}['\"][^>]*(?:/>|>.*?</\1>)\s*", "", svg,
                         flags=re.S)


def slim(svg):
    svg = re.sub(r"<[^!?][^>]*>", in_tag, svg)
    svg = svg.replace(' class="gridline"', "").replace(ENDS, "").replace("<g" + COMMON, "<g")
    svg = svg.replace('<g id="gnuplot_canvas">', f'<g id="gnuplot_canvas"{COMMON}>', 1)
    svg = re.sub(r'(<rect [^>]*fill="#ffffff")/>', r'\1 stroke="none"/>', svg, count=1)  # the paper
    svg = re.sub(r">[ \t]*\n\s*<", ">\n<", svg)
    svg = re.sub(r"<text><tspan>([^<]*)</tspan></text>", r"<text>\1</text>", svg)
    svg = re.sub(r"<g (transform=[^>]*)>\n<text([^>]*)>((?:(?!</text>).)*)</text>\n</g>\n",
                 lambda m: f"<text {m[1]}{m[2]}>{m[3]}</text>\n" if m[3] else "", svg)
    svg = re.sub(GROUP + r"\n?</g>\n", "", svg)
    svg = re.sub(rf"({GROUP})((?:(?!</?g\b).)*)</g>(?:\n\1(?:(?!</?g\b).)*</g>)+",
                 lambda m: m[0].replace(f"</g>\n{m[1]}", ""), svg, flags=re.S)
    return re.sub(r"\n\n+", "\n", without_unused(svg))
