#!/usr/bin/env bash
# Nothing that belongs to one machine, and nothing large or generated, is in the tree. Prints what is; exit code 1 when there is some.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

status=0
# The bracket keeps this line from finding itself.
if git grep -nIE '/[w]ork/|/[t]mp/[a-z]|/[h]ome/[a-z]' -- . ':!tests/checks'; then
  echo "paths of one machine are in the files above"
  status=1
fi
while read -r _ hash _ path; do
  size=$(git cat-file -s "$hash")
  [ "$size" -le 400000 ] || { echo "$path is $size bytes; at most 400000"; status=1; }
done < <(git ls-files -s)
exit "$status"
