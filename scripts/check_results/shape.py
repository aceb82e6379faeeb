"""shape.py: whether a result file has the shape that results/schema.json gives it. Must not know
what its numbers mean."""

import json
import os

from jsonschema import Draft202012Validator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMA = os.path.join(ROOT, "results", "schema.json")
MOST = 10  # lines about one file
LONGEST = 160  # characters of a line


def place_of(error):
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}"
                    for step in error.absolute_path)
    return place.lstrip(".") or "the file"


def line_of(error):
    said = " ".join(error.message.split())
    # The value at fault may be a whole table: what is wrong with it stands at the end.
    return f"{place_of(error)}: " + (said if len(said) < LONGEST else "... " + said[-LONGEST:])


def faults_of(name, value):
    """A line for each fault of a file's object, tables expanded; `name`: of its definition."""
    with open(SCHEMA, encoding="utf-8") as stream:
        definitions = json.load(stream)["$defs"]
    validator = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})
    faults = []
    for error in validator.iter_errors(value):
        if len(faults) == MOST:
            return [*faults, "and further faults"]
        faults.append(line_of(error))
    return faults
