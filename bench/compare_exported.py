"""Compares full torchvision networks, exported by torch.export, with the originals in Python.

  python compare_exported.py HOST PYTHON [--pairs 8] [--threads 1] [--network resnet18 ...]

HOST    the program hfc-host
PYTHON  a Python with torch and torchvision

Each network has random weights (seed 0) and batch statistics from ten training steps. It is
exported in evaluation mode with a free batch size. Prints the largest differences of logits and
input gradients on eight images from Python's results in float64, relative to the largest value.
Then prints the images a second of a forward pass and of an input gradient. A pair is two fresh
processes in alternating order. A ratio is the median over the pairs, and above 1 if hfc-host is
faster.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

import pairs

NETWORKS = ("resnet18", "resnet50", "convnext_tiny", "vit_b_16")
IMAGES, SECONDS = 8, 5


def build(name):
    import torch
    import torchvision
    torch.manual_seed(0)
    net = getattr(torchvision.models, name)()
    if name == "vit_b_16":  # torchvision initialises the last layer with 0
        torch.nn.init.normal_(net.heads.head.weight, std=.02)
    with torch.no_grad():
        for _ in range(10):
            net.train()(torch.rand(4, 3, 224, 224))
    return net.eval()


def export(name, folder):
    """Writes the network, images, and the logits and gradients for the images."""
    import torch
    from safetensors.torch import save_file
    net = build(name)
    torch.manual_seed(1)
    images = torch.rand(IMAGES, 3, 224, 224)
    weights = torch.randn(IMAGES, 1000)
    found = []
    for dtype in (torch.float32, torch.float64):
        x = images.to(dtype, copy=True).requires_grad_(True)
        logits = net.to(dtype)(x)
        gradient, = torch.autograd.grad((logits * weights.to(dtype)).sum(), x)
        found.append((logits.detach(), gradient))
    save_file({"images": images, "weights": weights, "logits": found[1][0],
               "gradient": found[1][1]}, folder / "reference.safetensors")
    print(json.dumps([((a.double() - b).abs().max() / b.abs().max()).item()
                      for a, b in zip(*found)]))
    net.float()
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.export.export(net, (images,), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "net.pt2")


def rates(name, folder, threads):
    """Prints images a second of the forward pass and of an input gradient."""
    import torch
    from safetensors.torch import load_file
    torch.set_num_threads(threads)
    net = build(name)
    reference = load_file(folder / "reference.safetensors")
    images = reference["images"]

    def forward():
        with torch.no_grad():
            net(images)

    def gradient():
        x = images.clone().requires_grad_(True)
        torch.autograd.grad((net(x) * reference["weights"]).sum(), x)

    def rate(work):
        work()
        count, began = 0, time.monotonic()
        while time.monotonic() - began <= SECONDS:
            work()
            count += 1
        return count * IMAGES / (time.monotonic() - began)

    print(json.dumps([rate(forward), rate(gradient)]))


def compare(name, options, folder):
    own = pairs.run([options.python, __file__, "--export", name, folder])
    script = pathlib.Path(__file__).with_name("exported.lua")
    ours = [options.host, script, "--net", folder / "net.pt2", "--reference",
            folder / "reference.safetensors", "--seconds", SECONDS, "--threads", options.threads]
    theirs = [options.python, __file__, "--rates", name, folder, options.threads]
    measured = pairs.measure(ours, theirs, options.pairs)
    said = measured[0][0]
    for i, which in enumerate(("forward", "gradient")):
        ratios = [a["rates"][i] / b[i] for a, b in measured]
        print(f"{name}: {which} {pairs.median_and_range(ratios)} of Python's speed", flush=True)
    print(f"{name}: logits and input gradient within {said['float64']} in float64, "
          f"{said['float32']} in float32 (Python's own float32: {own[0]:.2g}, {own[1]:.2g})",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("host")
    parser.add_argument("python")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=NETWORKS)
    options = parser.parse_args()
    for name in options.network:
        with tempfile.TemporaryDirectory() as folder:
            compare(name, options, pathlib.Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--export"]:
        export(sys.argv[2], pathlib.Path(sys.argv[3]))
    elif sys.argv[1:2] == ["--rates"]:
        rates(sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
