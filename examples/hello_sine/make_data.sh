#!/bin/sh
# Writes data/table.csv: 1,000 points of a sine with a little noise, in no order. The same bytes on every machine.
set -eu
cd "$(dirname "$0")"
mkdir -p data
LC_ALL=C awk 'function uniform() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
BEGIN {
  seed = 1
  print "x,y"
  for (i = 0; i < 1000; ++i) {
    x = 6.283185307 * uniform()
    noise = 0.02 * (uniform() + uniform() + uniform() + uniform() - 2)
    printf "%.6f,%.6f\n", x, sin(x) + noise
  }
}' > data/table.csv
