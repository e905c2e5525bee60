"""Measures hfc-host beside what it replaces and prints one table: figure, peer's figure, ratio, and what must hold.

Called by tools/bench. Programs of this project and the peers take turns, so that both meet the same state of the machine. The best of
a turn's repeats counts, and of the turns their median, on both sides: torch.fft alone swings by a factor of three from process to
process here, and the best of all would be the luckiest. A ratio above 1 means that hfc-host is better.
"""
import argparse
import json
import os
import pathlib
import resource
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """One line of the table. `ours` names figures of ours and `peers` of the peers; the better of each side counts."""
    what: str
    unit: str
    ours: list
    peers: list
    smaller_is_better: bool = False
    least_ratio: float = None  # what must hold, beside the peer ...
    at_most: float = None      # ... or by itself


NETWORK = "preact_resnet32, batch 100"
ROWS = [
    Row("start-up", "s", ["startup time"], ["python import torch"], smaller_is_better=True, at_most=0.35),
    Row("memory after start-up", "MB", ["startup memory"], ["python memory"], smaller_is_better=True, at_most=150),
    Row(f"training step, {NETWORK}", "img/s", ["training_step"],
        ["pytorch train step, contiguous", "pytorch train step, channels_last"], least_ratio=1.0),
    Row(f"forward, {NETWORK}", "img/s", ["forward"], ["pytorch forward, contiguous", "pytorch forward, channels_last"], least_ratio=1.0),
    Row("split, 4 radii, 32 px, beside torch.fft", "img/s", ["split/32px"], ["torch rfft2, low and high, 4 radii, 32px"], least_ratio=5),
    Row("split, 4 radii, 224 px, beside torch.fft", "img/s", ["split/224px"], ["torch rfft2, low and high, 4 radii, 224px"], least_ratio=5),
    Row("split, 4 radii, 32 px, beside the public code", "img/s", ["split/32px"],
        ["numpy as in the public code, low and high, 4 radii, 32px"], least_ratio=150),
    Row("split, 4 radii, 224 px, beside the public code", "img/s", ["split/224px"],
        ["numpy as in the public code, low and high, 4 radii, 224px"]),
    Row("a + b, 4 floats", "ns", ["a + b"], ["python a + b, 4 floats"], smaller_is_better=True, least_ratio=1 / 0.82),
    Row("training loop in Lua / hfc.train", "", ["lua loop overhead"], [], smaller_is_better=True, at_most=1.03),
    Row("loop over a million floats, beside C++ -O2", "floats/s", ["ffi loop"], ["float_loop"], least_ratio=1 / 1.5),
    Row("FGSM, batch 100", "img/s", ["perturb/fgsm"], ["torchattacks FGSM"]),
    Row("PGD-10, batch 100", "img/s", ["perturb/pgd10"], ["torchattacks PGD-10", "foolbox LinfPGD-10"], least_ratio=1.0),
    Row("PGD-10 in L2, batch 100", "img/s", ["perturb/pgdl2_10"], ["torchattacks PGDL2-10"], least_ratio=1.0),
    Row("robust accuracy, PGD-10, beside the attack", "img/s", ["robust_pgd10"], ["torchattacks PGD-10", "foolbox LinfPGD-10"],
        least_ratio=2),
    Row("SVD, rank 8, 32 px", "img/s", ["svd/32px"], ["numpy batched SVD, rank 8, 32px"], least_ratio=4),
    Row("SVD, rank 8, 32 px, beside torch.linalg", "img/s", ["svd/32px"], ["torch.linalg.svd, rank 8, 32px"]),
    Row("epoch with probes / its steps and forwards alone", "", ["main_job_epoch overhead"], [], smaller_is_better=True, at_most=1.10),
    Row("adversarial epoch / its passes forward and back alone", "", ["adversarial_epoch overhead"], [], smaller_is_better=True, at_most=1.10),
    Row("masks of 100 images together, beside one by one", "steps/s", ["image_masks/preact_resnet20_bn"],
        ["pytorch image masks one by one, preact_resnet20 with BatchNorm"], least_ratio=10),
    Row("the same with bfloat16 = true", "steps/s", ["image_masks/preact_resnet20_bn_bfloat16"],
        ["pytorch image masks one by one, preact_resnet20 with BatchNorm"], least_ratio=10),
    Row("the same, preact_resnet32 without BatchNorm", "steps/s", ["image_masks/preact_resnet32"],
        ["pytorch image masks one by one, preact_resnet32"], least_ratio=10),
    Row("the same with bfloat16 = true", "steps/s", ["image_masks/preact_resnet32_bfloat16"],
        ["pytorch image masks one by one, preact_resnet32"], least_ratio=10),
    Row("passes of a Fourier heat map, beside the network's forward pass", "img/s", ["heat_map/32px"], ["heat_map_forward"], least_ratio=0.9),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, **more)
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "it said nothing").splitlines()
        sys.exit(f"bench: {' '.join(map(str, command))} failed with status {result.returncode}: {lines[-1]}")
    return result.stdout


