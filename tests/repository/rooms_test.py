#!/usr/bin/env python3
"""Tests that rooms.py finds planted errors in a made-up checkout, and none in a clean one."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOMS = pathlib.Path(__file__).with_name("rooms.py")
LINKS = """# hfc_core_library(not a room)
hfc_core_library(base Threads::Threads)
hfc_core_library(data hfc_base
  ZLIB::ZLIB)
hfc_core_library(model hfc_data)
"""


class Rooms(unittest.TestCase):
    def said(self, files, links=LINKS):
        """The exit status and the output lines of rooms.py for these files in core/."""
        with tempfile.TemporaryDirectory() as folder:
            core = pathlib.Path(folder, "core")
            for name in ("base/a.h", "data/b.h", "model/c.h"):
                files.setdefault(name, "")
            for name, text in files.items():
                core.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
                core.joinpath(name).write_text(text)
            core.joinpath("CMakeLists.txt").write_text(links)
            done = subprocess.run([sys.executable, ROOMS, folder], capture_output=True, text=True,
                                  check=False)
            return done.returncode, done.stdout.splitlines()

    def test_links_of_links_count(self):
        status, _ = self.said({"model/c.cpp": '#include "base/a.h"\n#include "data/b.h"\n'})
        self.assertEqual(status, 0)

    def test_an_arrow_upwards_is_found(self):
        status, lines = self.said({"data/source/b.cpp": '\n#include "model/c.h"\n'})
        self.assertEqual(status, 1)
        self.assertEqual(lines, ["core/data/source/b.cpp:2: hfc_data does not link hfc_model: "
                                 "'model/c.h'"])

    def test_lua_and_windows_are_found(self):
        for header in ("lua.h", "imgui.h", "GLFW/glfw3.h", "bindings/runtime/types.h"):
            status, lines = self.said({"base/a.cpp": f"#include <{header}>\n"})
            self.assertEqual((status, len(lines)), (1, 1), header)

    def test_arrows_upwards_in_the_bindings_are_found(self):
        status, lines = self.said({"../bindings/runtime/a.cpp": '#include "bindings/torch/b.h"\n',
                                   "../bindings/torch/b.h": '#include "bindings/hfc/c.h"\n',
                                   "../bindings/hfc/c.h": '#include "bindings/torch/b.h"\n'})
        self.assertEqual(status, 1)
        self.assertEqual(lines, ["bindings/runtime/a.cpp:1: bindings/runtime must not include "
                                 "bindings/torch: 'bindings/torch/b.h'",
                                 "bindings/torch/b.h:1: bindings/torch must not include "
                                 "bindings/hfc: 'bindings/hfc/c.h'"])

    def test_a_room_without_a_line_is_found(self):
        status, lines = self.said({"extra/d.h": ""})
        self.assertEqual(status, 1)
        self.assertIn("has no line hfc_core_library(extra", lines[0])

    def test_a_circle_is_found(self):
        status, lines = self.said({}, LINKS.replace("Threads::Threads", "hfc_model"))
        self.assertEqual(status, 1)
        self.assertIn("in a circle", lines[0])


if __name__ == "__main__":
    unittest.main()
