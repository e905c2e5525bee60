"""Measures how fast PyTorch learns single-image Fourier masks one after another, as in the authors'
code of Karantzas et al., 2022.

    python mask_peer.py [--threads N] [--device cpu]

Prints one line of JSON per measurement, like the other peers' scripts.

Each step sets the mask to training mode and the network to evaluation mode. It passes the image
through real(ifft2(mask * fft2(x))) and the frozen network. The loss is exp((CE - clean CE)^2) +
lambda |M|_1 / |M0|_1, where the clean cross-entropy is computed again from the known logits; both
terms are read for the log. After the backward pass, the Adam step and clamping to [0,1], another
forward pass in evaluation mode makes the prediction that the stopping rule needs. The authors' code
also redraws a progress bar in each step; this script does not. Compare with `image_masks` of
mask_bench, in steps a second, counted for each image.
"""
import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, before, after, first, norm):
        super().__init__()
        self.first, self.grows = first, after != before
        self.norm1, self.norm2 = norm(before), norm(after)
        self.conv1 = nn.Conv2d(before, after, 3, 2 if self.grows else 1, 1, bias=False)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)

    def forward(self, x):
        y = self.conv2(F.relu(self.norm2(self.conv1(x if self.first else F.relu(self.norm1(x))))))
        if self.grows:
            half = (self.conv1.out_channels - x.shape[1]) // 2
            x = F.pad(F.avg_pool2d(x, 2), (0, 0, 0, 0, half, half))
        return x + y


class PreactResNet(nn.Module):
    def __init__(self, blocks, batch_norm):
        super().__init__()
        norm = ((lambda width: nn.BatchNorm2d(width, eps=1e-3)) if batch_norm
                else (lambda width: nn.Identity()))
        widths = [16] * (blocks + 1) + [32] * blocks + [64] * blocks
        self.conv0, self.norm0 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), norm(16)
        self.blocks = nn.Sequential(*[Block(a, b, i == 0, norm)
                                      for i, (a, b) in enumerate(zip(widths, widths[1:]))])
        self.norm, self.fc = norm(64), nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.norm0(self.conv0(x))))
        return self.fc(F.relu(self.norm(x)).mean((2, 3)))


class Masked(nn.Module):
    """A network behind a mask. The optimizer changes the mask; each step sets its mode."""

    def __init__(self, network, image):
        super().__init__()
        self.weight, self.network = nn.Parameter(
            torch.ones(image.shape[-2:], device=image.device)), network

    def forward(self, x):
        return self.network(torch.fft.ifft2(self.weight * torch.fft.fft2(x)).real)


def learn(network, image, label, steps, tolerance=1e-5, patience=7):
    model = Masked(network, image)
    adam, criterion = torch.optim.Adam([model.weight], 0.008), nn.CrossEntropyLoss()
    ones = torch.norm(model.weight.detach(), p=1)
    with torch.no_grad():
        clean = network(image)
    before, still = None, 0
    for _ in range(steps):
        model.train()
        network.eval()
        invariance = (criterion(model(image), label) - criterion(clean, label)) ** 2
        norm = torch.norm(model.weight, p=1)
        now = invariance.item(), norm.item()
        (torch.exp(invariance) + 0.07 / ones * norm).backward()
        adam.step()
        adam.zero_grad()
        model.weight.data = model.weight.data.clamp(0.0, 1.0)
        model.eval()
        with torch.no_grad():
            right = model(image).argmax(1).item() == label.item()
        flat = (before is not None and abs(now[0] - before[0]) <= 1e-6
                and abs(now[1] - before[1]) <= tolerance)
        before, still = now, still + 1 if right and flat else 0
        if still == patience:
            break


NETWORKS = (
    ("preact_resnet32", 5, False),
    ("preact_resnet20 with BatchNorm", 3, True),
    ("preact_resnet8 with BatchNorm", 1, True),
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=0, help="number of threads; 0: default")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    images, labels = (torch.rand(10, 3, 32, 32, device=options.device),
                      torch.randint(0, 10, (10,), device=options.device))
    for name, blocks, batch_norm in NETWORKS:
        network = PreactResNet(blocks, batch_norm).eval().requires_grad_(False).to(options.device)
        steps, fastest = 10, float("inf")  # too few for the stopping rule to apply
        learn(network, images[:1], labels[:1], steps)
        for _ in range(3):
            start = time.perf_counter()
            for i in range(len(images)):
                learn(network, images[i:i + 1], labels[i:i + 1], steps)
            fastest = min(fastest, time.perf_counter() - start)
        rate = steps * len(images) / fastest
        print(json.dumps({"peer": f"pytorch image masks one by one, {name}",
                          "value": round(rate, 1), "unit": "steps/s"}), flush=True)


if __name__ == "__main__":
    main()