def time_and_memory(command):
    """Wall-clock seconds and the largest resident memory in MB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))} failed with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def plain_name(name):
    """Google Benchmark's 'split/32px/real_time' or 'main_job_epoch/iterations:3/real_time' without how it was run."""
    return "/".join(part for part in name.split("/") if part != "real_time" and ":" not in part)


def google_benchmark(program):
    """Figures of one benchmark program: images a second of three repeats, as many as peer.py takes; the median of a counter that is a ratio."""
    command = [program, "--benchmark_format=json", "--benchmark_repetitions=3", "--benchmark_min_time=1"]
    for line in json.loads(run(command))["benchmarks"]:
        name = plain_name(line["run_name"])
        if line["run_type"] == "aggregate":
            if "overhead" in line and line["aggregate_name"] == "median":
                yield f"{name} overhead", line["overhead"]
            continue
        for key in ("images/s", "items_per_second"):
            if key in line:
                yield name, line[key]


class Figures:
    """Of each name the best figure of each turn."""

    def __init__(self, rows):
        self.rows = rows
        self.smaller_is_better = {name for row in rows if row.smaller_is_better for name in row.ours + row.peers}
        self.turns = []

    def begin_turn(self):
        self.turns.append({})

    def add(self, name, value):
        better = min if name in self.smaller_is_better else max
        turn = self.turns[-1]
        turn[name] = better(turn.get(name, value), value)

    def of(self, names, smaller_is_better):
        """The median of the turns, of the name for which it is best."""
        medians = [statistics.median(turn[name] for turn in self.turns if name in turn)
                   for name in names if any(name in turn for turn in self.turns)]
        return (min if smaller_is_better else max)(medians) if medians else None


class Watch:
    """How much of the machine other processes took while a side was measured.

    Threads that wait for one another suffer beyond their share: one busy process cut training here to a third.
    """
    LIMIT = 0.05

    def __init__(self):
        self.shares = {}

    @staticmethod
    def _now():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        busy = (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # without idle and waiting for disks; with time stolen
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), busy - sum(usage.ru_utime + usage.ru_stime for usage in own)

    def measure(self, side, work):
        began, others_before = self._now()
        work()
        ended, others_after = self._now()
        share = (others_after - others_before) / ((ended - began) * os.cpu_count())
        self.shares[side] = max(self.shares.get(side, 0), share)

    def complaints(self):
        return [f"bench: other processes took up to {share:.0%} of the processors while {side} was measured: do not trust this table"
                for side, share in self.shares.items() if share > self.LIMIT]


def add_lines(figures, command):
    """Figures of a program that prints one JSON object a line: {name, value}, of a peer {peer, value, unit}."""
    for line in run(command).splitlines():
        figure = json.loads(line)
        figures.add(figure.get("name") or figure["peer"], figure["value"])


