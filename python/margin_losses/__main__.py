"""`python -m margin_losses check MODULE:NAME --loss arcface`: see docs/checking.md."""

import sys

USAGE = "usage: python -m margin_losses check MODULE:NAME --loss LOSS ... (check --help says more)"


def main(arguments):
    if arguments[:1] == ["check"]:
        from margin_losses.check import command

        return command.main(arguments[1:])
    if arguments[:1] in (["--help"], ["-h"]):
        print(USAGE)
        return 0
    print(
        "margin_losses: %s; %s"
        % ("unknown command '%s'" % arguments[0] if arguments else "no command", USAGE),
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
