#!/bin/sh
# Shows canaryd at work, on loopback only: builds it, starts a simulated AWS and the daemon, drops two plans into the
# watched directory and prints what the daemon says while it works. The new version of "checkout" is good, the new
# version of "payments" fails 8 % of its requests. Ends 0 only when "checkout" is on its new version and "payments" is
# back on its old one, as read by `aws lambda get-alias`.
# quickstart.sh [BUILD-FOLDER]: shows what is built there already, given as an absolute path.
set -eu
cd "$(dirname "$0")/.."
. tests/lib/setup.sh

build=${1:-}
if [ -z "$build" ]; then
  install_packages build run
  isolate
  build=build
  say "Building build/"
  configure build
  compile build daemon/canaryd daemon/canaryctl tests/awssim/awssim
else
  isolate
fi

# Nor are the files in ~/.aws of any interest.
export HOME="$scratch" AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
export AWS_EC2_METADATA_DISABLED=true AWS_PAGER=

dir=$scratch
mkdir "$dir/plans" "$dir/state" "$dir/run"
mkfifo "$dir/awssim.out" "$dir/canaryd.out"

# The two logs are pipes, so that waiting for a line is waiting for the thing itself.
timeout -k 5 120 "$build/tests/awssim/awssim" --listen 127.0.0.1:0 --scenario tests/data/scenarios/first-light.yaml \
  --request-log "$dir/requests.jsonl" >"$dir/awssim.out" 2>&1 &
running="$running $!"
exec 3<"$dir/awssim.out"
read -r line <&3 || die "awssim did not start"
case $line in
"awssim: listening on port "*) ;;
*) die "$line" ;;
esac
export AWS_ENDPOINT_URL="http://127.0.0.1:${line##* }"

cat >"$dir/canaryd.yaml" <<YAML
plans: $dir/plans
state: $dir/state
run: $dir/run
aws:
  region: eu-west-1
YAML

# plan FUNCTION FROM TO: seconds where real plans have minutes, since awssim publishes its metrics every second.
plan() {
  cat <<YAML
format: 1
function: $1
alias: live
from: $2
to: $3
steps:
  - {weight: 5%, hold: 5s}
  - {weight: 25%, hold: 5s}
bake: 5s
health:
  every: 1s
  period: 1s
  settled_after: 3s
  checks:
    - {name: errors, metric: error_rate, max: 5%, min_requests: 50}
YAML
}
plan checkout 41 42 >"$dir/checkout.yaml"
plan payments 7 8 >"$dir/payments.yaml"

timeout -k 5 90 "$build/daemon/canaryd" --config "$dir/canaryd.yaml" 2>"$dir/canaryd.out" &
running="$running $!"
exec 4<"$dir/canaryd.out"

say
say "The plan for checkout (the one for payments says the same of versions 7 and 8):"
sed 's/^/    /' "$dir/checkout.yaml"
say
say "\$ canaryd --config canaryd.yaml"
ended=0
while [ "$ended" -lt 2 ] && read -r time priority text <&4; do
  clock=${time#*T}
  say "${clock%Z} $priority ${text%% \[*=*}"
  case $text in
  ready:*)
    cp "$dir/checkout.yaml" "$dir/payments.yaml" "$dir/plans/"
    say "\$ cp checkout.yaml payments.yaml plans/"
    ;;
  *" succeeded: "* | *" is back on version "* | *" rejected, "* | *" released: "*) ended=$((ended + 1)) ;;
  esac
done
[ "$ended" -eq 2 ] || die "canaryd ended before both rollouts did"

# The rest of its log is of no interest, but must not block it.
cat <&4 >/dev/null &

say
say "\$ canaryctl status payments@1"
"$build/daemon/canaryctl" --run "$dir/run" status payments@1

# expect ALIAS-OF VERSION: what a client that is not ours reads.
wrong=0
expect() {
  found=$(/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" --region eu-west-1 --output text lambda get-alias \
    --function-name "$1" --name live --query '[FunctionVersion, RoutingConfig]')
  say "\$ aws lambda get-alias --function-name $1 --name live --query '[FunctionVersion, RoutingConfig]'"
  say "$found"
  [ "$found" = "$(printf '%s\tNone' "$2")" ] || { say "expected version $2 and no routing"; wrong=1; }
}
say
expect checkout 42
expect payments 7
[ "$wrong" -eq 0 ] || exit 1
say
say "checkout is on its new version 42; payments is back on its old version 7."
