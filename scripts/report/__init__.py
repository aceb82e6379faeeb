"""The parts of scripts/report.py: what a run holds (run), how numbers are written (text), tables
(tables), the first screen (answers), figures (svg, slim, and their captions in figures), and the page
that puts them together (page, with style.css and sort.js). Nothing here computes: every number of
the page stands in a table of the run, and so in one of its JSON files."""
