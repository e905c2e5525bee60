"""Compares the speed of the 19 corruptions with the published code.

  python compare_corruptions.py HOST PYTHON CREATE_C [--pairs 8]

HOST      the program hfc-host
PYTHON    a Python with the packages that tests/fixtures/make_corrupt.py needs
CREATE_C  the directory ImageNet-C/create_c of github.com/hendrycks/robustness

Both sides corrupt the same made-up images on one thread, with each kind at each severity: 50 images
of 32 pixels with CIFAR-10-C's constants, and 2 images of 224 pixels with ImageNet-C's constants.
Prints the ratio of the total seconds (theirs / ours), which is above 1 if hfc-host is faster, and
the ratio for each kind.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import pairs

SIZES = {32: ("make_cifar_c.py", 50), 224: ("make_imagenet_c.py", 2)}
FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures"


def make_images(folder):
    """Writes SIZE.safetensors with images, bytes [N, H, W, 3]."""
    sys.path.insert(0, str(FIXTURES))
    import make_corrupt
    import numpy
    from safetensors.numpy import save_file
    for size, (_, count) in SIZES.items():
        images = numpy.stack([make_corrupt.picture(size, i) for i in range(count)])
        save_file({"images": images}, f"{folder}/{size}.safetensors")


def theirs(source, folder):
    sys.path.insert(0, str(FIXTURES))
    import make_corrupt
    from PIL import Image
    from safetensors.numpy import load_file
    source, folder = pathlib.Path(source).resolve(), pathlib.Path(folder).resolve()
    os.chdir(source)  # where the published code looks for photographs
    found = {}
    for size, (name, _) in SIZES.items():
        module = make_corrupt.load(source / name, size)
        images = [Image.fromarray(image)
                  for image in load_file(folder / f"{size}.safetensors")["images"]]
        for kind in make_corrupt.KINDS:
            corrupt = getattr(module, kind)
            began = time.monotonic()
            for severity in range(1, 6):
                for image in images:
                    corrupt(image, severity)
            found[f"{kind} {size}"] = time.monotonic() - began
    print(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("host", "python", "create_c"):
        parser.add_argument(name)
    parser.add_argument("--pairs", type=int, default=8)
    options = parser.parse_args()
    script = pathlib.Path(__file__).with_name("corruptions.lua")
    with tempfile.TemporaryDirectory() as folder:
        pairs.run([options.python, __file__, "--images", folder])
        own = [options.host, script, "--images", folder, "--frost", options.create_c,
               "--threads", 1]
        other = [options.python, __file__, "--theirs", options.create_c, folder]
        measured = pairs.measure(own, other, options.pairs)
    for size in SIZES:
        kinds = [name for name in measured[0][0] if name.endswith(f" {size}")]
        sums = [sum(b[k] for k in kinds) / sum(a[k] for k in kinds) for a, b in measured]
        print(f"all {len(kinds)} kinds at {size} pixels: {pairs.median_and_range(sums)}")
        for kind in kinds:
            ratios = [b[kind] / a[kind] for a, b in measured]
            ours = statistics.median(a[kind] for a, _ in measured)
            print(f"  {kind}: {pairs.median_and_range(ratios)}, ours {1e3 * ours:.3g} ms")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--images"]:
        make_images(sys.argv[2])
    elif sys.argv[1:2] == ["--theirs"]:
        theirs(*sys.argv[2:])
    else:
        main()
