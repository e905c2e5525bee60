#!/usr/bin/env python3
"""Writes the seeds of the fuzz programs, corpus/NAME/*, from scratch: right files, and wrong ones
of each kind.

Files that are fixtures of the tests already are not copied: tools/fuzz gives them to the programs
as they are.
"""
import gzip
import io
import json
import pathlib
import struct
import tarfile
import zlib

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE.parent / "fixtures" / "tensor_file"


def seed(program, name, content):
    folder = HERE / "corpus" / program
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def cifar10():
    records = b"".join(bytes([label]) + bytes(3072) for label in (0, 9))
    seed("cifar10", "right", b"\0" + records)
    seed("cifar10", "label", b"\5" + records[:3073] + b"\x0a" + records[3074:])
    seed("cifar10", "short", b"\1" + records[:-1])


def coco():
    truth = {
        "info": {"year": 2017}, "categories": [{"id": 7, "name": "cat"}],
        "images": [{"id": 1, "file_name": "1.jpg", "height": 9, "width": 9}],
        "annotations": [{"id": 3, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4],
                         "area": 12.5, "iscrowd": 1, "segmentation": {"counts": [1], "size": [9]}}],
    }
    seed("coco", "truth", b"\0" + json.dumps(truth).encode())
    seed("coco", "found", b"\1" + json.dumps([
        {"image_id": 1, "category_id": 7, "bbox": [1, 1, 4, 4.5], "score": .5}]).encode())
    seed("coco", "nested", b"\0" + b'{"x":' + b"[" * 200)


def tar_of(members, form=tarfile.USTAR_FORMAT):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    # Of the padding, the end mark is enough.
    used = len(file.getvalue().rstrip(b"\0"))
    return file.getvalue()[:used] + bytes(1024 + -used % 512)


def tar():
    picture = b"P5 2 2 255\n1234"
    deep = "d" * 120 + ".pgm"
    seed("tar", "folders", b"\1" + tar_of([("a/x.pgm", picture), ("b/y.pgm", picture)]))
    seed("tar", "parts", b"\201" + tar_of([("train/a/x.pgm", picture), ("val/a/x.pgm", picture)]))
    seed("tar", "numbers", b"\1" + tar_of([("1.pgm", picture), ("1.cls", b"2")]))
    seed("tar", "inner", b"\1" + tar_of([("a.tar", tar_of([("x.pgm", picture)]))]))
    seed("tar", "gnu", b"\1" + tar_of([("a/" + deep, picture)], tarfile.GNU_FORMAT))
    seed("tar", "pax", b"\1" + tar_of([("a/" + deep, picture)], tarfile.PAX_FORMAT))
    seed("tar", "short", b"\0" + tar_of([("a/x.pgm", picture)])[:700])


def classes():
    seed("classes", "right", b'{"x": "n1..n2", "y": ["a", "b..b"]}')
    seed("classes", "twice", b'{"x": ["a"], "x": "b"}')
    seed("classes", "object", b'{"x": {"y": 1}}')


def voc():
    box = "<xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax>"
    text = ("<annotation><filename>1.jpg</filename><size><width>9</width><height>9</height></size>"
            f"<object><name>cat</name><difficult>1</difficult><bndbox>{box}</bndbox></object>"
            "</annotation>")
    seed("voc", "right", text.encode())
    seed("voc", "short", text[:150].encode())


def idx():
    images = struct.pack(">IIII", 0x0803, 2, 28, 28) + bytes(2 * 784)
    labels = struct.pack(">II", 0x0801, 2) + b"\1\2"
    packed = gzip.compress(images, mtime=0)
    seed("idx", "images", b"\0" + images)
    seed("idx", "labels", b"\1" + labels)
    seed("idx", "gzip", b"\x80" + packed)
    seed("idx", "gzip_labels", b"\x81" + gzip.compress(labels, mtime=0))
    seed("idx", "gzip_short", b"\x80" + packed[:-4])
    seed("idx", "gzip_bomb", b"\x80" + gzip.compress(bytes(1 << 20), mtime=0))
    seed("idx", "huge", b"\2" + struct.pack(">IIII", 0x0803, 0xFFFFFFFF, 28, 28))


def picture():
    def chunk(name, content):
        return (struct.pack(">I", len(content)) + name + content
                + struct.pack(">I", zlib.crc32(name + content)))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    png = (b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(14)))
           + chunk(b"IEND", b""))
    jpeg = (b"\xff\xd8" + b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
            + b"\xff\xc0\x00\x0b\x08\0\2\0\2\1\1\x11\0"
            + b"\xff\xda\x00\x08\1\1\0\0\x3f\0" + b"\1\2\xff\0\3" + b"\xff\xd9")
    seed("picture", "png", png)
    seed("picture", "jpeg", jpeg)
    seed("picture", "png_huge", png[:16] + b"\x7f\xff\xff\xff" + png[20:])


