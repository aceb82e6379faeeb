"""mutate.py: faults by rule. Finds a function by its name in C sources, and in its body the places
where a rule applies; puts every fault beside the function, to be chosen by a number at run time.

It reads tokens, not lines: a file moved, a line broken elsewhere or a comment reworded changes
nothing. It knows no test and runs nothing.
"""
import re
from collections import namedtuple

TOKEN = re.compile(r"""
    (?P<blank>\s+|/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<operator>->|\+\+|--|<<=|>>=|<<|>>|\#\#|[<>=!&|+\-*/%^]=|&&|\|\||\.\.\.|.)""", re.S | re.M | re.X)
Token = namedtuple("Token", "kind text start end")
Function = namedtuple("Function", "name path text tokens first name_at open close")

PRECEDENCE = {text: level for level, row in enumerate(
    ("= += -= *= /= |= &=", "?", "||", "&&", "|", "^", "&", "== !=", "< <= > >=", "<< >>", "+ -",
     "* / %")) for text in row.split()}
CLOSING = {"(": ")", "[": "]", "{": "}"}
OPENING = {close: open_ for open_, close in CLOSING.items()}
TYPES = set("const float double int size_t char void unsigned uint64_t uint32_t int64_t int32_t "
            "__mmask16 *".split())
RELATION = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "+=": "-=", "-=": "+="}
LOGIC = {"&&": "||", "||": "&&"}


class RuleError(Exception):
    """A row of the table that is no mutant."""


# ---- functions ----------------------------------------------------------------------------------

def tokens_of(text):
    return [Token(m.lastgroup, m.group(), m.start(), m.end()) for m in TOKEN.finditer(text)
            if m.lastgroup != "blank"]


def matching(tokens, at, step):
    """Where the bracket at `at` is closed (step 1) or was opened (step -1)."""
    depth = 0
    while 0 <= at < len(tokens):
        depth += (tokens[at].text in CLOSING) - (tokens[at].text in OPENING)
        if depth == 0:
            return at
        at += step
    raise RuleError("unbalanced brackets")


def functions_in(path, text):
    """The functions that a file defines, and its macros with parameters, whose bodies are taken for
    statements."""
    text = text.replace("\\\n", "  ")
    for macro in re.finditer(r"^#define (\w+)\([^)]*\)(.*)", text, re.M):
        start, end = macro.span(2)
        body = [Token(t.kind, t.text, t.start + start, t.end + start)
                for t in tokens_of(text[start:end])]
        tokens = [Token("operator", "{", start, start), *body, Token("operator", "}", end, end)]
        yield Function(macro.group(1), path, text, tokens, 0, 0, 0, len(tokens) - 1)
    tokens, at = tokens_of(text), 0
    while at < len(tokens):
        if tokens[at].text != "{":
            at += 1
            continue
        close = matching(tokens, at, 1)
        if at > 0 and tokens[at - 1].text == ")":
            name = first = matching(tokens, at - 1, -1) - 1
            while first > 0 and (tokens[first - 1].kind == "name" or tokens[first - 1].text == "*"):
                first -= 1
            if first < name:
                yield Function(tokens[name].text, path, text, tokens, first, name, at, close)
        at = close + 1


def parameters(function):
    """Their names."""
    tokens, names, depth = function.tokens, [], 0
    for i in range(function.name_at + 1, function.open):
        depth += (tokens[i].text in CLOSING) - (tokens[i].text in OPENING)
        ends = depth == 1 and tokens[i].text == "," or depth == 0
        if ends or depth == 2 and tokens[i].text == "[":
            if tokens[i - 1].kind == "name" and tokens[i - 1].text != "void":
                names.append(tokens[i - 1].text)
    return names


# ---- expressions --------------------------------------------------------------------------------

