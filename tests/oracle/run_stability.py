#!/usr/bin/env python3
"""One whole quick run of bench_stability, for every test that looks into one: FOLDER/run has what it
wrote, FOLDER/said.json what it said. usage: run_stability.py BENCH_STABILITY FOLDER"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

program, folder = sys.argv[1], Path(sys.argv[2])
shutil.rmtree(folder, ignore_errors=True)
(folder / "run").mkdir(parents=True)
done = subprocess.run([program, "--quick", f"--out={folder}/run/stability.json"], capture_output=True,
                      text=True)
(folder / "said.json").write_text(json.dumps(
    {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}))
print(done.stdout, done.stderr)
sys.exit(done.returncode)
