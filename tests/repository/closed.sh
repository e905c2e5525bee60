#!/usr/bin/env bash
# Checks that each test named in tests/repository/closed.txt exists. The file lists findings of
# reviews, and the tests that keep them fixed.
#
#   tests/repository/closed.sh [BUILD]
#
# BUILD is the build directory whose tests are checked (default: build/release).
# A line of the file is: finding | test | what the test checks. A test is a name that `ctest -N`
# lists, or lua/NAME followed by the name of a function in tests/lua/test_NAME.lua. A line with the
# test "-" is an open finding, with the reason. The exit status is 1 if a test is missing.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
list=$root/tests/repository/closed.txt
build=${1:-$root/build/release}
known=$(ctest --test-dir "$build" -N 2>/dev/null | sed -n 's/^ *Test *#[0-9]*: *//p')
status=0 closed=0 open=0
while IFS='|' read -r finding test _; do
    finding=$(echo $finding) test=$(echo $test)
    case $finding in '' | '#'*) continue ;; esac
    if [ "$test" = - ]; then
        open=$((open + 1))
        continue
    fi
    read -r program function <<<"$test"
    if [ -n "${function:-}" ]; then
        file=$root/tests/lua/test_${program#lua/}.lua
        grep -qE "[.:]$function *(=|\()" "$file" 2>/dev/null && found=yes || found=no
    else
        grep -qE "^$program( |$|/)" <<<"$known" && found=yes || found=no
    fi
    if [ "$found" = no ]; then
        echo "$finding: there is no test '$test'" >&2
        status=1
    fi
    closed=$((closed + 1))
done <"$list"
echo "$closed findings closed by a test, $open open"
exit $status