def is_binary(tokens, i):
    """Is it an operator between two operands?"""
    if tokens[i].text not in PRECEDENCE or i == 0:
        return False
    before = tokens[i - 1]
    if before.text == ")":
        inside = tokens[matching(tokens, i - 1, -1) + 1:i - 1]
        return not inside or not all(t.text in TYPES for t in inside)  # no cast
    if before.kind == "name" and tokens[i].text == "*":
        earlier = tokens[i - 2].text
        if earlier in (";", "}", "const", "static") or earlier == "{" and tokens[i - 3].text != "=":
            return False  # a declaration: no statement is a product
    return before.kind in ("number", "text") or before.text in ("]", "++", "--") or (
        before.kind == "name" and before.text not in TYPES | {"return", "sizeof"})


def end_of_right(tokens, i, level):
    """Past the right operand of an operator of this level at i."""
    i += 1
    while tokens[i].text not in (")", "]", "}", ",", ";", ":"):
        if is_binary(tokens, i) and PRECEDENCE[tokens[i].text] <= level:
            break
        i = (matching(tokens, i, 1) if tokens[i].text in CLOSING else i) + 1
    return i


def start_of_left(tokens, i, level):
    """Where the left operand of an operator of this level at i begins."""
    while True:
        before = tokens[i - 1].text
        if before in ("(", "[", "{", ",", ";", ":", "return", "}"):
            return i
        if is_binary(tokens, i - 1) and PRECEDENCE[before] < level:
            return i
        i = matching(tokens, i - 1, -1) if before in OPENING else i - 1


def statement_of(tokens, i, first):
    """From the first token of the statement that i is in, past its semicolon or to its block."""
    start, end = i, i
    while tokens[end].text not in (";", "}"):
        close = matching(tokens, end, 1) if tokens[end].text in CLOSING else end
        if tokens[end].text == "{" and tokens[close - 1].text in (";", "}"):
            break
        end = close + 1
    while start > first and tokens[start - 1].text not in (";", "{", "}", "else"):
        if tokens[start - 1].text == ")":
            open_ = matching(tokens, start - 1, -1)
            if tokens[open_ - 1].text in ("if", "for", "while"):
                break
            start = open_
        else:
            start -= 1
    return start, end + 1


def words_beside(function, i):
    return [t.text for t in function.tokens[slice(*statement_of(function.tokens, i, function.open + 1))]]


# ---- rules: what each finds is a list of edits, (from token, past token, text) --------------------

def source(tokens, start, end, text):
    return text[tokens[start].start:tokens[end - 1].end] if start < end else ""


def operators(f, table):
    for i in range(f.open + 1, f.close):
        if f.tokens[i].text in table and is_binary(f.tokens, i):
            yield f.tokens[i].text, [(i, i + 1, table[f.tokens[i].text])]


def operands(f, left):
    """A binary operator goes with its left or its right operand."""
    for i in range(f.open + 1, f.close):
        word, tokens = f.tokens[i].text, f.tokens
        if word in ("+", "-", "*", "/", "&&", "||", "%") and is_binary(tokens, i):
            level = PRECEDENCE[word]
            if not left:
                yield word, [(i, end_of_right(tokens, i, level), "")]
                continue
            start = start_of_left(tokens, i, level)
            start += tokens[start].text in ("-", "!") and start + 1 < i
            yield word, [(start, i + 1, {"/": "1.0 /", "-": "-"}.get(word, ""))]


def conditions(f, form):
    tokens = f.tokens
    for i in range(f.open + 1, f.close):
        if tokens[i].text in ("if", "while"):
            start, end = i + 2, matching(tokens, i + 1, 1)
        elif tokens[i].text == "?":
            start, end = start_of_left(tokens, i, PRECEDENCE["?"]), i
        else:
            continue
        yield tokens[i].text, [(start, end, form.format(source(tokens, start, end, f.text)))]


def unary(f, word):
    for i in range(f.open + 1, f.close):
        if f.tokens[i].text == word and not is_binary(f.tokens, i):
            yield f.tokens[i + 1].text, [(i, i + 1, "")]


def constants(f, form):
    for i in range(f.open + 1, f.close):
        if f.tokens[i].kind == "number":
            yield f.tokens[i].text, [(i, i + 1, form.format(f.tokens[i].text))]


