#!/usr/bin/env python3
"""Compares two processes of one thread with one process of two threads, in fresh processes.

    bench/parallel_pairs.py HFC_HOST [PAIRS] [IMAGES] [EPOCHS]

Trains preact_resnet32 with batches of 100 images (bench/parallel.lua). Prints the images per second
of both sides and the median ratio with its range. For the two processes, also prints the
milliseconds of a backward pass, of its communication, and of the overlap. Do not run anything else
meanwhile.
"""
import os
import pathlib
import statistics
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).with_name("parallel.lua")
MPIRUN = ["mpirun", "--bind-to", "none", "-n", "2"]


def measure(program, launcher, threads, sizes):
    environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1",
                                "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = [*launcher, program, "--threads", str(threads), str(SCRIPT), *sizes]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"parallel_pairs: {' '.join(command)} failed: {done.stderr.strip()}")
    return [float(word) for word in done.stdout.splitlines()[0].split()]


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    program, pairs, sizes = sys.argv[1], int((sys.argv[2:3] or ["8"])[0]), sys.argv[3:5]
    sides = {"two": (MPIRUN, 1), "one": ([], 2)}
    figures = {name: [] for name in sides}
    for pair in range(pairs):
        for name in list(sides) if pair % 2 == 0 else reversed(list(sides)):
            figures[name].append(measure(program, *sides[name], sizes))
    ratios = [two[0] / one[0] for two, one in zip(figures["two"], figures["one"])]
    for name, text in (("two", "2 processes x 1 thread"), ("one", "1 process x 2 threads")):
        print(f"{text}: {statistics.median(f[0] for f in figures[name]):.1f} images/s")
    print(f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
          f"{pairs} pairs")
    backward, communication, overlap = (statistics.median(f[i] for f in figures["two"])
                                        for i in (1, 2, 3))
    print(f"backward {backward:.1f} ms, communication {communication:.1f} ms, "
          f"overlapped {overlap:.1f} ms")


if __name__ == "__main__":
    main()
