"""From MODULE:NAME to something that can be called: finds the name, and constructs a class with the
sizes, the scale and the margins that its constructor asks for."""

import ast
import functools
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path

from .claim import UsageError

CLASSES = (
    "num_classes",
    "classes",
    "n_classes",
    "num_class",
    "class_num",
    "classnum",
    "out_features",
)
DIMS = ("embedding_size", "embedding_dim", "in_features", "feature_dim", "feat_dim", "dim")
SCALES = ("scale", "s")
MARGINS = {"margin": ("margin", "m"), "m1": ("m1",), "m2": ("m2",), "m3": ("m3",)}


def find(target):
    """The object that MODULE:NAME or path/to/file.py:NAME names."""
    module, _, name = target.rpartition(":")
    if not module or not name:
        raise UsageError("%s is not MODULE:NAME or FILE.py:NAME" % target)
    try:
        found = from_file(module) if module.endswith(".py") else importlib.import_module(module)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported
        raise UsageError(
            "%s cannot be imported: %s: %s" % (module, type(error).__name__, first_line(error))
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError("%s has no %s" % (module, name))
        found = getattr(found, part)
    if not callable(found):
        raise UsageError("%s is %s, not a class or a function" % (target, kind(found)))
    return found


def from_file(path):
    path = Path(path)
    if not path.is_file():
        raise UsageError("%s: no such file" % path)
    name = "margin_checked_" + path.stem  # a name that hides no other module
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


def first_line(error):
    return (str(error).strip().splitlines() or [""])[0]


def kind(found):
    """What an object is, with its article: a tuple, an int, None."""
    if found is None:
        return "None"
    name = type(found).__name__
    return "%s %s" % ("an" if name[0].lower() in "aeiou" else "a", name)


def options(text):
    """{"margin": 28.6} from "margin=28.6,easy=True"; what is no Python literal stays a string."""
    values = {}
    for part in filter(None, pieces(text or "")):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError("--args %s: '%s' is not NAME=VALUE" % (text, part))
        try:
            values[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            values[name.strip()] = value.strip()
    return values


def pieces(text):
    """The text between the commas that stand outside brackets and quotes."""
    found, depth, quote = [""], 0, ""
    for letter in text:
        if quote or letter in "'\"":
            quote = "" if letter == quote else quote or letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if letter == "," and not quote and depth <= 0:
            found.append("")
        else:
            found[-1] += letter
    return found


def parameters(found):
    try:
        return inspect.signature(found).parameters
    except (TypeError, ValueError):
        return {}


def first_of(names, known):
    return next((name for name in names if name in known), None)


class Maker:
    """Makes the loss under judgement for a scale and a shape (C, D). `scales` says whether the
    scale can be chosen, `sizes` whether the shape can."""

    def __init__(self, found, claim, margin_given, extra):
        self.found, self.extra = found, dict(extra)
        self.is_class = inspect.isclass(found)
        known = parameters(found)
        self.open = any(p.kind == p.VAR_KEYWORD for p in known.values())
        self.scale_name = first_of(SCALES, known) if not set(SCALES) & set(extra) else None
        self.scales = self.scale_name is not None
        for name, names in MARGINS.items():
            value = (
                margin_given
                if name == "margin"
                else (getattr(claim, name) if name in claim.given else None)
            )
            place = first_of(names, known)
            if value is not None and place and place not in extra and not set(names) & set(extra):
                self.extra[place] = value
        self.sizes = self.ways = None
        if self.is_class:
            self.ways = self.constructions(known)

    def constructions(self, known):
        """How the constructor may want the sizes: ways to turn (C, D) into arguments."""
        c, d = first_of(CLASSES, known), first_of(DIMS, known)
        by_name = [lambda C, D, c=c, d=d: ((), {c: C, d: D})] if c and d else []
        if by_name:
            return by_name
        needed = [
            p
            for name, p in known.items()
            if name not in self.extra
            and p.default is p.empty
            and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        plain = lambda C, D: ((), {})  # noqa: E731
        named = lambda C, D: ((), {"num_classes": C, "embedding_size": D})  # noqa: E731
        if len(needed) == 2:
            return [lambda C, D: ((C, D), {})]
        if len(needed) == 1 and c:
            return [lambda C, D, c=c: ((), {c: C})]
        return [named, plain] if self.open and not needed else [plain]

    def make(self, scale, shape):
        """A new loss object, or the function with its options filled in."""
        extra = dict(self.extra)
        if self.scale_name:
            extra[self.scale_name] = scale
        if not self.is_class:
            return functools.partial(self.found, **extra) if extra else self.found
        errors = []
        for way in self.ways:
            places, names = way(*shape)
            try:
                return self.found(*places, **names, **extra)
            except (Exception, SystemExit) as error:  # a constructor may refuse in any way
                errors.append("%s: %s" % (type(error).__name__, first_line(error)))
        raise UsageError(
            '%s cannot be constructed: %s (its options go into --args "NAME=VALUE")'
            % (self.found.__name__, errors[0])
        )
