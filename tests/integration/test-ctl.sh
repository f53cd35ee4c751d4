#!/bin/sh
# canaryctl as a program: exit statuses, and what goes to which stream. Needs no daemon. TAP.
# test-ctl.sh CANARYCTL GOOD-PLAN
set -u
export LC_ALL=C

ctl=$1
good=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

# expect STATUS WHAT [ARGUMENT...]: runs canaryctl, leaves its streams in $dir/out and $dir/err.
expect() {
  want=$1 what=$2
  shift 2
  "$ctl" "$@" >"$dir/out" 2>"$dir/err" </dev/null
  got=$?
  n=$((n + 1))
  if [ "$got" -eq "$want" ]; then
    echo "ok $n - $what"
  else
    echo "not ok $n - $what: exit status $got, expected $want"
    sed 's/^/# /' "$dir/out" "$dir/err"
  fi
}

# holds WHAT FILE PATTERN: the file has a line like that; an empty pattern: the file is empty.
holds() {
  n=$((n + 1))
  if { [ -n "$3" ] && grep -q -e "$3" "$dir/$2"; } || { [ -z "$3" ] && [ ! -s "$dir/$2" ]; }; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1: no \"$3\" in $2"
    sed 's/^/# /' "$dir/$2"
  fi
}

printf 'format: 1\nfunction: \033[2Jx\n' >"$dir/bad.yaml"

expect 0 'help' --help
holds 'help goes to stdout' out '^  validate '
holds 'and only there' err ''
expect 0 'version' --version
holds 'version has a number' out '^canaryctl [0-9]'
expect 64 'nothing to do'
holds 'usage goes to stderr' err 'canaryctl --help'
expect 64 'an unknown verb' valdate
holds 'with the nearest one' err 'did you mean "validate"'
expect 64 'an unknown option' --bogus list
expect 64 'a verb without its argument' status
expect 64 'one argument too many' list x

expect 0 'a good plan' validate "$good"
holds 'says ok' out ': ok$'
holds 'and when it does what' out '^ *[0-9][0-9]:[0-9][0-9] UTC  *[0-9]* %  hold '
holds 'and how long it takes' out 'at the earliest, then the deadline$'
holds 'and nothing else' err ''
expect 1 'a bad plan' validate "$good" "$dir/bad.yaml"
holds 'is named with line and column' err 'bad.yaml:[0-9]*:[0-9]*: error: '
expect 1 'a missing plan' validate "$dir/missing.yaml"
holds 'is named' err 'missing.yaml: error: cannot read: No such file'
expect 0 'a good plan for programs' --json validate "$good"
holds 'is one object' out '^{"schema":1,"files":\[{.*"ok":true.*}\]}$'

mkdir "$dir/plans"
expect 0 'a plan is placed without a daemon' --run "$dir" --directory "$dir/plans" submit "$good"
holds 'says so' out '^placed in '
expect 0 'the same once more' --run "$dir" --directory "$dir/plans" submit "$good"
{ cat "$good" && echo '# changed'; } >"$dir/${good##*/}"
expect 1 'another one of that name' --run "$dir" --directory "$dir/plans" submit "$dir/${good##*/}"
holds 'is told how' err 'another plan of this name is there.*--replace'
expect 0 'in its place' --run "$dir" --directory "$dir/plans" --replace submit "$dir/${good##*/}"
n=$((n + 1))
if cmp -s "$dir/${good##*/}" "$dir/plans/${good##*/}" && [ "$(ls -A "$dir/plans")" = "${good##*/}" ]; then
  echo "ok $n - is there, and nothing else"
else
  echo "not ok $n - is there, and nothing else"
fi
expect 1 'a bad plan is not placed' --run "$dir" --directory "$dir/plans" submit "$dir/bad.yaml"
holds 'and named with its place' err 'bad.yaml:[0-9]*:[0-9]*: error: '
expect 1 'nor for a program' --json --run "$dir" --directory "$dir/plans" submit "$dir/bad.yaml"
holds 'that is told in its language' out '^{"schema":1,"file":".*","placed":null,"answer":"invalid","findings":\[{.*}\]}$'
expect 1 'nowhere to place it' --run "$dir" --directory "$dir/nowhere" submit "$good"
holds 'says what to do' err 'there is no such directory.*--directory'
expect 1 'a configuration that is not there' --run "$dir" --config "$dir/nowhere.yaml" submit "$good"
holds 'the configuration is named' err 'nowhere.yaml: cannot read the configuration'
cp "$good" "$dir/plan.txt"
expect 1 'a name that the daemon would not read' --run "$dir" --directory "$dir/plans" submit "$dir/plan.txt"
holds 'says which it would' err '\.yaml or \*\.yml'

printf 'plans: %s\n' "$dir/plans" >"$dir/canaryd.yaml"
expect 0 'a policy' --config "$dir/canaryd.yaml" iam-policy "$good"
holds 'is a document' out '"Version": "2012-10-17"'
expect 1 'no policy of a bad plan' --config "$dir/canaryd.yaml" iam-policy "$dir/bad.yaml"
holds 'and nothing on stdout' out ''

n=$((n + 1))
if "$ctl" validate "$dir/bad.yaml" 2>&1 | grep -q "$(printf '\033')"; then
  echo "not ok $n - escape sequences of a file do not reach the terminal"
else
  echo "ok $n - escape sequences of a file do not reach the terminal"
fi

for verb in list 'status x@1'; do
  # shellcheck disable=SC2086
  expect 69 "$verb without a daemon" --run "$dir" $verb
  holds 'says what to do' err 'canaryd is not running.*--run DIR'
  holds 'and nothing on stdout' out ''
done

n=$((n + 1))
if "$ctl" --help >/dev/full 2>"$dir/err"; then
  echo "not ok $n - a full disk is noticed"
else
  echo "ok $n - a full disk is noticed"
fi
echo "1..$n"
