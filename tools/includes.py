"""Compiles C++ files on their own, without a precompiled header or a unity build.

Called by tools/lint --includes. The commands come from a build that is configured for this purpose
in build/includes. Nothing is written except messages. A header is compiled with the command of a
file that includes it, directly or through other headers.
"""
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "includes"
FOLDERS = ("core", "bindings", "host", "viewer", "tests", "bench")


def commands():
    """The compile command of each file."""
    cache = ROOT / "build" / "release" / "CMakeCache.txt"
    torch = [f"-D{line}" for line in cache.read_text().splitlines()
             if line.startswith("HFC_TORCH_DIR:")] if cache.is_file() else []
    subprocess.run(["cmake", "--preset", "release", "-B", BUILD, "-DHFC_UNITY=OFF",
                    "-DHFC_TESTS=ON", "-DHFC_BENCH=ON", "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON",
                    "-DCMAKE_CXX_COMPILER_LAUNCHER=", "-DHFC_CCACHE=", *torch],
                   check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    listed = json.loads((BUILD / "compile_commands.json").read_text())
    return {pathlib.Path(entry["file"]).relative_to(ROOT): entry for entry in listed
            if pathlib.Path(entry["file"]).is_relative_to(ROOT)}


def changed_files(commit):
    """The C++ files that differ from the commit, including files that git does not track."""
    if commit == "all":
        shown = [["git", "ls-files"]]
    else:
        shown = [["git", "diff", "--name-only", "--diff-filter=d", commit],
                 ["git", "ls-files", "--others", "--exclude-standard"]]
    names = set()
    for command in shown:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"lint: option --includes: {result.stderr.strip()}")
        names.update(result.stdout.splitlines())
    paths = [pathlib.Path(name) for name in sorted(names)]
    return [path for path in paths if path.suffix in (".cpp", ".h") and path.parts[0] in FOLDERS]


@functools.cache
def includes_of_all():
    """For each C++ file of the project, the names that it includes in quotes."""
    return {path: re.findall(r'^\s*#include "([^"]+)"', (ROOT / path).read_text(), re.MULTILINE)
            for path in changed_files("all") if (ROOT / path).is_file()}


def includers(header):
    """The files that include a header directly, starting with the files in its directory."""
    def names(path, name):
        return path.parent / name == header or f"/{header}".endswith(f"/{name}")
    found = [path for path, included in includes_of_all().items()
             if any(names(path, name) for name in included)]
    return sorted(found, key=lambda path: (path.parent != header.parent, path))


def command_for(path, known):
    """The command of a file; for a header, the command of the nearest file that includes it."""
    seen, level = {path}, [path]
    while level:
        for file in level:
            if file in known:
                return known[file]
        level = [file for header in level for file in includers(header) if file not in seen]
        seen.update(level)
    return None


def compile_alone(path, entry):
    words = shlex.split(entry["command"])
    kept = [word for word in words[:words.index("-o")] if word != entry["file"]]
    # When a header is compiled on its own, nothing uses what it declares.
    language = ["-x", "c++", "-Wno-pragma-once-outside-header", "-Wno-unused-function"]
    result = subprocess.run([*kept, "-fsyntax-only", *(language if path.suffix == ".h" else []),
                             ROOT / path], cwd=entry["directory"], capture_output=True, text=True)
    return None if result.returncode == 0 else result.stderr


def main():
    known = commands()
    paths = changed_files(sys.argv[1])
    jobs = [(path, entry) for path in paths if (entry := command_for(path, known))]
    for path in sorted(set(paths) - {path for path, _ in jobs}):
        print(f"lint: skipping {path}: no compiled file includes it", file=sys.stderr)
    failed = 0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for (path, _), message in zip(jobs, pool.map(lambda job: compile_alone(*job), jobs)):
            if message:
                failed += 1
                errors = [line for line in message.splitlines() if "error:" in line][:3]
                print(f"lint: {path} does not compile on its own:", *errors, sep="\n  ",
                      file=sys.stderr, flush=True)
    print(f"{len(jobs) - failed} of {len(jobs)} files compile on their own", file=sys.stderr)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