def statements(f):
    """Every simple statement that is no declaration, by any word in it."""
    tokens, at = f.tokens, f.open + 1
    while at < f.close:
        if tokens[at].text in ("if", "for", "while", "switch"):
            at = matching(tokens, at + 1, 1) + 1
        elif tokens[at].text in ("{", "}", "else", ";", "do"):
            at += 1
        else:
            start, at = statement_of(tokens, at, f.open + 1)
            words = [t.text for t in tokens[start:at]]
            declares = tokens[start].kind == "name" and words[0] != "return" and (
                tokens[start + 1].kind == "name" or
                words[1] == "*" and tokens[start + 2].kind == "name")
            if not declares:
                yield words, [(start, at, ";")]


def replacements(f, old, new):
    """One sequence of tokens for another."""
    want = [t.text for t in tokens_of(old)]
    for i in range(f.open + 1, f.close - len(want) + 1):
        if [t.text for t in f.tokens[i:i + len(want)]] == want:
            yield old, [(i, i + len(want), new)]


def bounds(f, name, form):
    """A variable or a member, off by one."""
    for old, [(start, end, _)] in replacements(f, name, ""):
        while f.tokens[start - 1].text in ("->", "."):
            start -= 2
        yield old, [(start, end, form.format(source(f.tokens, start, end, f.text)))]


def swaps(f, one, other):
    """Two words change places in a statement."""
    done = f.open
    for i in range(f.open + 1, f.close):
        if f.tokens[i].text == one and i >= done:
            start, done = statement_of(f.tokens, i, f.open + 1)
            names = {one: other, other: one}
            edits = [(k, k + 1, names[f.tokens[k].text]) for k in range(start, done)
                     if f.tokens[k].text in names]
            if len({new for _, _, new in edits}) == 2:
                yield one, edits


def arguments(f, i):
    """(start, end) of each argument of the call whose bracket opens at i."""
    close, start, k = matching(f.tokens, i, 1), i + 1, i + 1
    while k <= close:
        if k == close or f.tokens[k].text == ",":
            yield start, k
            start = k + 1
        k = (matching(f.tokens, k, 1) if f.tokens[k].text in CLOSING else k) + 1


def fusions(f, add, multiply, fused):
    """add(c, multiply(a, b)) becomes fused(a, b, c)."""
    for i in range(f.open + 1, f.close - 1):
        if f.tokens[i].text == add and f.tokens[i + 1].text == "(":
            (start, end), (at, last) = arguments(f, i + 1)
            if f.tokens[at].text == multiply:
                factors = source(f.tokens, at + 2, last - 1, f.text)
                term = source(f.tokens, start, end, f.text)
                yield add, [(i, last + 1, f"{fused}({factors}, {term})")]


def calls(f, name, form):
    """A call becomes what `form` makes of its arguments, {1} being the first."""
    for i in range(f.open + 1, f.close - 1):
        if f.tokens[i].text == name and f.tokens[i + 1].text == "(":
            given = [source(f.tokens, *span, f.text) for span in arguments(f, i + 1)]
            first = i
            while f.tokens[first - 1].text in ("->", "."):
                first -= 2
            end = matching(f.tokens, i + 1, 1) + 1
            yield name, [(first, end, form.format(None, *given))]


RULES = {
    "relation": lambda f: operators(f, RELATION),        # < and <=, > and >=, == and !=
    "arithmetic": lambda f: operators(f, ARITHMETIC),    # + and -, * and /
    "logic": lambda f: operators(f, LOGIC),              # && and ||
    "assign": lambda f: operators(f, {"+=": "=", "*=": "="}),
    "left": lambda f: operands(f, True),                 # a + b: b
    "right": lambda f: operands(f, False),               # a + b: a
    "negate": lambda f: conditions(f, "!({})"),          # of if, while and ?
    "true": lambda f: conditions(f, "1"),
    "false": lambda f: conditions(f, "0"),
    "sign": lambda f: unary(f, "-"),
    "not": lambda f: unary(f, "!"),
    "plus": lambda f: constants(f, "({} + 1)"),
    "minus": lambda f: constants(f, "({} - 1)"),
    "nudge": lambda f: constants(f, "({} * (1 + 0x1p-18f))"),
    "drop": statements,
    "swap": swaps,                                       # swap:a:b
    "less": lambda f, name: bounds(f, name, "({} - 1)"),
    "more": lambda f, name: bounds(f, name, "({} + 1)"),
    "replace": replacements,                             # replace:a:b
    "fuse": fusions,                                     # fuse:add:mul:fma
    "call": calls,                                       # call:name:{2}, call:name:0.0
}
ARGUMENTS = {"fuse": 3, "swap": 2, "less": 1, "more": 1, "replace": 2, "call": 2}


