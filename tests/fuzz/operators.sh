#!/bin/bash
# Calls every operator with hostile arguments, one seed a process, and names the operators that end
# one; the next process goes on behind them, without them.
#
#   tests/fuzz/operators.sh HFC_HOST [FIRST_SEED [LAST_SEED]]
#
# About 11 000 calls a seed. Prints the number of calls; the exit status is 1 where a process died.
set -u
host=$(realpath "$1")
first_seed=${2:-1}
last_seed=${3:-$first_seed}
here=$(dirname "$(realpath "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OMP_NUM_THREADS=1
ulimit -v 8000000  # sizes that are asked for are refused, not paged in
calls=0 died=0
skip=()  # operators that ended a process
for seed in $(seq "$first_seed" "$last_seed"); do
  first=1
  while true; do
    : >"$scratch/log"
    timeout 100 "$host" "$here/../lua/fuzz_operators.lua" --hostile --seed "$seed" \
      --first "$first" --log "$scratch/log" "${skip[@]}" >"$scratch/out" 2>&1
    status=$?
    said=$(grep -o '^[0-9]* calls' "$scratch/out" | cut -d' ' -f1)
    calls=$((calls + ${said:-0}))
    [ $status -eq 0 ] && break
    read -r position name <"$scratch/log"
    echo "status $status, seed $seed: $name"
    if [ $status -le 2 ]; then  # an error of the script or of its options
      tail -5 "$scratch/out"
      exit 1
    fi
    [ $status -eq 124 ] || died=1  # an operator that computes too long is no fault
    first=$((position + 1))
    skip+=(--skip "$name")
  done
done
echo "$calls calls"
exit $died
