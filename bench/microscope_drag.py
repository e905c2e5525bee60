#!/usr/bin/env python3
"""Measures how soon the microscope answers while a radius is dragged.

    bench/microscope_drag.py [--build DIR] [--answers N] NET [options of hfc-host microscope]

In place of the window, this script sends one request after another over the pipe, each with a
different radius, and waits for both replies. It prints the time from a request to its images, and
to its confidences and gradient, including the transfer. Do not run anything else on the machine at
the same time.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WARM_UP = 5


def receive():
    """Returns the next message of the host without its bytes."""
    head = json.loads(sys.stdin.buffer.readline())
    sys.stdin.buffer.read(head["bytes"])
    if head.get("stage") == "error":
        sys.exit(head["error"])
    return head


def be_the_window(answers, times):
    """Sends the requests and writes the times in milliseconds to a file."""
    receive()
    found = {"pictures": [], "answers": []}
    for number in range(WARM_UP + answers):
        began = time.perf_counter()
        request = {"id": number, "image": 0, "kind": 0, "outer": 1 + number % 40 / 4, "bytes": 0}
        sys.stdout.write(json.dumps(request) + "\n")
        sys.stdout.flush()
        for _ in range(2):
            stage = receive()["stage"]
            found[stage].append(1000 * (time.perf_counter() - began))
    kept = {stage: values[WARM_UP:] for stage, values in found.items()}
    pathlib.Path(times).write_text(json.dumps(kept), encoding="utf-8")


def parse():
    """Returns this script's options and those of the microscope."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("net", metavar="NET")
    return parser.parse_known_args()


def main():
    options, rest = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # The host starts the window program next to it, so this copy has the script in its place.
        shutil.copytree(options.build / "lib" / "hfc-host", folder / "lib" / "hfc-host")
        window = folder / "bin" / "hfc-viewer"
        window.parent.mkdir()
        times = folder / "times.json"
        window.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{pathlib.Path(__file__).resolve()}'"
                          f" --window {options.answers} '{times}'\n", encoding="utf-8")
        window.chmod(0o755)
        done = subprocess.run(
            [folder / "lib" / "hfc-host" / "hfc-host", "microscope", options.net, *rest],
            env={**os.environ, "DISPLAY": "none"}, check=False)
        if done.returncode != 0 or not times.exists():
            sys.exit(done.returncode or "no answer was measured")
        for stage, values in json.loads(times.read_text(encoding="utf-8")).items():
            tail = sorted(values)[int(.95 * len(values))]
            print(f"{stage}: median {statistics.median(values):.1f} ms, 95th percentile "
                  f"{tail:.1f} ms, largest {max(values):.1f} ms, n = {len(values)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--window"]:
        be_the_window(int(sys.argv[2]), sys.argv[3])
    else:
        main()