def tensors():
    def safetensors(header, body=b""):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + body

    one = {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    seed("tensors", "safetensors", safetensors({**one, "__metadata__": {"k": "v"}}, bytes(16)))
    seed("tensors", "safetensors_overflow",
         safetensors({"a": {**one["a"], "shape": [1 << 33, 1 << 33]}}, bytes(16)))
    seed("tensors", "safetensors_deep", safetensors(b"[" * 20000))
    seed("tensors", "safetensors_deep_metadata", safetensors(b'{"a":' * 5000))
    for shape in ("(2, 3)", "(99999999999,)", "(-1,)"):
        text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
        text = text.ljust(117) + b"\n"
        seed("tensors", "npy_" + str(len(shape)),
             b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(24))


def greedy_pickles():
    """Programs that ask for much more memory or work than they have bytes."""
    def call(function, argument, times):
        return function + b"q\1" + argument + b"q\3" + b"0h\1h\3R" * times + b"."

    def text(value):
        return b"\x8c" + bytes([len(value)]) + value

    items = b"]q\0(" + b"K\1" * 5000 + b"e"
    pairs = b"]q\0(K\1K\2\x86q\2" + b"h\2" * 5000 + b"e"
    storage = (b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu")
               + b"K\x0ctQ")
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n"
    wide = b"(J\0\0\0\x40J\0\0\0\x40t(K\0K\0t\x89Nt"
    return {
        "many_sizes.pt": items + call(b"ctorch\nSize\n", b"h\0\x85", 5000),
        "many_dicts.pt": pairs + call(b"ccollections\nOrderedDict\n", b"h\0\x85", 5000),
        "many_dimensions.pt": items + call(rebuild, b"(" + storage + b"K\0h\0h\0\x89Nt", 5000),
        "many_tensors.pt": call(rebuild, b"(" + storage + b"K\0(t(t\x89Nt", 8000),
        "much_shown.pt": rebuild + b"(" + storage + b"K\0" + wide + b"R.",
        "memo.pt": b"K\1" + b"\x94" * 50000 + b".",
        "marks.pt": b"(" * 50000 + b".",
        "names.pt": (b"]q\0}q\1X" + struct.pack("<I", 20000) + b"n" * 20000 + b"K\1s0("
                     + b"h\1" * 15000 + b"e."),
    }


def archive():
    import zipfile
    for name in ("all.pt", "views.pt", "checkpoint.pt", "module_protocol5.pt", "circle.pt",
                 "deep.pt", "script.pt", "flags.pt", "objects.pt", "network.pt"):
        with zipfile.ZipFile(FIXTURES / name) as file:
            member = next(m for m in file.namelist() if m.endswith("data.pkl"))
            seed("archive", name, b"\1" + file.read(member)[:60000])
    for name, program in greedy_pickles().items():
        seed("archive", name, b"\1" + program)
    seed("archive", "npy", b"\0" + (FIXTURES / "version1.npy").read_bytes())
    seed("archive", "npy3", b"\0" + (FIXTURES / "version3.npy").read_bytes())


def checkpoint():
    state = {"training": {"seed": 1}, "epoch": 2, "batch": 3,
             "results": [{"epoch": 1, "loss": 0.5}]}
    seed("checkpoint", "state", b"\1" + json.dumps(state).encode())
    seed("checkpoint", "state_deep", b"\1" + b"[" * 20000 + b"]" * 20000)
    seed("checkpoint", "whole_deep",
         b"\0" + b'{"format": 1, "state": ' + b"[" * 20000 + b"]" * 20000 + b"}")
    seed("checkpoint", "whole", b"\0" + json.dumps(
        {"format": 1, "tensors": {"bytes": 10, "crc32": 1}, "state_crc32": 2, "state": state}
    ).encode())
    seed("checkpoint", "tensors", b"\2" + (HERE / "corpus/tensors/safetensors").read_bytes())


def metrics():
    events = [{"series": "natural", "epoch": e, "loss": 1 / e,
               "accuracy": {"train": 0.5, "test": None}, "time": e} for e in (1, 2)]
    text = "".join(json.dumps(e) + "\n" for e in events).encode()
    seed("metrics", "right", text)
    seed("metrics", "torn", text[:-10])
    seed("metrics", "foreign", b"3\n[]\n\xff\xfe\n" + text)
    seed("metrics", "deep", b'{"a":' * 10000 + b"1" + b"}" * 10000 + b"\n")


def options():
    begun = ["hfc-host", "--threads", "1", "script.lua", "--epochs", "3"]
    seed("options", "config", b"\0" + json.dumps({"name": "x", "command_line": begun}).encode())
    seed("options", "config_resumed",
         b"\0" + json.dumps({"command_line": ["hfc-host", "--resume", "."]}).encode())
    seed("options", "config_deep", b"\0" + b"[" * 20000)
    seed("options", "line", b"\1--device\ncpu\n--sandbox\nscript.lua\n--epochs=3\n--out\nx")
    seed("options", "wrong", b"\1--threads\n-3\n--devise")
    seed("options", "chunk", b"\1-e\nprint(1)\n-i\n--sandbox-memory\n1e999")


for make in (cifar10, coco, tar, classes, voc, idx, picture, tensors, archive, checkpoint, metrics,
             options):
    make()
