#!/bin/sh
# The sample files are accepted, as they are and with every commented key in force. TAP.
# test-samples.sh CANARYD CANARYCTL CONFIG-FOLDER
set -eu

canaryd=$1
canaryctl=$2
config=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0
failed=0

expect() { # STATUS NAME COMMAND…
  wanted=$1
  name=$2
  shift 2
  number=$((number + 1))
  status=0
  "$@" >"$scratch/out" 2>&1 </dev/null || status=$?
  if [ "$status" -eq "$wanted" ]; then
    echo "ok $number - $name"
  else
    echo "not ok $number - $name"
    echo "# status $status, expected $wanted"
    sed 's/^/# /' "$scratch/out"
    failed=1
  fi
}

for plan in "$config"/plans/*.yaml; do
  expect 0 "plan $(basename "$plan")" "$canaryctl" validate "$plan"
  number=$((number + 1))
  if grep -q warning "$scratch/out"; then
    echo "not ok $number - without a warning"
    sed 's/^/# /' "$scratch/out"
    failed=1
  else
    echo "ok $number - without a warning"
  fi
done

expect 0 "configuration as it is" "$canaryd" --config "$config/canaryd.yaml" --check-config

# Keys are commented out as "#key:" or "#  key:", prose as "# Word".
sed 's/^#\([a-z_]*:\|  [a-z_]*:\)/\1/' "$config/canaryd.yaml" >"$scratch/canaryd.yaml"
number=$((number + 1))
if [ "$(grep -c '^ *[a-z_]*:' "$scratch/canaryd.yaml")" -eq 20 ]; then
  echo "ok $number - 20 keys, every one shown"
else
  echo "not ok $number - 20 keys, every one shown"
  failed=1
fi
# The files that it names are not those of this machine.
sed -i "s,^\(  [a-z_]*_\(file\|bundle\):\) .*,\1 $scratch/named," "$scratch/canaryd.yaml"
printf '# -----BEGIN CERTIFICATE-----\n[default]\n' >"$scratch/named"
expect 0 "configuration with every key in force" "$canaryd" --config "$scratch/canaryd.yaml" --check-config

echo 'plans: relative' >"$scratch/bad.yaml"
expect 78 "a bad configuration ends 78" "$canaryd" --config "$scratch/bad.yaml" --check-config

echo "1..$number"
exit "$failed"
