#!/usr/bin/env bash
# Shows that each file of Lua tests ends by running them: what stands behind that line never runs.
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
