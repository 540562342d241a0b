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

# need_node : Node 20 or later, and npm. Debian 12 has Node 18: then a later one comes
# from npm, into the cache, and goes before it in the PATH.
need_node() {
  local recent='process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' arch
  need npm nodejs npm
  if node -e "$recent"; then return; fi
  case "$(uname -m)" in aarch64) arch=arm64 ;; *) arch=x64 ;; esac
  npm install --silent --no-audit --no-fund --prefix "$cache/node" "node-linux-$arch@22.21.1"
  PATH="$cache/node/node_modules/node-linux-$arch/bin:$PATH"
  node -e "$recent"
}

# build_program OUT : the program, by the very line of the Dockerfile, from the files
# that it would see (.dockerignore leaves the rest out).
build_program() {
  local context line ignored
  context="$(mktemp -d)"
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$context"
  while read -r ignored; do
    case "$ignored" in
      '' | '#'*) ;;
      *[*?!]*) echo "build_program knows no patterns, but .dockerignore has $ignored" >&2 && return 1 ;;
      *) rm -rf "${context:?}/$ignored" ;;
    esac
  done <.dockerignore
  line="$(sed -n 's/^RUN \(.*go build .*\)$/\1/p' Dockerfile)"
  if [ "$(wc -l <<<"$line")" -ne 1 ] || [[ "$line" != *" -o /tarikh "* ]]; then
    echo "the Dockerfile has no single line that builds /tarikh: $line" >&2
    return 1
  fi
  echo "$line"
  (cd "$context" && bash -euc "${line/ -o \/tarikh / -o \"\$0\" }" "$1")
  rm -rf "$context"
}

# wait_for_address FILE PID : the address that the program prints there when it serves.
wait_for_address() {
  local address
  for _ in $(seq 600); do
    if address="$(grep -om1 'http://127\.0\.0\.1:[0-9]*' "$1")"; then
      echo "$address"
      return
    fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  echo "the program does not serve:" >&2
  cat "${1%/*}"/*.log >&2
  return 1
}
