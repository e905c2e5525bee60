#!/usr/bin/env python3
"""Measures whether an open viewer slows a training, what it takes of a core, and how fast it draws.

    bench/viewer_pairs.py [--build DIR] [--pairs N]

In pairs: the same training alone and with a window on it, in turns of changing order; the median of the pairs' ratios counts, of the
seconds and of the processor time of the training. The window is on a virtual display (Xvfb) whose OpenGL is software: it takes of the
processor what a graphics card would else do, so this is the worst case. Leave the machine alone meanwhile.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRAINING = """
local data = hfc.data("synthetic", {train = 400, test = 100})
local run = hfc.run("pair")
hfc.train(hfc.model("preact_resnet8", {classes = data.classes, channels = data.channels}), data.train,
  {epochs = 20, batch_size = 20, quiet = true, probes = {test = data.test}, log = run, checkpoints = false})
"""


def processor_seconds(process):
    """User and system time of a process that lives, from /proc."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def display():
    """A virtual screen; yields the environment of its programs."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        number = os.read(read, 16).decode().strip()
        yield dict(os.environ, DISPLAY=f":{number}")
    finally:
        server.terminate()
        server.wait()
        os.close(read)


@contextlib.contextmanager
def window(build, run, environment):
    viewer = subprocess.Popen([build / "host/hfc-viewer", run], env=environment)
    try:
        yield viewer
    finally:
        viewer.send_signal(signal.SIGTERM)
        viewer.wait()


def train(build, folder, environment):
    """Seconds of training as the run logs them, processor time, and the viewer's processor time where an environment is given."""
    run = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "run"
    with contextlib.ExitStack() as stack:
        viewer = stack.enter_context(window(build, run, environment)) if environment else None
        if viewer:
            time.sleep(1)
        training = subprocess.Popen([build / "host/hfc-host", folder / "pair.lua", "--out", run], env=dict(os.environ, OMP_NUM_THREADS="1"))
        before, start = processor_seconds(viewer.pid) if viewer else 0, time.perf_counter()
        _, status, usage = os.wait4(training.pid, 0)
        training.returncode = os.waitstatus_to_exitcode(status)
        if training.returncode != 0:
            raise SystemExit(f"viewer_pairs: the training failed with status {training.returncode}")
        elapsed = time.perf_counter() - start
        share = (processor_seconds(viewer.pid) - before) / elapsed if viewer else 0
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    # The first epoch warms up.
    return sum(event["train_seconds"] for event in events[1:]), usage.ru_utime + usage.ru_stime, share


def idle_share(build, folder, environment, seconds=10):
    run = folder / "idle"
    run.mkdir()
    (run / "metrics.jsonl").write_text("".join(f'{{"epoch":{i},"loss":{1 / (i + 1)}}}\n' for i in range(1000)), encoding="utf-8")
    with window(build, run, environment) as viewer:
        time.sleep(2)
        before = processor_seconds(viewer.pid)
        time.sleep(seconds)
        return (processor_seconds(viewer.pid) - before) / seconds


def interval(values):
    """Where the median lies with a certainty of 95 %, by ranks: it needs no assumption on a busy machine's noise."""
    rank = max(0, int((len(values) - 1.96 * len(values) ** 0.5) / 2))
    return sorted(values)[rank], sorted(values)[-1 - rank]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="folder of the build (default: build/release)")
    parser.add_argument("--pairs", type=int, default=24, help="how often both are measured, ten seconds each (default: 24)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, display() as environment:
        folder = pathlib.Path(name)
        (folder / "pair.lua").write_text(TRAINING, encoding="utf-8")
        print(f"idle window                    {100 * idle_share(arguments.build, folder, environment):6.2f} % of a core", flush=True)
        train(arguments.build, folder, None)
        seconds, processor, shares = [], [], []
        for pair in range(arguments.pairs):
            results = {}
            for opened in (False, True) if pair % 2 == 0 else (True, False):
                results[opened] = train(arguments.build, folder, environment if opened else None)
            seconds.append(results[True][0] / results[False][0] - 1)
            processor.append(results[True][1] / results[False][1] - 1)
            shares.append(results[True][2])
        for what, values in (("training, seconds", seconds), ("training, processor time", processor)):
            low, high = interval(values)
            print(f"{what:30} {100 * statistics.median(values):+6.2f} % with a window (95 %: {100 * low:+.2f} to {100 * high:+.2f} %)")
        print(f"window on a growing run        {100 * statistics.median(shares):6.2f} % of a core")


if __name__ == "__main__":
    main()
