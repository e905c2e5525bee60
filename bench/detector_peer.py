"""Trains torchvision's RetinaNet as scripts/detection.lua trains retinanet_small; prints its AP.

  python detector_peer.py VOC [--seed 0] [--epochs 24] [--min_size 240] [--threads 1]

VOC  a data set in the format of Pascal VOC; `train` is for training, `test` for measuring

The backbone has one basic block per stage and 32, 64, 128 and 256 channels. The pyramid and the
heads have 64 channels. Anchors start at 16 pixels. Training uses Adam with a learning rate of 1e-3,
a cosine schedule with one epoch of warm-up, batches of 8, flips, and gradients clipped to a norm of
10. The last line is JSON: COCO's AP and AP50, and CPU seconds.
"""
import argparse
import json
import math
import pathlib
import random
import time
import xml.etree.ElementTree

import torch
import torchvision
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.ops.feature_pyramid_network import LastLevelP6P7
from torchvision.transforms.functional import hflip, to_tensor

WIDTHS, PYRAMID, ANCHOR, BATCH, RATE = (32, 64, 128, 256), 64, 16, 8, 1e-3


class Body(ResNet):
    def __init__(self):
        super().__init__(BasicBlock, [1, 1, 1, 1])
        self.inplanes = WIDTHS[0]
        self.conv1 = torch.nn.Conv2d(3, WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(WIDTHS[0])
        for i, width in enumerate(WIDTHS):
            stride = 1 if i == 0 else 2
            setattr(self, f"layer{i + 1}", self._make_layer(BasicBlock, width, 1, stride))
        for module in self.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def make_network(classes, min_size):
    layers = {"layer2": "0", "layer3": "1", "layer4": "2"}
    backbone = BackboneWithFPN(Body(), layers, WIDTHS[1:], PYRAMID, LastLevelP6P7(PYRAMID, PYRAMID))
    sizes = tuple((x, int(x * 2 ** (1 / 3)), int(x * 2 ** (2 / 3)))
                  for x in (ANCHOR * 2 ** level for level in range(5)))
    return RetinaNet(backbone, classes, min_size=min_size, max_size=1333,
                     anchor_generator=AnchorGenerator(sizes, ((.5, 1., 2.),) * 5))


def read(root, part, names):
    """[(picture, boxes, labels)], with coordinates from 0."""
    result = []
    for name in (root / "ImageSets/Main" / f"{part}.txt").read_text().split():
        tree = xml.etree.ElementTree.parse(root / "Annotations" / f"{name}.xml")
        boxes, labels = [], []
        for entry in tree.iter("object"):
            box = [float(entry.find(f"bndbox/{side}").text) - (side in ("xmin", "ymin"))
                   for side in ("xmin", "ymin", "xmax", "ymax")]
            if box[2] > box[0] and box[3] > box[1]:
                boxes.append(box)
                labels.append(names.setdefault(entry.find("name").text, len(names)))
        picture = to_tensor(Image.open(root / "JPEGImages" / f"{name}.jpg").convert("RGB"))
        result.append((picture, torch.tensor(boxes).reshape(-1, 4), torch.tensor(labels).long()))
    return result


def batch_of(data, indices, rng):
    pictures, targets = [], []
    for i in indices:
        picture, boxes, labels = data[i]
        boxes = boxes.clone()
        if rng.random() < .5:
            picture = hflip(picture)
            boxes[:, [0, 2]] = picture.shape[2] - boxes[:, [2, 0]]
        pictures.append(picture)
        targets.append({"boxes": boxes, "labels": labels})
    return pictures, targets


def train(net, data, epochs, rng):
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    steps = math.ceil(len(data) / BATCH)
    for step in range(epochs * steps):
        if step % steps == 0:
            order = rng.sample(range(len(data)), len(data))
        done = (step - steps) / ((epochs - 1) * steps)
        rate = (step + 1) / steps if step < steps else .5 * (1 + math.cos(math.pi * done))
        adam.param_groups[0]["lr"] = RATE * rate
        begin = step % steps * BATCH
        losses = net(*batch_of(data, order[begin:begin + BATCH], rng))
        adam.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10)
        adam.step()


def score(net, data, names):
    coco, annotations, found = COCO(), [], []
    for i, (picture, boxes, labels) in enumerate(data):
        for box, label in zip(boxes.tolist(), labels.tolist()):
            x1, y1, x2, y2 = box
            annotations.append({"id": len(annotations) + 1, "image_id": i, "category_id": label,
                                "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": 0,
                                "area": (x2 - x1) * (y2 - y1)})
        with torch.no_grad():
            given = net([picture])[0]
        for box, label, value in zip(given["boxes"].tolist(), given["labels"].tolist(),
                                     given["scores"].tolist()):
            x1, y1, x2, y2 = box
            found.append({"image_id": i, "category_id": label, "score": value,
                          "bbox": [x1, y1, x2 - x1, y2 - y1]})
    coco.dataset = {"images": [{"id": i} for i in range(len(data))], "annotations": annotations,
                    "categories": [{"id": label, "name": name} for name, label in names.items()]}
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[:2].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("voc", type=pathlib.Path)
    for name, value in (("seed", 0), ("epochs", 24), ("min_size", 240), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng, names = random.Random(options.seed), {}
    data = read(options.voc, "train", names)
    net = make_network(len(names), options.min_size)
    train(net.train(), data, options.epochs, rng)
    ap, ap50 = score(net.eval(), read(options.voc, "test", names), names)
    print(json.dumps({"torchvision": torchvision.__version__, "seed": options.seed, "ap": ap,
                      "ap50": ap50, "seconds": time.process_time()}))


if __name__ == "__main__":
    main()
