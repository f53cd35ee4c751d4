#!/bin/sh
# The unit file as systemd sees it: it is understood, and it is as confined as it can be. TAP.
# test-unit.sh UNIT SYSUSERS
set -eu

unit=$1
sysusers=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0
failed=0

report() { # STATUS NAME, details on stdin
  number=$((number + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $number - $2"
    cat >/dev/null
  else
    echo "not ok $number - $2"
    sed 's/^/# /'
    failed=1
  fi
}

if ! command -v systemd-analyze >/dev/null; then
  echo "1..0 # SKIP systemd-analyze is not installed"
  exit 0
fi

# "verify" wants a program that exists; ours is not installed yet.
sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$scratch/canaryd.service"

status=0
systemd-analyze verify "$scratch/canaryd.service" >"$scratch/out" 2>&1 || status=$?
[ ! -s "$scratch/out" ] || status=1
report "$status" "systemd-analyze verify has nothing to say" <"$scratch/out"

status=0
systemd-analyze security --offline=yes --threshold=14 --no-pager "$scratch/canaryd.service" >"$scratch/out" 2>&1 || status=$?
report "$status" "systemd-analyze security counts at most 1.4" <"$scratch/out"

# The measure itself: without its confinement the same unit must fail.
grep -v '^Protect\|^Restrict\|^Capability\|^SystemCall\|^Private' "$scratch/canaryd.service" >"$scratch/open.service"
status=0
systemd-analyze security --offline=yes --threshold=14 --no-pager "$scratch/open.service" >"$scratch/out" 2>&1 && status=1
report "$status" "and fails the unit without its confinement" <"$scratch/out"

status=0
for line in Type=notify NotifyAccess=main WatchdogSec=30s Restart=on-failure 'RestartPreventExitStatus=64 78' \
    User=canaryd StateDirectory=canaryd RuntimeDirectory=canaryd ConfigurationDirectory=canaryd; do
  grep -qxF "$line" "$unit" || { echo "no line $line"; status=1; }
done >"$scratch/out"
grep -q '^ExecStart=/.*/canaryd --config /etc/canaryd/canaryd.yaml$' "$unit" || status=1
grep -q '@' "$scratch/canaryd.service" && grep '^[^#]*@[a-z]*@' "$unit" >>"$scratch/out" && status=1
report "$status" "what the daemon counts on is there" <"$scratch/out"

if command -v systemd-sysusers >/dev/null; then
  status=0
  systemd-sysusers --dry-run "$(realpath "$sysusers")" >"$scratch/out" 2>&1 || status=$?
  grep -q "canaryd-admin" "$scratch/out" || status=1
  report "$status" "systemd-sysusers understands the users" <"$scratch/out"
else
  number=$((number + 1))
  echo "ok $number - systemd-sysusers understands the users # SKIP systemd-sysusers is not installed"
fi

echo "1..$number"
exit "$failed"
