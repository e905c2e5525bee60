"""Times the jobs of gpu_bench.lua on a GPU in PyTorch from Python. Prints one line of JSON per
measurement.

    python gpu_peer.py [--device cuda]

Both memory layouts of the network are measured; the better one counts.
"""
import argparse
import json
import time

import torch
from torch.nn import functional as F

from mask_peer import PreactResNet


def rate(name, count, work):
    """Prints the best rate of three repeats after a warm-up. A repeat ends when a number from its
    result has arrived."""
    def all_of_it():
        work().sum().item()
    all_of_it()
    fastest = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        all_of_it()
        fastest = min(fastest, time.perf_counter() - start)
    print(json.dumps({"peer": name, "value": round(count / fastest, 1), "unit": "img/s"}),
          flush=True)


def training_steps(network, x, y, steps):
    adam = torch.optim.Adam(network.parameters(), 1e-4)

    def work():
        for _ in range(steps):
            loss = F.cross_entropy(network(x), y)
            adam.zero_grad()
            loss.backward()
            adam.step()
        return loss.detach()
    return work


def forwards(network, x, steps):
    def work():
        with torch.no_grad():
            for _ in range(steps):
                logits = network(x)
            return logits
    return work


def pgd(network, x, y, epsilon=8 / 255, alpha=2 / 255, steps=10):
    """PGD as in torchattacks."""
    def work():
        adversarial = (x + torch.empty_like(x).uniform_(-epsilon, epsilon)).clamp(0, 1).detach()
        for _ in range(steps):
            adversarial.requires_grad_(True)
            gradient = torch.autograd.grad(F.cross_entropy(network(adversarial), y), adversarial)[0]
            delta = (adversarial.detach() + alpha * gradient.sign() - x).clamp(-epsilon, epsilon)
            adversarial = (x + delta).clamp(0, 1).detach()
        return adversarial
    return work


def splits(x, radii=(4, 8, 12, 16)):
    size = x.shape[-1]
    i, j = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    far = torch.hypot((i - size / 2).float(), (j - size / 2).float())
    masks = [torch.fft.ifftshift((far <= radius).float())[:, : size // 2 + 1].to(x.device)
             for radius in radii]

    def work():
        spectrum = torch.fft.rfft2(x)
        for mask in masks:
            low = torch.fft.irfft2(spectrum * mask, s=(size, size))
            high = x - low
        return low[0] + high[0]
    return work


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda or cpu")
    device = parser.parse_args().device
    torch.manual_seed(0)
    steps = 20
    for size in (100, 1000):
        y = torch.randint(0, 10, (size,), device=device)
        for name, layout in (("contiguous", torch.contiguous_format),
                             ("channels_last", torch.channels_last)):
            x = torch.rand(size, 3, 32, 32, device=device).to(memory_format=layout)
            network = PreactResNet(5, False).to(device).to(memory_format=layout)
            rate(f"pytorch training step, batch {size}, {name}", steps * size,
                 training_steps(network, x, y, steps))
            rate(f"pytorch forward, batch {size}, {name}", steps * size,
                 forwards(network, x, steps))
            rate(f"pytorch PGD-10, batch {size}, {name}", size,
                 pgd(network.requires_grad_(False), x, y))
    images = torch.rand(5000, 3, 32, 32, device=device)
    rate("torch.fft split, 4 radii, 32 px", len(images), splits(images))


if __name__ == "__main__":
    main()
