"""Compares hfc-host with the software that it replaces, or with an older commit, in one table.

Called by tools/bench. A pair is two fresh processes, one for each side, one after the other. The
order alternates between pairs, so that both sides run under the same conditions. A figure is the
median over the pairs, with the range in brackets. The ratio is the median of the pairs' own
ratios. A ratio above 1 means that this build of hfc-host is better.
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
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """One line of the table. `ours` and `peers` name figures; the best of each side counts."""
    what: str
    unit: str
    ours: list
    peers: list = field(default_factory=list)
    smaller_is_better: bool = False
    least_ratio: float = None  # the lowest acceptable ratio
    at_most: float = None      # the largest acceptable figure
    bfloat16: bool = False     # needs a processor that computes in bfloat16


@dataclass
class Group:
    """The measurements of one process on each side, and the rows of the table for them."""
    ours: str
    peers: list
    rows: list


def mask_rows():
    for network, name in (("preact_resnet20_bn", "preact_resnet20 with BatchNorm"),
                          ("preact_resnet32", "preact_resnet32")):
        peer = [f"pytorch image masks one by one, {name}"]
        what = f"masks of 100 images together, one by one, {name}"
        yield Row(what, "steps/s", [f"image_masks/{network}"], peer, least_ratio=10)
        yield Row("the same with bfloat16 = true", "steps/s", [f"image_masks/{network}_bfloat16"],
                  peer, least_ratio=10, bfloat16=True)


NETWORK = "preact_resnet32, batch 100"
GROUPS = [
    Group("startup", ["startup"], [
        Row("start-up", "s", ["startup time"], ["python import torch"], True, at_most=0.32),
        Row("memory after start-up", "MB", ["startup memory"], ["python memory"], True,
            at_most=150),
    ]),
    Group("train_bench", ["train"], [
        Row(f"training step, {NETWORK}", "img/s", ["training_step"],
            ["pytorch train step, contiguous", "pytorch train step, channels_last"],
            least_ratio=1.0),
        Row(f"forward, {NETWORK}", "img/s", ["forward"],
            ["pytorch forward, contiguous", "pytorch forward, channels_last"], least_ratio=1.0),
        Row("epoch with probes / its steps and forwards alone", "", ["main_job_epoch overhead"],
            smaller_is_better=True, at_most=1.10),
        Row("adversarial epoch / its passes forward and back", "", ["adversarial_epoch overhead"],
            smaller_is_better=True, at_most=1.10),
    ]),
    Group("frequency_bench", ["split"], [
        Row("split, 4 radii, 32 px, torch.fft", "img/s", ["split/32px"],
            ["torch rfft2, low and high, 4 radii, 32px"], least_ratio=5),
        Row("split, 4 radii, 224 px, torch.fft", "img/s", ["split/224px"],
            ["torch rfft2, low and high, 4 radii, 224px"], least_ratio=5),
        Row("split, 4 radii, 32 px, the authors' code", "img/s", ["split/32px"],
            ["numpy as in the public code, low and high, 4 radii, 32px"], least_ratio=150),
        Row("split, 4 radii, 224 px, the authors' code", "img/s", ["split/224px"],
            ["numpy as in the public code, low and high, 4 radii, 224px"]),
    ]),
    Group("lua_bench.lua", ["opcall"], [
        Row("a + b, 4 floats", "ns", ["a + b"], ["python a + b, 4 floats"], True,
            least_ratio=1 / 0.82),
        Row("training loop in Lua / hfc.train", "", ["lua loop overhead"], smaller_is_better=True,
            at_most=1.03),
        Row("Lua loop over a million floats, C++ -O2", "floats/s", ["ffi loop"], ["float_loop"],
            least_ratio=1 / 1.5),
    ]),
    Group("attack_bench", ["attack"], [
        Row("FGSM, batch 100", "img/s", ["perturb/fgsm"], ["torchattacks FGSM"]),
        Row("PGD-10, batch 100", "img/s", ["perturb/pgd10"],
            ["torchattacks PGD-10", "foolbox LinfPGD-10"], least_ratio=1.0),
        Row("PGD-10 in L2, batch 100", "img/s", ["perturb/pgdl2_10"], ["torchattacks PGDL2-10"],
            least_ratio=1.0),
        Row("robust accuracy, PGD-10, the attack alone", "img/s", ["robust_pgd10"],
            ["torchattacks PGD-10", "foolbox LinfPGD-10"], least_ratio=2),
    ]),
    Group("decompose_bench", ["svd"], [
        Row("SVD, rank 8, 32 px, numpy", "img/s", ["svd/32px"],
            ["numpy batched SVD, rank 8, 32px"], least_ratio=4),
        Row("SVD, rank 8, 32 px, torch.linalg", "img/s", ["svd/32px"],
            ["torch.linalg.svd, rank 8, 32px"]),
    ]),
    Group("mask_bench", ["mask_peer.py"], [
        *mask_rows(),
        Row("passes of a Fourier heat map, the forward pass", "img/s", ["heat_map/32px"],
            ["heat_map_forward"], least_ratio=0.9),
    ]),
]
ROWS = [row for group in GROUPS for row in group.rows]


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, environment=None):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
        command = " ".join(map(str, command))
        sys.exit(f"bench: {command} failed with status {result.returncode}: {lines[-1]}")
    return result.stdout


def time_and_memory(command):
    """Wall-clock seconds and the largest resident memory in MB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        command = " ".join(map(str, command))
        sys.exit(f"bench: {command} failed with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def startup(command, time_name, memory_name):
    """The smallest values of three starts, which depend least on other work of the machine."""
    starts = [time_and_memory(command) for _ in range(3)]
    return {time_name: min(seconds for seconds, _ in starts),
            memory_name: min(megabytes for _, megabytes in starts)}


def plain_name(name):
    """Google Benchmark's name, such as 'split/32px/real_time', without the options of the run."""
    return "/".join(part for part in name.split("/") if part != "real_time" and ":" not in part)


def google_benchmark(program, environment, bfloat16):
    """Figures of one program: of a rate, the best of three repeats; of an overhead, the median."""
    command = [program, "--benchmark_format=json", "--benchmark_repetitions=3",
               "--benchmark_min_time=0.3"]
    if not bfloat16:
        command.append("--benchmark_filter=-.*bfloat16")
    figures = {}
    for line in json.loads(run(command, environment))["benchmarks"]:
        name = plain_name(line["run_name"])
        if line["run_type"] == "aggregate":
            if "overhead" in line and line["aggregate_name"] == "median":
                figures[f"{name} overhead"] = line["overhead"]
            continue
        for key in ("images/s", "items_per_second"):
            if key in line:
                figures[name] = max(figures.get(name, 0), line[key])
    return figures


def lines_of(command):
    """Figures of a program that prints one JSON object per line: {name, value} or {peer, value}."""
    lines = [json.loads(line) for line in run(command).splitlines()]
    return {line.get("name") or line["peer"]: line["value"] for line in lines}


class Host:
    """One build of hfc-host: `folder` contains its sources and build/release."""

    def __init__(self, folder, bfloat16):
        self.folder, self.build, self.bfloat16 = folder, folder / "build" / "release", bfloat16
        self.program = next((path for path in (self.build / "bin" / "hfc-host",
                                               self.build / "host" / "hfc-host")
                             if path.is_file()), None)
        if self.program is None:
            sys.exit(f"bench: no program in '{self.build}'")
        # The benchmarks run with the same environment variable as the program.
        count = run([self.program, "-e", "print(os.getenv('GOMP_SPINCOUNT') or '')"]).strip()
        self.environment = {"GOMP_SPINCOUNT": count} if count else {}

    def measure(self, group):
        if group.ours == "startup":
            return startup([self.program, "-e", "return 1"], "startup time", "startup memory")
        if group.ours.endswith(".lua"):
            figures = lines_of([self.program, self.folder / "bench" / group.ours])
            return {**figures, **self.google_benchmark("float_loop_bench")}
        return self.google_benchmark(group.ours)

    def google_benchmark(self, name):
        return google_benchmark(self.build / "bench" / name, self.environment, self.bfloat16)


class Peers:
    """The Python programs that users would run instead."""

    def __init__(self, python, script):
        self.python, self.script = python, script

    def measure(self, group):
        figures = {}
        for verb in group.peers:
            if verb == "startup":
                command = [self.python, "-c", "import torch"]
                figures.update(startup(command, "python import torch", "python memory"))
            elif verb.endswith(".py"):
                figures.update(lines_of([self.python, ROOT / "bench" / verb]))
            else:
                figures.update(lines_of([self.python, self.script, verb]))
        return figures


class Watch:
    """Measures how much of the machine other processes used while a side was measured.

    Threads that wait for each other lose more than this share: one busy process reduced the speed
    of training here to a third.
    """
    LIMIT = 0.05

    def __init__(self):
        self.shares = {}

    @staticmethod
    def _now():
        fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        fields = [int(field) for field in fields]
        # Excludes idle time and waiting for disks; includes stolen time.
        busy = (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), busy - sum(usage.ru_utime + usage.ru_stime for usage in own)

    def measure(self, side, work):
        began, others_before = self._now()
        result = work()
        ended, others_after = self._now()
        share = (others_after - others_before) / ((ended - began) * os.cpu_count())
        self.shares[side] = max(self.shares.get(side, 0), share)
        return result

    def complaints(self):
        return [f"bench: other processes used up to {share:.0%} of the processors while {side} "
                "was measured; do not trust this table"
                for side, share in self.shares.items() if share > self.LIMIT]


def best(figures, names, smaller_is_better):
    """The best of the figures with these names in one process; None if there are none."""
    values = [figures[name] for name in names if name in figures]
    return (min if smaller_is_better else max)(values) if values else None


def number(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def spread(values):
    """The median and, in brackets, the range."""
    if not values:
        return "-"
    median = number(statistics.median(values))
    return median if len(values) == 1 else f"{median} [{number(min(values))}-{number(max(values))}]"


def verdict(row, ours, ratios):
    if row.least_ratio is not None and ratios:
        return statistics.median(ratios) >= row.least_ratio, f">= {row.least_ratio:.3g}"
    if row.at_most is not None and ours:
        return statistics.median(ours) <= row.at_most, f"<= {row.at_most:g} {row.unit}".rstrip()
    return None, ""


class Table:
    """Collects the pairs of each row and prints them."""

    def __init__(self, against, bfloat16):
        self.against = against
        self.rows = [row for row in ROWS if bfloat16 or not row.bfloat16]
        self.pairs = {row.what + str(row.ours): [] for row in self.rows}

    def add(self, group, ours, others):
        for row in group.rows:
            names = row.ours if self.against else row.peers
            # A row may compare two figures of hfc-host.
            pool = others if self.against or any(name in others for name in names) else ours
            pair = (best(ours, row.ours, row.smaller_is_better),
                    best(pool, names, row.smaller_is_better))
            if pair[0] is not None and row in self.rows:
                self.pairs[row.what + str(row.ours)].append((row, *pair))

    def lines(self):
        yield ("", "unit", "hfc-host", self.against or "peer", "ratio", "wanted", "")
        for row in self.rows:
            pairs = self.pairs[row.what + str(row.ours)]
            ours = [mine for _, mine, _ in pairs]
            others = [other for _, _, other in pairs if other is not None]
            ratios = [other / mine if row.smaller_is_better else mine / other
                      for _, mine, other in pairs if other is not None]
            holds, wanted = verdict(row, ours, ratios)
            if self.against:
                holds, wanted = None, ""
            yield (row.what, row.unit, spread(ours), spread(others), spread(ratios), wanted,
                   {True: "yes", False: "NO", None: ""}[holds])

    def show(self):
        lines = list(self.lines())
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        for count, line in enumerate(lines):
            cells = [cell.rjust(width) if 2 <= i <= 4 else cell.ljust(width)
                     for i, (cell, width) in enumerate(zip(line, widths))]
            print("| " + " | ".join(cells) + " |")
            if count == 0:
                rules = ["-" * (width - 1) + ":" if 2 <= i <= 4 else "-" * width
                         for i, width in enumerate(widths)]
                print("| " + " | ".join(rules) + " |")
        missed = sum(line[-1] == "NO" for line in lines)
        if missed:
            say(f"bench: {missed} figure(s) missed the target")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="COMMIT",
                        help="compare with this older commit instead")
    parser.add_argument("--old", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--peers", default=os.environ.get("HFC_PEER_PYTHON"),
                        help="a Python with torch and numpy (default: $HFC_PEER_PYTHON)")
    parser.add_argument("--script", type=pathlib.Path,
                        help="script that measures the peers (default: $HFC_PEER_SCRIPT)",
                        default=os.environ.get("HFC_PEER_SCRIPT",
                                               ROOT.parent / "shared" / "peers" / "peer.py"))
    parser.add_argument("--pairs", type=int, default=8, help="number of pairs (default 8)")
    parser.add_argument("--only", action="append", metavar="GROUP",
                        choices=[group.ours.split(".")[0] for group in GROUPS],
                        help="a group of rows; repeat the option for more (default: all): "
                             + ", ".join(group.ours.split(".")[0] for group in GROUPS))
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error(f"--pairs must be at least 1, got {options.pairs}")
    if options.peers and not options.against and not options.script.is_file():
        parser.error(f"the peers' script '{options.script}' does not exist; "
                     "give --script or HFC_PEER_SCRIPT")
    return options


class NoPeers:
    @staticmethod
    def measure(_):
        return {}


def sides(options, bfloat16):
    """This build, and the side that it is compared with."""
    ours = Host(ROOT, bfloat16)
    if options.against:
        return ours, Host(options.old, bfloat16)
    if options.peers:
        return ours, Peers(options.peers, options.script)
    say("Measuring only hfc-host. To compare it with other software, set --peers or "
        "HFC_PEER_PYTHON to a Python with torch and numpy")
    return ours, NoPeers()


def main():
    # SIGTERM raises an exception, so that the program being measured ends, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_arguments()
    version = run([ROOT / "build" / "release" / "bin" / "hfc-host", "--version"])
    bfloat16 = "bfloat16 yes" in version
    if not bfloat16:
        say("bench: leaving out the bfloat16 rows, because this processor does not support it")
    ours, others = sides(options, bfloat16)
    table, watch = Table(options.against, bfloat16), Watch()
    groups = [group for group in GROUPS
              if not options.only or group.ours.split(".")[0] in options.only]
    for group in groups:
        for pair in range(options.pairs):
            say(f"{group.ours}: pair {pair + 1} of {options.pairs}")
            order = [("hfc-host", ours), (options.against or "the peers", others)]
            measured = {}
            for name, side in order if pair % 2 == 0 else order[::-1]:
                measured[name] = watch.measure(name, lambda side=side: side.measure(group))
            table.add(group, measured["hfc-host"], measured[order[1][0]])
    table.show()
    for complaint in watch.complaints():
        say(complaint)


if __name__ == "__main__":
    main()
