#!/usr/bin/env bash
# Starts many runs at once: each must finish with a whole log, or say why not.
#
#   crowd.sh HFC_HOST [COUNT]
set -euo pipefail
host=$1
count=${2:-200}
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cat >"$folder/job.lua" <<'LUA'
local data = hfc.data("synthetic", {train = 32, test = 16, seed = 3})
local run = hfc.run "small"
hfc.train(hfc.model("preact_resnet8", {seed = 1}), data.train,
    {epochs = 2, batch_size = 16, quiet = true, log = run:series "a"})
run:log {done = true}
LUA
export OMP_WAIT_POLICY=passive
start=$SECONDS
pids=()
for ((i = 0; i < count; i++)); do
    "$host" --threads 1 "$folder/job.lua" --out "$folder/run$i" >/dev/null 2>"$folder/err$i" &
    pids+=($!)
done
finished=0 refused=0 wrong=0
for ((i = 0; i < count; i++)); do
    status=0
    wait "${pids[$i]}" || status=$?
    if [ "$status" = 0 ] && [ "$(wc -l <"$folder/run$i/metrics.jsonl")" = 3 ]; then
        finished=$((finished + 1))
    elif [ "$status" = 1 ] && grep -q '^hfc-host: ' "$folder/err$i"; then
        refused=$((refused + 1))
    else
        wrong=$((wrong + 1))
        echo "run $i ended with status $status: $(tail -n 2 "$folder/err$i")"
    fi
done
echo "$count runs at once: $finished finished, $refused refused with a message, $wrong otherwise," \
    "in $((SECONDS - start)) s"
[ "$wrong" = 0 ]
