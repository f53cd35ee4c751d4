#!/bin/sh
# Builds and runs everything: the plain build with every suite, then the same under the address and undefined
# behaviour sanitizers. The last line is "N passed, N failed" (and ", N skipped"); the exit status says the same.
set -eu
cd "$(dirname "$0")/.."
. tests/lib/setup.sh

# Whatever ends this script before tests ran is a failure, and the last line says so.
verdict="0 passed, 1 failed"

# suites BUILD NAME MESON-TEST-OPTION…: never fails; tally.py reads the log and the status.
suites() {
  build=$1
  name=$2
  shift 2
  say "Running $name"
  status=0
  rm -f "$build/meson-logs/$name.json"
  attend env HOME="$scratch" meson test -C "$build" --no-rebuild --logbase "$name" --num-processes "$(nproc)" "$@" \
    >"$build/meson-logs/$name.out" 2>&1 || status=$?
  echo "$status" >"$build/meson-logs/$name.status"
}

install_packages build run check
isolate
export LC_ALL=C.UTF-8
# Some tests become somebody else, who must get at their files.
chmod 711 "$scratch"
unset MESON_TESTTHREADS DESTDIR

say "Building build/"
configure build -Dwerror=true
compile build
suites build plain

say "Building build-asan/"
configure build-asan -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false
compile build-asan
suites build-asan sanitizers --timeout-multiplier 3 --no-suite lint --no-suite valgrind

status=0
python3 tests/lib/tally.py build/meson-logs/plain build-asan/meson-logs/sanitizers || status=$?
verdict=
exit "$status"
