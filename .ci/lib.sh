# What the scripts of this folder share; sourced, with the project's root as the
# working directory.
cache="$PWD/.ci/.cache"
mkdir -p "$cache/bin"
export GOBIN="$cache/bin" GOFLAGS="${GOFLAGS:-} -buildvcs=false" GOTOOLCHAIN=local

step() { printf '\n== %s (%s)\n' "$*" "$(date +%H:%M:%S)"; }

# install PACKAGE... : Debian packages, where they are missing.
install() {
  local missing=()
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then sudo="sudo"; fi
  $sudo apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
}

# need COMMAND PACKAGE... : the packages, where there is no such command yet.
need() {
  local command="$1"
  shift
  command -v "$command" >/dev/null || install "$@"
}
