"""Compares the main jobs on a GPU with PyTorch from Python on the same GPU. Prints a table: figure,
peer's figure, ratio, and the required ratio.

    python3 bench/compare_gpu.py --host build/release/bin/hfc-host --peers PYTHON
                                 [--device cuda] [--repeats 3]

PYTHON has PyTorch for that GPU. Both sides run in turn; the median of the runs counts.
"""
import argparse
import pathlib
import sys

from compare import Figures, Row, add_lines, say, table

BENCH = pathlib.Path(__file__).resolve().parent


def beside_pytorch(what, **more):
    return Row(what, "img/s", [what],
               [f"pytorch {what}, contiguous", f"pytorch {what}, channels_last"], **more)


ONE_BY_ONE = ["pytorch image masks one by one, preact_resnet20 with BatchNorm"]
ROWS = [
    *(beside_pytorch(f"{what}, batch {size}", least_ratio=1.0)
      for size in (100, 1000) for what in ("training step", "forward", "PGD-10")),
    Row("split, 4 radii, 32 px, beside torch.fft", "img/s",
        ["split, 4 radii, 32 px"], ["torch.fft split, 4 radii, 32 px"]),
    *(Row(f"masks of {images} images together{how}, beside one by one", "steps/s",
          [f"masks of {images} images together{how}"], ONE_BY_ONE, least_ratio=10)
      for images in (100, 1000) for how in ("", ", bfloat16")),
    Row("passes of a Fourier heat map, beside the network's forward pass", "img/s",
        ["heat map"], ["forward, batch 1000"], least_ratio=0.9),
]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", type=pathlib.Path, required=True, help="the program hfc-host")
    parser.add_argument("--peers", required=True, help="a Python with PyTorch")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each side (default 3)")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    figures = Figures(ROWS)
    for turn in range(1, options.repeats + 1):
        figures.begin_turn()
        say(f"Run {turn} of {options.repeats}: hfc-host ...")
        add_lines(figures, [options.host.resolve(), "--device", options.device,
                            BENCH / "gpu_bench.lua"])
        say(f"Run {turn} of {options.repeats}: peers ...")
        for script in ("gpu_peer.py", "mask_peer.py"):
            add_lines(figures, [options.peers, BENCH / script, "--device", options.device])
    missed = table(figures)
    if missed:
        say(f"bench: {missed} figure(s) missed the target")


if __name__ == "__main__":
    main()
