#!/usr/bin/env bash
# train_ratio.sh FOLDER [--json]: FOLDER/ours.1 and ours.2 (train_bench --json) beside FOLDER/peer (the peer script's lines, run between the two).
# Ours: the mean of the two runs. Peer: the best layout at the same batch.
set -euo pipefail
folder=$1
json=${2:-}

ours() { sed -n "s/.*\"$1\":{\"samples_per_second\":\([0-9.]*\).*/\1/p" "$folder/$2"; }
peer() { awk -v name="$1" '$1 == name && $4 == 100 { for (i = 1; i < NF; ++i) if ($(i + 1) == "samples/s" && $i > best) best = $i } END { print best + 0 }' "$folder/peer"; }

out="" table=""
while read -r model name; do
  row=$(awk -v a="$(ours "$model" ours.1)" -v b="$(ours "$model" ours.2)" -v p="$(peer "$name")" 'BEGIN {
    ours = (a + b) / 2
    if (p > 0) printf "{\"samples_per_second\":%.1f,\"peer_samples_per_second\":%.1f,\"ratio\":%.2f}", ours, p, ours / p
    else printf "{\"samples_per_second\":%.1f,\"peer_samples_per_second\":null,\"ratio\":null}", ours }')
  out="$out${out:+,}\"$model\":$row"
  table="$table$model $row
"
done <<'MODELS'
ds_cnn kws
mobilenet_v1 vww
resnet8 ic
MODELS
if [ "$json" = --json ]; then printf '{%s}\n' "$out"; else printf '%s' "$table"; fi
