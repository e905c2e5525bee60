"""Compares APGD and Square with the published code, on the public ResNet-20 for CIFAR-10.

  python compare_attacks.py HOST PYTHON AUTOATTACK DATA WEIGHTS [--pairs 8] [--threads 2]

HOST        the program hfc-host
PYTHON      a Python with torch
AUTOATTACK  a checkout of github.com/fra31/auto-attack
DATA        the directory that contains cifar-10-batches-bin
WEIGHTS     resnet20-12fca82f.th of github.com/akamaster/pytorch_resnet_cifar10

Both sides attack the first 200 test images in one batch (L-infinity): APGD (cross-entropy, 100
steps, one restart) at 8/255; Square (untargeted) at 8/255 with 5 000 queries, which soon fools all
images, and at 1/255 with 200 queries, which many images survive. Prints the ratio of images a
second (ours / theirs), which is above 1 if hfc-host is faster, and how many images the network
still classifies correctly.
"""
import argparse
import json
import pathlib
import sys
import time

import pairs

IMAGES = 200
RUNS = (("apgd", 8 / 255, 100), ("square", 8 / 255, 5000), ("square", 1 / 255, 200))


def theirs(folder, data, weights, threads):
    import torch
    import cifar_resnet
    sys.path.insert(0, folder)
    from autoattack.autopgd_base import APGDAttack
    from autoattack.square import SquareAttack
    torch.set_num_threads(int(threads))
    net = cifar_resnet.public(weights)
    x, y = cifar_resnet.images(data, "test_batch", IMAGES)
    with torch.no_grad():
        net(x)
    found = []
    for name, epsilon, count in RUNS:
        if name == "apgd":
            attack = APGDAttack(net, n_iter=count, eps=epsilon, device="cpu")
        else:
            attack = SquareAttack(net, eps=epsilon, n_queries=count, resc_schedule=False,
                                  device="cpu")
        began = time.monotonic()
        adversarial = attack.perturb(x, y)
        seconds = time.monotonic() - began
        with torch.no_grad():
            right = (net(adversarial).argmax(1) == y).sum().item()
        found.append([IMAGES / seconds, right])
    print(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("host", "python", "autoattack", "data", "weights"):
        parser.add_argument(name)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    script = pathlib.Path(__file__).with_name("attacks.lua")
    own = [options.host, script, "--model", options.weights, "--data", options.data,
           "--images", IMAGES, "--threads", options.threads]
    other = [options.python, __file__, "--theirs", options.autoattack, options.data,
             options.weights, options.threads]
    measured = pairs.measure(own, other, options.pairs)
    for i, (name, epsilon, count) in enumerate(RUNS):
        ratios = [a[i][0] / b[i][0] for a, b in measured]
        last_own, last_other = measured[-1]
        print(f"{name} {count} at {255 * epsilon:.0f}/255: {pairs.median_and_range(ratios)}; "
              f"right after it {last_own[i][1]} and {last_other[i][1]} of {IMAGES}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--theirs"]:
        theirs(*sys.argv[2:])
    else:
        main()
