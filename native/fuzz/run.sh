#!/bin/sh
# Builds the fuzz targets with clang and runs each for a while: run.sh [seconds [name…]]. Starts from the kept inputs under
# native/fuzz/corpus and adds what it finds new to build/fuzz/corpus; an input that fails is left in build/fuzz.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-10}
[ $# -gt 0 ] && shift
out=build/fuzz
mkdir -p "$out"
flags="-std=c++20 -Wall -Wextra -fno-exceptions -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all"
objects=""
for source in native/*.cc; do
  case $source in native/addon*) continue ;; esac
  object=$out/$(basename "$source" .cc).o
  objects="$objects $object"
  if [ ! -e "$object" ] || [ -n "$(find native -maxdepth 1 \( -name '*.h' -o -path "$source" \) -newer "$object")" ]; then
    clang++ $flags -fsanitize=fuzzer-no-link,address,undefined -c "$source" -o "$object"
  fi
done
for target in ${*:-$(cd native/fuzz && ls *_fuzz.cc)}; do
  name=$(basename "$target" .cc)
  if [ ! -e "$out/$name" ] || [ -n "$(find native \( -name '*.h' -o -name '*.cc' \) -newer "$out/$name")" ]; then
    clang++ $flags -fsanitize=fuzzer,address,undefined "native/fuzz/$name.cc" $objects -pthread -o "$out/$name"
  fi
  mkdir -p "$out/corpus/$name"
  "$out/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -max_len=4096 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$out/$name-" "$out/corpus/$name" "native/fuzz/corpus/$name" \
    2>"$out/$name.log" || { cat "$out/$name.log"; echo "not ok - $name"; exit 1; }
  echo "ok - $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log") inputs"
done
