"""Checks the limits of the sources: lines, functions, files.

Called by tools/lint. The limits are defined only here; CONTRIBUTING.md lists them.
"""
import pathlib
import re
import subprocess
import sys

LINE = 100      # columns
FUNCTION = 60   # lines, C++ and Lua
FILE = 400      # lines, C++ and Lua; generated files are exempt
SCRIPT = 60     # lines of an experiment in scripts/

SOURCE = {".cpp", ".h", ".lua"}
WRAPPED = SOURCE | {".py", ".sh", ".cmake", ".in"}
NAMED = {"CMakeLists.txt", "run"}


def is_generated(path):
    return path.parts[:2] == ("tests", "fixtures") and path.suffix == ".lua"


def is_wrapped(path, text):
    return path.suffix in WRAPPED or path.name in NAMED or text.startswith("#!")


def without_raw_strings(text):
    """The text with the lines of R"tag(...)tag" left empty."""
    return re.sub(r'R"(\w*)\(.*?\)\1"', lambda match: "\n" * match[0].count("\n"), text,
                  flags=re.DOTALL)


def cpp_functions(text):
    """(first, last) of each unindented function; clang-format ends it with an unindented '}'."""
    lines = without_raw_strings(text).splitlines()
    first = None
    for number, line in enumerate(lines, 1):
        if line == "}" and first is not None:
            head = " ".join(lines[first - 1:number]).split("{")[0]
            if "(" in head and not re.match(r"(class|struct|enum|union)\b", head):
                yield first, number
            first = None
        elif line.endswith(";") or line.startswith(("}", ")", "#", "//")):
            first = first if line[:1].isspace() else None
        elif line and not line[0].isspace() and first is None:
            first = number


def lua_functions(text):
    """(first, last) of each function whose `end` is indented like its first line."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if re.search(r"\bfunction\b[^()]*\([^()]*\)\s*$", line):
            indent = line[:len(line) - len(line.lstrip())]
            for last in range(number, len(lines)):
                if re.match(indent + r"end\b", lines[last]):
                    yield number, last + 1
                    break


def findings(path, text):
    lines = text.splitlines()
    if is_wrapped(path, text) and not is_generated(path):
        for number, line in enumerate(lines, 1):
            if len(line) > LINE:
                yield f"{path}:{number}: {len(line)} columns (limit {LINE})"
    if path.suffix not in SOURCE or is_generated(path):
        return
    most = SCRIPT if path.parts[0] == "scripts" else FILE
    if len(lines) > most:
        yield f"{path}: {len(lines)} lines (limit {most})"
    functions = lua_functions if path.suffix == ".lua" else cpp_functions
    for first, last in functions(text):
        if last - first + 1 > FUNCTION:
            yield f"{path}:{first}: a function of {last - first + 1} lines (limit {FUNCTION})"


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True).stdout
    count = 0
    for name in listed.splitlines():
        path = pathlib.Path(name)
        try:
            text = path.read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        for finding in findings(path, text):
            print(finding, file=sys.stderr)
            count += 1
    sys.exit(count > 0)


if __name__ == "__main__":
    main()
