"""Compares the speed of loading images with PyTorch's DataLoader, and prints medians.

  python compare_pictures.py HOST PYTHON COCO [--rounds 5]

HOST    the program hfc-host
PYTHON  a Python with torch, torchvision and Pillow
COCO    a directory of JPEG files; they are resized to 500 pixels on their longer side (quality 93)

Each picture has 50 names, so that an epoch has many batches and neither side restarts its threads
or workers during the measurement. (Epochs of one batch are much slower on both sides: with one name
for each of the 80 pictures of coco-tiny, hfc-host loads 2 000 pictures a second instead of 2 400.)
Both sides read the files made from COCO and return batches of 64 pictures after
random_resized_crop(224) and horizontal_flip, with two threads or two workers. hfc-host returns
floats in Lua, and PyTorch returns bytes. The order of the sides alternates. Processor time is the
user and system time of all processes.
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

SIDE, WORKERS, SECONDS, NAMES = 224, 2, 5, 50


def make_pictures(coco, to):
    from PIL import Image
    (to / "train" / "all").mkdir(parents=True)
    (to / "val" / "all").mkdir(parents=True)
    for path in sorted(coco.rglob("*.jpg")):
        picture = Image.open(path).convert("RGB")
        scale = 500 / max(picture.size)
        size = [round(side * scale) for side in picture.size]
        first = to / "train" / "all" / path.name
        picture.resize(size).save(first, quality=93)
        for i in range(1, NAMES):
            os.link(first, first.with_name(f"{path.stem}-{i}.jpg"))


def processor_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def load(folder):
    """Prints the DataLoader's pictures a second and processor milliseconds per picture."""
    import torch
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2
    torch.set_num_threads(1)
    transform = v2.Compose([v2.RandomResizedCrop(SIDE), v2.RandomHorizontalFlip(),
                            v2.PILToTensor()])
    data = ImageFolder(folder, transform)
    # One list of many passes, so that starting the workers is not measured.
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


def ours(host, folder):
    script = pathlib.Path(__file__).with_name("pictures.lua")
    result = subprocess.run([host, script, "--folder", folder, "--threads", str(WORKERS),
                             "--readers", str(WORKERS),
                             "--seconds", str(SECONDS)], check=True, stdout=subprocess.PIPE)
    row = json.loads(result.stdout)
    return row["rate"], row["milliseconds"]


def theirs(python, folder):
    result = subprocess.run([python, __file__, "--load", f"{folder}/train"], check=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("host")
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
        # hfc-host does not accept a split without pictures.
        some = next(pathlib.Path(folder, "train", "all").iterdir())
        pathlib.Path(folder, "val", "all", some.name).write_bytes(some.read_bytes())
        for i in range(options.rounds):
            runs = [lambda: ours(options.host, folder), lambda: theirs(options.python, folder)]
            order = (0, 1) if i % 2 == 0 else (1, 0)
            pair = [None, None]
            for which in order:
                pair[which] = runs[which]()
            rounds.append(pair)
            print(f"round {i + 1}: hfc-host {pair[0][0]:.0f}/s, {pair[0][1]:.2f} ms; DataLoader "
                  f"{pair[1][0]:.0f}/s, {pair[1][1]:.2f} ms", flush=True)
    ratios = sorted(a[0] / b[0] for a, b in rounds)
    speed = statistics.median(ratios)
    work = statistics.median(a[1] / b[1] for a, b in rounds)
    print(f"hfc-host loads {speed:.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f}), with "
          f"{work:.2f} of the processor time")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(sys.argv[2])
    else:
        main()
