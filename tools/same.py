"""Runs the scripts of two source directories with their own programs and compares the results.

Called by tools/same. Tables (CSV) and event logs (metrics.jsonl) are compared value by value,
without times; saved networks (safetensors) byte by byte.
"""
import argparse
import csv
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

TIMES = {"time", "seconds", "train_seconds", "probe_seconds", "images_per_second"}
MOST_SHOWN = 3  # differences shown per file


def program_of(source):
    """The program of a source directory. Before the launcher existed, the program was in host/."""
    for folder in ("bin", "host"):
        path = source / "build" / "release" / folder / "hfc-host"
        if path.is_file():
            return path
    sys.exit(f"same: there is no program in '{source}/build/release'")


def small_options(old, new, name):
    """The options of a script at its own commit or, if there are none, at the newer commit."""
    for source in (old, new):
        path = source / "tests" / "small_scripts.json"
        if path.is_file():
            options = json.loads(path.read_text())
            if name in options:
                return options[name]["options"].split()
    sys.exit(f"same: tests/small_scripts.json has no options for the script '{name}'")


def run_script(program, source, name, options, out):
    command = [program, source / "scripts" / f"{name}.lua", "--device", "cpu", "--threads", "1",
               "--deterministic", "--out", out, *options]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            env=environment)
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or ["it printed nothing"]
        return f"status {result.returncode}: {lines[0]}"
    return None


def read_values(path):
    """The values in a file, as {where: value}."""
    values = {}
    if path.suffix == ".safetensors":
        values["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    elif path.suffix == ".jsonl":
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for key, value in json.loads(line).items():
                if key not in TIMES:
                    values[f"line {number}, {key}"] = json.dumps(value, sort_keys=True)
    else:
        with path.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                for key, value in row.items():
                    if key not in TIMES:
                        values[f"row {number}, {key}"] = value
    return values


def compare_runs(old, new):
    """The differences between two run directories as sentences, and the number of equal values."""
    differences, equal = [], 0
    names = sorted({path.name for folder in (old, new) for path in folder.iterdir()
                    if path.suffix in (".csv", ".safetensors") or path.name == "metrics.jsonl"})
    if not names:
        return ["neither run has a table or an event log"], 0
    for name in names:
        missing = [side for side, folder in (("old", old), ("new", new))
                   if not (folder / name).is_file()]
        if missing:
            differences.append(f"{name}: missing in the {missing[0]} run")
            continue
        before, after = read_values(old / name), read_values(new / name)
        places = [place for place in {**before, **after} if before.get(place) != after.get(place)]
        equal += len(before) - sum(place in before for place in places)
        for place in places[:MOST_SHOWN]:
            values = [side.get(place, "missing") for side in (before, after)]
            differences.append(f"{name}: {place}: {values[0]} -> {values[1]}")
        if len(places) > MOST_SHOWN:
            differences.append(f"{name}: {len(places) - MOST_SHOWN} more differences")
    return differences, equal


def compare_script(old, new, name, full, folder):
    outs = []
    for side, source in (("old", old), ("new", new)):
        out = folder / f"{name}-{side}"
        options = [] if full else small_options(source, new, name)
        failure = run_script(program_of(source), source, name, options, out)
        if failure:
            return [f"the {side} run failed: {failure}"], 0
        outs.append(out)
    return compare_runs(*outs)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/same", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--full", action="store_true",
                        help="run the scripts with their own defaults")
    parser.add_argument("scripts", nargs="*", help="names of scripts (default: all)")
    return parser.parse_args()


def main():
    options = parse_arguments()
    old, new = options.old.resolve(), options.new.resolve()
    present = [{path.stem for path in (source / "scripts").glob("*.lua")} for source in (old, new)]
    names = [pathlib.Path(name).stem for name in options.scripts] or sorted(present[0] | present[1])
    unknown = [name for name in names if name not in present[0] | present[1]]
    if unknown:
        sys.exit(f"same: there is no script '{unknown[0]}'")
    shared = [name for name in names if name in present[0] & present[1]]
    status = 0
    with tempfile.TemporaryDirectory(prefix="hfc-same-") as scratch, \
            ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        folder = pathlib.Path(scratch)
        jobs = {name: pool.submit(compare_script, old, new, name, options.full, folder)
                for name in shared}
        for name in names:
            if name not in jobs:
                print(f"{name}: only in the {'old' if name in present[0] else 'new'} commit")
                continue
            differences, equal = jobs[name].result()
            verdict = "DIFFERS" if differences else "equal"
            print(f"{name}: {verdict}, {equal} values equal", flush=True)
            for difference in differences:
                print(f"    {difference}", flush=True)
            status |= bool(differences)
    sys.exit(status)


if __name__ == "__main__":
    main()
