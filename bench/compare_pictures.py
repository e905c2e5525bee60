"""Measures the loading of pictures in turn with PyTorch's DataLoader, and prints medians.

  python compare_pictures.py BENCH PYTHON COCO [--rounds 5]

BENCH   the program picture_bench (tools/bench builds it)
PYTHON  a Python with torch, torchvision and Pillow
COCO    a folder of JPEG files; they are resized to 500 pixels on their longer side (quality 93)

Both read the files that are made of COCO and give random_resized_crop(224) with horizontal_flip, as
uint8 planes, on two threads or in two workers. Processor time is user and system time of all
processes.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

SIDE, WORKERS, SECONDS = 224, 2, 5


def make_pictures(coco, to):
    from PIL import Image
    (to / "all").mkdir()
    for path in sorted(coco.rglob("*.jpg")):
        picture = Image.open(path).convert("RGB")
        scale = 500 / max(picture.size)
        size = [round(side * scale) for side in picture.size]
        picture.resize(size).save(to / "all" / path.name, quality=93)


def processor_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def load(folder):
    """Prints pictures a second and processor milliseconds a picture of the DataLoader."""
    import torch
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2
    torch.set_num_threads(1)
    transform = v2.Compose([v2.RandomResizedCrop(SIDE), v2.RandomHorizontalFlip(),
                            v2.PILToTensor()])
    data = ImageFolder(folder, transform)
    # One list of many passes: starting the workers is not measured.
    sampler = torch.utils.data.RandomSampler(data, replacement=True, num_samples=1 << 30)
    loader = iter(torch.utils.data.DataLoader(data, batch_size=64, sampler=sampler,
                                              num_workers=WORKERS))
    for _ in range(4):
        next(loader)
    workers = [worker.pid for worker in loader._workers]
    before = processor_seconds(resource.RUSAGE_SELF) + sum(map(process_seconds, workers))
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < SECONDS:
        count += len(next(loader)[0])
    seconds = time.monotonic() - begin
    used = processor_seconds(resource.RUSAGE_SELF) + sum(map(process_seconds, workers)) - before
    print(json.dumps([count / seconds, 1e3 * used / count]), flush=True)
    os._exit(0)


def process_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ours(bench, folder):
    command = [bench, f"--benchmark_filter=threads:{WORKERS}", "--benchmark_format=json"]
    result = subprocess.run(command, env={**os.environ, "HFC_PICTURES": str(folder)}, check=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    row = json.loads(result.stdout)["benchmarks"][0]
    # Google Benchmark's cpu_time is of all threads, for one iteration of all of them.
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1}[row["time_unit"]]
    return row["items_per_second"], row["cpu_time"] * scale


def theirs(python, folder):
    result = subprocess.run([python, __file__, "--load", str(folder)], check=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench")
    parser.add_argument("python")
    parser.add_argument("coco", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make = "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import compare_pictures as c;"
        make += "c.make_pictures(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))"
        subprocess.run([options.python, "-c", make, pathlib.Path(__file__).parent, options.coco,
                        folder], check=True)
        rounds = []
        for i in range(options.rounds):
            pair = [ours(options.bench, folder), theirs(options.python, folder)]
            rounds.append(pair)
            print(f"round {i + 1}: hfc-host {pair[0][0]:.0f}/s, {pair[0][1]:.2f} ms; DataLoader "
                  f"{pair[1][0]:.0f}/s, {pair[1][1]:.2f} ms", flush=True)
    speed = statistics.median(a[0] / b[0] for a, b in rounds)
    work = statistics.median(a[1] / b[1] for a, b in rounds)
    print(f"hfc-host loads {speed:.2f} times as fast, with {work:.2f} of the processor time")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(sys.argv[2])
    else:
        main()
