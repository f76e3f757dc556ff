#!/bin/sh
# Builds the engine's tests and runs them: run.sh [plain|address|thread] [name…]. `address` looks for undefined behaviour
# as well; `plain` runs the very objects that the addon is made of, where they are up to date. Other objects are kept
# under build/native-test and made again when a source is newer.
set -eu
cd "$(dirname "$0")/../.."
mode=${1:-plain}
[ $# -gt 0 ] && shift
case $mode in
  plain) flags="-O2" ;;
  address) flags="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" ;;
  thread) flags="-O1 -g -fsanitize=thread" ;;
  *) echo "usage: run.sh [plain|address|thread] [name…]" >&2; exit 64 ;;
esac
# Clang, where it is there with its runtimes, builds these in a third of the time that g++ takes.
if [ "$mode" != plain ] && echo 'int main() {}' | clang++ $flags -x c++ - -o /dev/null 2>/dev/null; then
  compiler=clang++
fi
compiler=${CXX:-${compiler:-c++}}
out=build/native-test/$mode
mkdir -p "$out"
# Whether an object is newer than its source and all headers.
is_current() {
  [ -e "$1" ] && [ -z "$(find native -maxdepth 1 \( -name '*.h' -o -path "$2" \) -newer "$1")" ]
}
objects=""
for source in native/*.cc; do
  case $source in native/addon*) continue ;; esac
  object=$out/$(basename "$source" .cc).o
  shipped=build/Release/obj.target/scriptorium/native/$(basename "$object")
  if [ "$mode" = plain ] && is_current "$shipped" "$source"; then
    object=$shipped
  fi
  objects="$objects $object"
  if ! is_current "$object" "$source"; then
    $compiler -std=c++20 -Wall -Wextra -fno-exceptions $flags -c "$source" -o "$object"
  fi
done
tests=${*:-$(cd native/test && ls *_test.cc)}
for test in $tests; do
  name=$(basename "$test" .cc)
  if [ ! -e "$out/$name" ] || [ -n "$(find native \( -name '*.h' -o -name '*.cc' \) -newer "$out/$name")" ]; then
    $compiler -std=c++20 -Wall -Wextra -fno-exceptions $flags "native/test/$name.cc" $objects -pthread -o "$out/$name"
  fi
  echo "# $name"
  "$out/$name"
done
