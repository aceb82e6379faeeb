"""The judge of other people's margin losses: `python -m margin_losses check MODULE:NAME`.

claim.py says what a loss promises to be, oracle.py what it then is in 50 digits, problems.py makes
small inputs, subject.py calls the loss under judgement, the files named after a subject judge it
(value, gradient, crowd, finite, converged, labels, precision, sameness, cost), apart.py keeps that
in a child process, and report.py, figure.py and command.py tell the user. docs/checking.md is the
user's page."""
