#!/usr/bin/env bash
# Checks that the last line of each Lua test file runs the tests, because tests after that line
# would never run.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
status=0
for file in "$root"/tests/lua/test_*.lua; do
    case $(tail -n 1 "$file") in
        *run\(\)*) ;;
        *)
            echo "$file: the last line does not run the tests" >&2
            status=1
            ;;
    esac
done
exit $status
