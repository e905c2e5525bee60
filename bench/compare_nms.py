"""Compares the speed of non-maximum suppression with torchvision's.

  python compare_nms.py HOST PYTHON [--pairs 8]

HOST    the program hfc-host
PYTHON  a Python with torch and torchvision

Both sides suppress the same random boxes on one thread: 1 000, 5 000 and 20 000 of them, in one
class and in 80, at an overlap of .5. The time is the best of seven calls in a process. Prints the
ratios (theirs / ours), which are above 1 if hfc-host is faster. The kept indices must be equal.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

import pairs

COUNTS, CLASSES, THRESHOLD = (1000, 5000, 20000), (1, 80), .5


def make_boxes(folder):
    import torch
    from safetensors.torch import save_file
    torch.manual_seed(0)
    tensors = {}
    for count in COUNTS:
        corner, size = 600 * torch.rand(count, 2), 10 + 190 * torch.rand(count, 2)
        tensors[f"boxes {count}"] = torch.cat([corner, corner + size], 1)
        tensors[f"scores {count}"] = torch.rand(count)
        for classes in CLASSES:
            tensors[f"labels {count} {classes}"] = torch.randint(classes, (count,))
    save_file(tensors, f"{folder}/boxes.safetensors")


def theirs(folder):
    import torch
    from safetensors.torch import load_file
    from torchvision.ops import batched_nms, nms
    torch.set_num_threads(1)
    data, found = load_file(f"{folder}/boxes.safetensors"), {}
    for count in COUNTS:
        boxes, scores = data[f"boxes {count}"], data[f"scores {count}"]
        for classes in CLASSES:
            labels = data[f"labels {count} {classes}"]
            seconds = []
            for _ in range(7):
                began = time.perf_counter()
                if classes == 1:
                    kept = nms(boxes, scores, THRESHOLD)
                else:
                    kept = batched_nms(boxes, scores, labels, THRESHOLD)
                seconds.append(time.perf_counter() - began)
            weights = torch.arange(1, len(kept) + 1) % 1000
            found[f"{count} boxes, {classes} classes"] = [min(seconds), len(kept),
                                                         int((kept * weights).sum())]
    print(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("host")
    parser.add_argument("python")
    parser.add_argument("--pairs", type=int, default=8)
    options = parser.parse_args()
    script = pathlib.Path(__file__).with_name("nms.lua")
    with tempfile.TemporaryDirectory() as folder:
        pairs.run([options.python, __file__, "--boxes", folder])
        measured = pairs.measure(
            [options.host, script, "--folder", folder, "--threads", 1],
            [options.python, __file__, "--theirs", folder], options.pairs)
    for case in measured[0][0]:
        assert all(a[case][1:] == b[case][1:] for a, b in measured), case
        ratios = [b[case][0] / a[case][0] for a, b in measured]
        print(f"{case}: {pairs.median_and_range(ratios)}, ours {1e3 * measured[0][0][case][0]:.3g} "
              f"ms, {measured[0][0][case][1]} kept")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--boxes"]:
        make_boxes(sys.argv[2])
    elif sys.argv[1:2] == ["--theirs"]:
        theirs(sys.argv[2])
    else:
        main()
