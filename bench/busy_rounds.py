#!/usr/bin/env python3
"""Training speed while two other processes keep two cores busy.

    bench/busy_rounds.py HFC_HOST [ROUNDS]

Trains preact_resnet8 with batches of 10 images (bench/parallel.lua) on two threads as hfc-host sets
them up, on two threads that wait passively (OMP_WAIT_POLICY), and on one thread. The order changes
from round to round. Prints the images per second of each round (default: three), and the best round
of the default divided by the best round of the other two. Do not run anything else meanwhile.
"""
import os
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).with_name("parallel.lua")
WAYS = {"default": ({}, "2"),
        "passive waiting": ({"OMP_WAIT_POLICY": "passive"}, "2"),
        "one thread": ({}, "1")}


def measure(program, way):
    settings, threads = WAYS[way]
    command = [program, "--threads", threads, str(SCRIPT), "1000", "3", "preact_resnet8", "10"]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"busy_rounds: {' '.join(command)} failed: {done.stderr.strip()}")
    return float(done.stdout.split()[0])


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    program, rounds = sys.argv[1], int((sys.argv[2:3] or ["3"])[0])
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    figures = {way: [] for way in WAYS}
    try:
        for i in range(rounds):
            ways = list(WAYS)
            for way in ways[i % 3:] + ways[:i % 3]:
                figures[way].append(measure(program, way))
    finally:
        for loop in loops:
            loop.kill()
    for way, values in figures.items():
        print(f"{way}: {' '.join(f'{value:.0f}' for value in values)} images/s")
    others = max(max(figures["passive waiting"]), max(figures["one thread"]))
    print(f"best of the default / best of the others: {max(figures['default']) / others:.2f}")


if __name__ == "__main__":
    main()