def edits_of(function, rule):
    """One list of edits for each mutant of the rule: NAME[:ARGUMENT...][:ONLY][~WORD][#WHICH]. ONLY
    is what the place itself holds, WORD stands in the same statement; WHICH: a number, several with
    commas, `each`, or `all` at once."""
    rule, _, which = rule.partition("#")
    where, _, beside = rule.partition("~")
    name, *words = where.split(":")
    taken = ARGUMENTS.get(name, 0)
    if name not in RULES or not taken <= len(words) <= taken + 1:
        raise RuleError(f"no rule {rule}")
    found = [edits for here, edits in RULES[name](function, *words[:taken])
             if len(words) == taken or words[taken] == here or
             isinstance(here, list) and words[taken] in here]
    found = [edits for edits in found if not beside or beside in words_beside(function, edits[0][0])]
    if not found:
        raise RuleError(f"{rule} applies nowhere in {function.name} ({function.path})")
    if which == "all":
        return [[edit for edits in found for edit in edits]]
    if which == "each":
        return found
    numbers = [int(word) for word in which.split(",")] if which else [1]
    if max(numbers) > len(found) or which == "" and len(found) > 1:
        places = "".join(f"\n    #{n} {context(function, edits)}" for n, edits in enumerate(found, 1))
        raise RuleError(f"{rule} applies {len(found)} times in {function.name}, say where:{places}")
    return [found[n - 1] for n in numbers]


def context(function, edits):
    """Where a fault is: what it replaces, between two marks, with what stands round it."""
    tokens, text = function.tokens, function.text
    start, end = edits[0][0], edits[0][1]
    before = source(tokens, max(start - 8, function.open), start, text)
    after = source(tokens, end, min(end + 5, function.close), text)
    line = f"{before} [{source(tokens, start, end, text)} => {edits[0][2]}] {after}"
    return " ".join(line.split())


# ---- faults beside their function -----------------------------------------------------------------

def spliced(function, edits):
    """Its text with the edits."""
    tokens, text = function.tokens, function.text
    parts, at = [], tokens[function.first].start
    for start, end, new in sorted(edits):
        parts += [text[at:tokens[start].start], " " + new + " "]
        at = tokens[end - 1].end
    return "".join(parts) + text[at:tokens[function.close].end]


def edited(function, edits, suffix):
    """The function under another name, with its edits."""
    name = (function.name_at, function.name_at + 1, function.name + suffix)
    words = [t.text for t in function.tokens[function.first:function.name_at]]
    return ("" if "static" in words else "static ") + spliced(function, [*edits, name])


def with_faults(function, faults):
    """The text that stands for the function: each fault, the function itself, and the choice among
    them by the number that a fault has. faults: number -> edits."""
    tokens = function.tokens
    if function.open == function.first:  # a macro
        parts = [f" if (margin_mutant == {n}) {{{spliced(function, edits)}}} else"
                 for n, edits in faults.items()]
        return "".join(parts) + f" {{{spliced(function, [])}}}"
    head = function.text[tokens[function.first].start:tokens[function.open].start]
    given = ", ".join(parameters(function))
    cases = "".join(f" case {n}: return {function.name}_fault_{n}({given});" for n in faults)
    parts = [edited(function, edits, f"_fault_{n}") for n, edits in faults.items()]
    parts += [edited(function, [], "_right"),
              f"{head}{{ switch (margin_mutant) {{{cases} }} return {function.name}_right({given}); }}"]
    return "\n".join(parts)
