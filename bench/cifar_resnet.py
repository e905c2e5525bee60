"""The architecture of github.com/akamaster/pytorch_resnet_cifar10, for comparisons with Python."""
import pathlib

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, planes_in, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(planes_in, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.added = stride, (planes - planes_in) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        short = x[:, :, ::self.stride, ::self.stride]
        return F.relu(y + F.pad(short, (0, 0, 0, 0, self.added, self.added)))


class ResNet(nn.Module):
    """Three stages of `blocks` blocks, with ImageNet's normalisation in front."""

    def __init__(self, blocks):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = self.stage(16, 16, blocks, 1)
        self.layer2 = self.stage(16, 32, blocks, 2)
        self.layer3 = self.stage(32, 64, blocks, 2)
        self.linear = nn.Linear(64, 10)
        self.register_buffer("mean", torch.tensor([.485, .456, .406]).view(3, 1, 1), False)
        self.register_buffer("deviation", torch.tensor([.229, .224, .225]).view(3, 1, 1), False)

    @staticmethod
    def stage(planes_in, planes, blocks, stride):
        rest = [Block(planes, planes, 1) for _ in range(blocks - 1)]
        return nn.Sequential(Block(planes_in, planes, stride), *rest)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.deviation)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def public(weights):
    """ResNet-20 with the weights from a file of that repository."""
    state = torch.load(weights, map_location="cpu")["state_dict"]
    net = ResNet(3)
    wrong = net.load_state_dict({name.removeprefix("module."): tensor
                                 for name, tensor in state.items()}, strict=False)
    missing = [name for name in wrong.missing_keys if not name.endswith("num_batches_tracked")]
    assert not wrong.unexpected_keys and not missing, wrong
    return net.eval()


def images(data, file, count):
    """The first images and labels in a file of CIFAR-10's binary version."""
    raw = (pathlib.Path(data) / "cifar-10-batches-bin" / f"{file}.bin").read_bytes()
    rows = torch.frombuffer(bytearray(raw[:count * 3073]), dtype=torch.uint8).view(count, 3073)
    return rows[:, 1:].reshape(count, 3, 32, 32).float() / 255, rows[:, 0].long()
