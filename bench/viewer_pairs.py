#!/usr/bin/env python3
"""Measures whether an open viewer slows down training, how much of a core it uses, and how fast it
draws.

    bench/viewer_pairs.py [--build DIR] [--pairs N] [--epochs N] [--threads N]

A pair is two blocks of epochs of the same training run: in one, the window draws; in the other, the
window's process is stopped (SIGSTOP). The order alternates. The results are the medians of the
pairs' ratios, for the seconds and for the processor time of an epoch. Whole training runs with and
without a window would vary more from run to run than the window changes. The window is on a virtual
display (Xvfb) with software OpenGL, where the processor does the work of a graphics card, so this
is the worst case. Do not run anything else on the machine at the same time.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRAINING = """
local data = hfc.data("synthetic", {train = 400, test = 100})
local run = hfc.run("pair")
hfc.train(
  hfc.model("preact_resnet8", {classes = data.classes, channels = data.channels}), data.train, {
    epochs = 1e6, batch_size = 20, quiet = true, probes = {test = data.test}, log = run,
    checkpoints = false,
  })
"""


def processor_seconds(process):
    """User and system time of a running process, from /proc."""
    fields = (pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
              .rsplit(")", 1)[1].split())
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def display():
    """A virtual screen. Yields the environment for programs that use it."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24"], pass_fds=[write],
        stderr=subprocess.DEVNULL)
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
    viewer = subprocess.Popen([build / "bin/hfc-viewer", run], env=environment)
    try:
        yield viewer
    finally:
        viewer.send_signal(signal.SIGTERM)
        viewer.wait()


class Training:
    """A training run that continues until the end of the with statement."""

    def __init__(self, build, folder, threads):
        self.run = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "run"
        threads = ["--threads", str(threads)] if threads else []
        # The events of the complete epochs, and how many bytes of metrics.jsonl have been read.
        self.epochs, self.read = [], 0
        self.process = subprocess.Popen(
            [build / "bin/hfc-host", *threads, folder / "training.lua", "--out", self.run])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def block(self, epochs):
        """The mean seconds of the next epochs, without the current one, and the training run's
        processor time per epoch."""
        self.read_on()
        begin = self.wait_for(len(self.epochs) + 1)
        before = processor_seconds(self.process.pid)
        end = self.wait_for(begin + epochs)
        spent = processor_seconds(self.process.pid) - before
        return (
            statistics.mean(event["train_seconds"] for event in self.epochs[begin:begin + epochs]),
            spent / (end - begin))

    def wait_for(self, epochs):
        self.read_on()
        while len(self.epochs) < epochs:
            if self.process.poll() is not None:
                raise SystemExit("viewer_pairs: the training ended with status "
                                 f"{self.process.returncode}")
            time.sleep(0.02)
            self.read_on()
        return len(self.epochs)

    def read_on(self):
        """Reads each byte once, because this process should not keep the measured cores busy."""
        with contextlib.suppress(FileNotFoundError), open(self.run / "metrics.jsonl", "rb") as file:
            file.seek(self.read)
            lines = file.read().rpartition(b"\n")[0]
            if lines:
                self.read += len(lines) + 1
                self.epochs += map(json.loads, lines.splitlines())


def slowdown(build, folder, environment, options):
    """For each pair of blocks, the fraction that the drawing window adds to the seconds and to the
    processor time of an epoch; also the window's share of a core."""
    seconds, processor, shares = [], [], []
    with (Training(build, folder, options.threads) as training,
          window(build, training.run, environment) as viewer):
        training.wait_for(5)  # a warm-up
        for pair in range(options.pairs):
            results = {}
            for drawing in (False, True) if pair % 2 == 0 else (True, False):
                viewer.send_signal(signal.SIGCONT if drawing else signal.SIGSTOP)
                before, start = processor_seconds(viewer.pid), time.perf_counter()
                results[drawing] = training.block(options.epochs)
                if drawing:
                    shares.append((processor_seconds(viewer.pid) - before)
                                  / (time.perf_counter() - start))
            seconds.append(results[True][0] / results[False][0] - 1)
            processor.append(results[True][1] / results[False][1] - 1)
        viewer.send_signal(signal.SIGCONT)
    return seconds, processor, shares


def frames_a_second(build, folder, environment, points=1_000_000, seconds=10):
    """The viewer's own measurement, while a curve of this many points grows and the wheel zooms in
    and out."""
    run = folder / "million"
    run.mkdir()
    path = run / "metrics.jsonl"
    line = '{{"epoch":{0},"loss":{1:.6f}}}\n'.format
    path.write_text("".join(line(i, random.random()) for i in range(points)), encoding="utf-8")
    viewer = subprocess.Popen(
        [build / "bin/hfc-viewer", "--size", "1280x800", "--measure", str(seconds), run],
        env=environment, stdout=subprocess.PIPE, text=True)
    with open(path, "a", encoding="utf-8") as file:
        for i in range(1 << 30):
            if viewer.poll() is not None:
                break
            file.write(line(points + i, random.random()))
            file.flush()
            button = "4" if i // 20 % 2 == 0 else "5"
            subprocess.run(["xdotool", "mousemove", "700", "400", "click", button],
                           env=environment, check=True)
            time.sleep(0.05)
    return viewer.stdout.read().strip()


def idle_share(build, folder, environment, seconds=10):
    run = folder / "idle"
    run.mkdir()
    (run / "metrics.jsonl").write_text(
        "".join(f'{{"epoch":{i},"loss":{1 / (i + 1)}}}\n' for i in range(1000)), encoding="utf-8")
    with window(build, run, environment) as viewer:
        time.sleep(2)
        before = processor_seconds(viewer.pid)
        time.sleep(seconds)
        return (processor_seconds(viewer.pid) - before) / seconds


def interval(values):
    """The 95 % confidence interval of the median, by ranks: it needs no assumption about the noise
    of a busy machine."""
    rank = max(0, int((len(values) - 1.96 * len(values) ** 0.5) / 2))
    return sorted(values)[rank], sorted(values)[-1 - rank]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release",
                        help="build directory (default: build/release)")
    parser.add_argument("--pairs", type=int, default=60, help="number of block pairs (default: 60)")
    parser.add_argument("--epochs", type=int, default=12,
                        help="epochs per block, of about .3 s each (default: 12)")
    parser.add_argument("--threads", type=int, default=0,
                        help="threads of the training run; 0 means hfc-host's default (default: 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, display() as environment:
        folder = pathlib.Path(name)
        (folder / "training.lua").write_text(TRAINING, encoding="utf-8")
        print("idle window                    "
              f"{100 * idle_share(options.build, folder, environment):6.2f} % of a core",
              flush=True)
        print("a million points, zoomed and growing: "
              f"{frames_a_second(options.build, folder, environment)}", flush=True)
        seconds, processor, shares = slowdown(options.build, folder, environment, options)
        for what, values in (("epoch, seconds", seconds), ("epoch, processor time", processor)):
            low, high = interval(values)
            print(f"{what:30} {100 * statistics.median(values):+6.2f} % with a window "
                  f"(95 %: {100 * low:+.2f} to {100 * high:+.2f} %)")
        print(f"window on a growing run        {100 * statistics.median(shares):6.2f} % of a core")


if __name__ == "__main__":
    main()
