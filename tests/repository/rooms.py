#!/usr/bin/env python3
"""Checks that each directory of core/ includes only headers from libraries that its library links.

    tests/repository/rooms.py [ROOT]

ROOT is the checkout (default: the checkout that contains this file). In core/CMakeLists.txt, the
line hfc_core_library(DIRECTORY LINKS...) lists the libraries in the layers below a directory; their
own links count, too. The layers of bindings/, from the lowest to the highest, are runtime, torch
and hfc. Each directory can find all headers, so the compiler does not report a wrong include.
Prints each wrong include and each cycle of links; the exit status is then 1.
"""
import pathlib
import re
import sys

FORBIDDEN = {"bindings": "the bindings", "host": "the program", "viewer": "the viewer"}
# For each layer of bindings/, the higher layers, which it must not include.
BINDINGS = {"runtime": ("torch", "hfc"), "torch": ("hfc",)}
OUTSIDE = re.compile(r"^(lua|lauxlib|lualib|imgui|implot|GLFW/)")


def read_links(core):
    """{directory: the directories whose libraries its own library links directly}"""
    text = re.sub(r"#[^\n]*", "", (core / "CMakeLists.txt").read_text())
    links = {}
    for room, rest in re.findall(r"\bhfc_core_library\((\w+)([^)]*)\)", text):
        if room != "folder":
            links[room] = set(re.findall(r"\bhfc_(\w+)", rest))
    return links


def reach(room, links, path=()):
    """The directories in all layers below `room`. Raises ValueError if there is a cycle."""
    if room in path:
        raise ValueError("rooms link each other in a circle: " + " -> ".join(path + (room,)))
    found = set()
    for lower in links.get(room, ()):
        found |= {lower} | reach(lower, links, path + (room,))
    return found


def includes(file):
    for number, line in enumerate(file.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1)


def wrong_includes(root):
    core = root / "core"
    links = read_links(core)
    rooms = {folder.name for folder in core.iterdir() if folder.is_dir()}
    for room in sorted(rooms - links.keys()):
        yield f"core/{room}: core/CMakeLists.txt has no line hfc_core_library({room} ...)"
    allowed = {room: reach(room, links) | {room} for room in links}
    for file in sorted(core.rglob("*")):
        if file.suffix not in (".cpp", ".h"):
            continue
        place = file.relative_to(root)
        room = place.parts[1]
        for number, header in includes(file):
            first = header.split("/")[0]
            if first in FORBIDDEN or OUTSIDE.match(header):
                what = FORBIDDEN.get(first, "Lua or a window")
                yield f"{place}:{number}: core/ must not include {what}: '{header}'"
            elif first in rooms and first not in allowed.get(room, rooms):
                yield f"{place}:{number}: hfc_{room} does not link hfc_{first}: '{header}'"


def wrong_bindings(root):
    for room, higher in BINDINGS.items():
        for file in sorted((root / "bindings" / room).rglob("*")):
            if file.suffix not in (".cpp", ".h"):
                continue
            for number, header in includes(file):
                parts = header.split("/")
                if parts[0] == "bindings" and parts[1] in higher:
                    yield (f"{file.relative_to(root)}:{number}: bindings/{room} must not include "
                           f"bindings/{parts[1]}: '{header}'")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    try:
        wrong = list(wrong_includes(root)) + list(wrong_bindings(root))
    except ValueError as error:
        wrong = [str(error)]
    print("\n".join(wrong) or "each room includes only what its library links")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
