#!/usr/bin/env python3
"""Measures the computing time of the viewer's frames with a million points in 35 curves.

    bench/viewer_frames.py [--build DIR] [--points N] [--seconds S]

Prints the time that the drawing thread computes in a frame, without the swap of the buffers: while
nothing happens, while the pointer moves over the panels, and while the wheel zooms. The window is
on a virtual display (Xvfb) with software OpenGL.
"""
import argparse
import json
import math
import pathlib
import random
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CURVES = 35


def write_run(folder, points):
    """Writes a run with 35 curves in two series, natural and shuffled."""
    rng = random.Random(1)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    steps = -(-points // CURVES)
    with (folder / "metrics.jsonl").open("w", encoding="utf-8") as log:
        for step in range(steps):
            for series in ("natural", "shuffled"):
                values = {
                    f"train {band} r={radius}":
                        math.exp(-step / steps * radius / 4) + .02 * rng.random()
                    for band in ("low", "high") for radius in range(2, 17, 2)}
                values["train"] = rng.random()
                if series == "natural":
                    values["test"] = rng.random()
                log.write(json.dumps({"series": series, "epoch": step / 1000, "step": step,
                                      "accuracy": values}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_run(pathlib.Path(folder), options.points)
        subprocess.run(
            ["xvfb-run", "-a", "-s", "-screen 0 1400x900x24",
             f"{options.build}/bin/hfc-viewer", "--size", "1280x800", "--measure",
             str(options.seconds), folder], check=True)


if __name__ == "__main__":
    main()
