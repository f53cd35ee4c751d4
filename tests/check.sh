#!/bin/sh
# Builds and runs everything: the plain build with every suite, then the same under the address and undefined
# behaviour sanitizers. The last line is "N passed, N failed" (and ", N skipped"); the exit status says the same.
set -eu
cd "$(dirname "$0")/.."
. tests/lib/setup.sh

# Whatever ends this script before tests ran is a failure, and the last line says so.
trap 'say "0 passed, 1 failed"' EXIT

# Results must not depend on who runs this, or where.
export LC_ALL=C.UTF-8 TZ=UTC
unset MESON_TESTTHREADS DESTDIR

# suites BUILD NAME MESON-TEST-OPTION…: never fails; tally.py reads the log and the status.
suites() {
  build=$1
  name=$2
  shift 2
  say "Running $name"
  status=0
  rm -f "$build/meson-logs/$name.json"
  meson test -C "$build" --no-rebuild --logbase "$name" --num-processes "$(nproc)" "$@" \
    >"$build/meson-logs/$name.out" 2>&1 </dev/null || status=$?
  echo "$status" >"$build/meson-logs/$name.status"
}

install_packages build run check

# From here on everything is on loopback: no proxy, no account and no service manager of whoever runs this.
for name in $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p') http_proxy https_proxy all_proxy no_proxy HTTP_PROXY \
    HTTPS_PROXY ALL_PROXY NO_PROXY NO_COLOR NOTIFY_SOCKET JOURNAL_STREAM WATCHDOG_USEC WATCHDOG_PID \
    CREDENTIALS_DIRECTORY STATE_DIRECTORY RUNTIME_DIRECTORY DBUS_SESSION_BUS_ADDRESS; do
  unset "$name"
done

say "Building build/"
build_tree build -Dwerror=true
suites build plain

say "Building build-asan/"
build_tree build-asan -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false
suites build-asan sanitizers --timeout-multiplier 3 --no-suite lint --no-suite valgrind

exec python3 tests/lib/tally.py build/meson-logs/plain build-asan/meson-logs/sanitizers