def measure_ours(build, programs, figures):
    for _ in range(3):
        seconds, megabytes = time_and_memory([build / "host" / "hfc-host", "-e", "return 1"])
        figures.add("startup time", seconds)
        figures.add("startup memory", megabytes)
    for program in programs:
        for name, value in google_benchmark(program):
            figures.add(name, value)
    add_lines(figures, [build / "host" / "hfc-host", ROOT / "bench" / "lua_bench.lua"])


def measure_peers(options, figures):
    for _ in range(2):
        seconds, megabytes = time_and_memory([options.peers, "-c", "import torch"])
        figures.add("python import torch", seconds)
        figures.add("python memory", megabytes)
    scripts = [[options.script, verb] for verb in ("opcall", "train", "split", "attack", "svd")] + [[ROOT / "bench" / "mask_peer.py"]]
    for script in scripts:
        add_lines(figures, [options.peers, *script])


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def verdict(row, ours, ratio):
    if row.least_ratio is not None and ratio is not None:
        return ratio >= row.least_ratio, f">= {row.least_ratio:.3g}x"
    if row.at_most is not None and ours is not None:
        return ours <= row.at_most, f"<= {row.at_most:g} {row.unit}".rstrip()
    return None, ""


def table(figures):
    lines = [("", "unit", "hfc-host", "peer", "ratio", "wanted", "")]
    missed = 0
    for row in figures.rows:
        ours = figures.of(row.ours, row.smaller_is_better)
        peer = figures.of(row.peers, row.smaller_is_better)
        ratio = None
        if ours and peer:
            ratio = peer / ours if row.smaller_is_better else ours / peer
        holds, wanted = verdict(row, ours, ratio)
        missed += holds is False
        lines.append((row.what, row.unit, number(ours), number(peer), f"{ratio:.2f}x" if ratio else "-", wanted,
                      {True: "yes", False: "NO", None: ""}[holds]))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for count, line in enumerate(lines):
        cells = [cell.rjust(width) if 2 <= i <= 4 else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("| " + " | ".join(cells) + " |")
        if count == 0:
            print("| " + " | ".join("-" * (width - 1) + ":" if 2 <= i <= 4 else "-" * width for i, width in enumerate(widths)) + " |")
    return missed


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--peers", default=os.environ.get("HFC_PEER_PYTHON"), help="a Python with torch and numpy [HFC_PEER_PYTHON]")
    parser.add_argument("--script", type=pathlib.Path, help="the peers' measurements [HFC_PEER_SCRIPT]",
                        default=os.environ.get("HFC_PEER_SCRIPT", ROOT.parent / "shared" / "peers" / "peer.py"))
    parser.add_argument("--repeats", type=int, default=3, help="turns of each side (default 3)")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    if options.peers and not options.script.is_file():
        parser.error(f"the peers' script '{options.script}' does not exist; give --script or HFC_PEER_SCRIPT")
    return options


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, which ends the program being measured too
    options = parse_arguments()
    programs = sorted((options.build / "bench").glob("*_bench"))
    figures = Figures(ROWS)
    watch = Watch()
    if not options.peers:
        say("No peers: --peers PYTHON (or HFC_PEER_PYTHON) names a Python with torch and numpy; hfc-host is measured alone")
    for turn in range(1, options.repeats + 1):
        figures.begin_turn()
        say(f"Turn {turn} of {options.repeats}: hfc-host ({', '.join(program.name for program in programs)}) ...")
        watch.measure("hfc-host", lambda: measure_ours(options.build, programs, figures))
        if options.peers:
            say(f"Turn {turn} of {options.repeats}: peers ...")
            watch.measure("the peers", lambda: measure_peers(options, figures))
    missed = table(figures)
    if missed:
        say(f"bench: {missed} figure(s) miss what is wanted")
    for complaint in watch.complaints():
        say(complaint)


if __name__ == "__main__":
    main()
