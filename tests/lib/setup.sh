# Sourced by tests/check.sh and tests/quickstart.sh, from the root of the tree. Installs the Debian packages that
# are missing, and builds. Whatever ends the script, no process and no temporary file of it is left.

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

scratch=
running=
verdict=

# What is still running is told to end and waited for; then the folder it had its files in can go.
leave() {
  status=$?
  trap - EXIT
  trap '' INT TERM HUP
  for pid in $running; do
    kill "$pid" 2>/dev/null || true
  done
  wait
  [ -z "$scratch" ] || rm -rf "$scratch"
  [ -z "$verdict" ] || say "$verdict"
  exit "$status"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Everything temporary, of children too, is in here. Sockets are among it, and their paths hold 107 bytes.
case ${TMPDIR:-} in
/*) [ ${#TMPDIR} -le 24 ] || unset TMPDIR ;;
*) unset TMPDIR ;;
esac
scratch=$(mktemp -d "${TMPDIR:-/tmp}/canaryd.XXXXXX") || die "Cannot make a folder in ${TMPDIR:-/tmp}."
export TMPDIR="$scratch"

# attend COMMAND…: its status. Unlike with a plain call, a signal ends this script at once, and the command with it.
attend() {
  attended=0
  # A shell starts such commands deaf to Ctrl-C; what tests start must hear it.
  env --default-signal=INT,QUIT "$@" &
  running="$running $!"
  wait "$!" || attended=$?
  running=${running% *}
  return "$attended"
}

# as_root COMMAND…: runs it as root, or fails.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    sudo "$@"
  else
    return 1
  fi
}

# In the foreground: apt-get knows best when it may be interrupted.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# missing_packages GROUP…: those of tests/packages.txt that dpkg does not know as installed. What is listed with its
# command often comes from elsewhere; Debian's package would then be in the way of it.
missing_packages() {
  for group in "$@"; do
    sed -n "s/^$group //p" tests/packages.txt
  done | while read -r package; do
    case $package in
    *:*)
      ! command -v "${package%%:*}" >/dev/null || continue
      package=${package#*:}
      ;;
    esac
    # One word per architecture.
    case " $(dpkg-query -W -f='${db:Status-Status} ' "$package" 2>/dev/null)" in
    *" installed "*) ;;
    *) printf ' %s' "$package" ;;
    esac
  done
}

# install_packages GROUP…
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "This is not Debian: nothing is installed; tests/packages.txt lists what is needed."
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  by_hand="As root, run: apt-get update && apt-get install -y$missing"
  as_root true || die "Debian packages are missing, and installing them takes root, or sudo. $by_hand"
  say "Installing$missing"
  # Some other source of this machine may be out of order: what counts is whether the packages can be had.
  # shellcheck disable=SC2086
  if ! { apt update || true; apt install -y --no-install-recommends $missing; } >"$scratch/log" 2>&1; then
    { sed -n '/^W: /p' "$scratch/log"; tail -n 20 "$scratch/log"; } >&2
    die "Cannot install packages. $by_hand"
  fi
}

# From here on everything is on loopback: no proxy, no account and no service manager of whoever runs this.
isolate() {
  for name in $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p') http_proxy https_proxy all_proxy no_proxy HTTP_PROXY \
      HTTPS_PROXY ALL_PROXY NO_PROXY NO_COLOR NOTIFY_SOCKET JOURNAL_STREAM WATCHDOG_USEC WATCHDOG_PID \
      CREDENTIALS_DIRECTORY STATE_DIRECTORY RUNTIME_DIRECTORY CONFIGURATION_DIRECTORY DBUS_SESSION_BUS_ADDRESS; do
    unset "$name"
  done
  export TZ=UTC
}

# configure DIRECTORY MESON-OPTION…: also when the directory exists with other options.
configure() {
  directory=$1
  shift
  mkdir -p "$directory" 2>/dev/null && [ -w "$directory" ] ||
    die "Cannot write to $PWD/$directory: copy the tree to a folder that $(id -un) may write to."
  mode=
  [ ! -f "$directory/build.ninja" ] || mode=--reconfigure
  if ! attend meson setup $mode "$directory" "$@" >"$scratch/log" 2>&1; then
    cat "$scratch/log" >&2
    die "The set-up of $directory/ failed. If that folder comes from elsewhere, delete it."
  fi
}

# compile DIRECTORY TARGET…: quiet unless it fails or warns.
compile() {
  directory=$1
  shift
  if ! attend ninja -C "$directory" -j "$(nproc)" "$@" >"$scratch/log" 2>&1; then
    if grep -q '^FAILED:' "$scratch/log"; then
      sed -n '/^FAILED:/,$p' "$scratch/log" >&2
    else
      cat "$scratch/log" >&2
    fi
    die "The build in $directory/ failed."
  fi
  grep 'warning:' "$scratch/log" || true
}
