"""Compares the standard version of AutoAttack with the published code, on the same network.

  python compare_auto.py HOST PYTHON AUTOATTACK DATA [--images 200] [--seeds 3] [--threads 2]

HOST        the program hfc-host
PYTHON      a Python with torch
AUTOATTACK  a checkout of github.com/fra31/auto-attack
DATA        the directory that contains cifar-10-batches-bin

Python trains a ResNet of eight layers on 10 000 images of CIFAR-10 with FGSM at 8/255 from a random
start (six epochs), and exports it. Both sides then attack the first test images at 8/255 (L-inf).
The published code runs with several seeds. Prints the fractions of images that the network still
classifies correctly, and the seconds.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

import pairs

EPSILON, EPOCHS, TRAIN, BATCH = 8 / 255, 6, 10000, 100


def train(net, x, y):
    import torch
    from torch.nn import functional as F
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), .1, momentum=.9, weight_decay=5e-4, nesterov=True)
    steps = EPOCHS * TRAIN // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, .1, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(TRAIN).split(BATCH):
            images, labels = x[rows], y[rows]
            noise = (2 * torch.rand_like(images) - 1) * EPSILON
            noise.requires_grad_(True)
            gradient, = torch.autograd.grad(F.cross_entropy(net(images + noise), labels), noise)
            moved = noise.detach() + 1.25 * EPSILON * gradient.sign()
            moved = (images + moved.clamp(-EPSILON, EPSILON)).clamp(0, 1)
            optimizer.zero_grad()
            F.cross_entropy(net(moved), labels).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def prepare(folder, data, count):
    import torch
    import cifar_resnet
    from safetensors.torch import save_file
    torch.manual_seed(0)
    net = train(cifar_resnet.ResNet(1), *cifar_resnet.images(data, "data_batch_1", TRAIN))
    torch.save(net.state_dict(), f"{folder}/net.pt")
    x, y = cifar_resnet.images(data, "test_batch", int(count))
    save_file({"images": x, "labels": y}, f"{folder}/images.safetensors")
    batch = torch.export.Dim("batch", min=1, max=1024)
    torch.export.save(torch.export.export(net, (x,), dynamic_shapes=({0: batch},)),
                      f"{folder}/net.pt2")


def theirs(source, folder, seed, threads):
    import torch
    import cifar_resnet
    from safetensors.torch import load_file
    sys.path.insert(0, source)
    from autoattack import AutoAttack
    torch.set_num_threads(int(threads))
    net = cifar_resnet.ResNet(1)
    net.load_state_dict(torch.load(f"{folder}/net.pt"))
    net.eval()
    data = load_file(f"{folder}/images.safetensors")
    x, y = data["images"], data["labels"]
    attack = AutoAttack(net, norm="Linf", eps=EPSILON, seed=int(seed), device="cpu", verbose=False)
    began = time.monotonic()
    adversarial = attack.run_standard_evaluation(x, y, bs=100)
    seconds = time.monotonic() - began
    with torch.no_grad():
        right = (net(adversarial).argmax(1) == y).float().mean().item()
    print(json.dumps([right, seconds]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("host", "python", "autoattack", "data"):
        parser.add_argument(name)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    script = pathlib.Path(__file__).with_name("auto.lua")
    with tempfile.TemporaryDirectory() as folder:
        pairs.run([options.python, __file__, "--prepare", folder, options.data, options.images])
        found = pairs.run([options.host, script, "--folder", folder, "--threads", options.threads])
        print(f"hfc-host: clean {found['clean']:.3f}, robust {found['robust']:.3f}, "
              f"{found['seconds']:.1f} s; {found['steps']}", flush=True)
        for seed in range(options.seeds):
            right, seconds = pairs.run([options.python, __file__, "--theirs", options.autoattack,
                                        folder, seed, options.threads])
            print(f"auto-attack, seed {seed}: robust {right:.3f}, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--prepare"]:
        prepare(*sys.argv[2:])
    elif sys.argv[1:2] == ["--theirs"]:
        theirs(*sys.argv[2:])
    else:
        main()
