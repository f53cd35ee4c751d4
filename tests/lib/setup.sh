# Sourced by tests/check.sh and tests/quickstart.sh, from the root of the tree. Installs the Debian packages that
# are missing, and builds.

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s\n' "$*" >&2
  exit 1
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

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# missing_packages GROUP…: those of tests/packages.txt that dpkg does not know as installed.
missing_packages() {
  for group in "$@"; do
    sed -n "s/^$group //p" tests/packages.txt
  done | while read -r package; do
    case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) printf '%s ' "$package" ;;
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
  say "Installing $missing"
  log=$(mktemp)
  # shellcheck disable=SC2086
  if ! { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "Cannot install packages. As root, run: apt-get update && apt-get install -y $missing"
  fi
  rm -f "$log"
}

# build_tree DIRECTORY MESON-OPTION…: configures (anew when the directory is older than these options) and builds;
# quiet unless it fails.
build_tree() {
  directory=$1
  shift
  log=$(mktemp)
  mode=
  [ ! -f "$directory/build.ninja" ] || mode=--reconfigure
  if ! { meson setup $mode "$directory" "$@" && meson compile -C "$directory" -j "$(nproc)"; } >"$log" 2>&1 </dev/null; then
    if grep -q '^FAILED:' "$log"; then
      sed -n '/^FAILED:/,$p' "$log" >&2
    else
      cat "$log" >&2
    fi
    rm -f "$log"
    die "The build in $directory/ failed."
  fi
  # A compiler that warns without failing must not go unseen.
  grep 'warning:' "$log" || true
  rm -f "$log"
}
