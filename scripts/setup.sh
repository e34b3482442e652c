# Brings a fresh machine to where Cutline builds and runs. Sourced by scripts/demo and scripts/test.
# Debian packages are installed when this is root on Debian; otherwise what is missing is said, with the command to run.

say() { printf '%s\n' "$*" >&2; }

need_node() {
  command -v node >/dev/null 2>&1 || { say "Node.js 20.19 or newer is needed: https://nodejs.org"; exit 1; }
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
    || { say "Node.js 20.19 or newer is needed; this is $(node --version)."; exit 1; }
}

# need_debian REQUIRED|OPTIONAL TEST PACKAGE... – installs the packages unless TEST passes.
need_debian() {
  local kind=$1 present=$2
  shift 2
  if eval "$present"; then return 0; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing $* …"
    if apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null 2>&1 \
      && eval "$present"; then return 0; fi
    say "Could not install: $*"
  else
    say "Missing: $*. On Debian: sudo apt-get install $*"
  fi
  [ "$kind" = OPTIONAL ] || exit 1
}

need_packages() {
  # The lock file's digest says whether node_modules is what it should be.
  local wanted
  wanted=$(node -e 'process.stdout.write(require("crypto").createHash("sha256").update(require("fs").readFileSync("package-lock.json")).digest("hex"))')
  if [ "$(cat node_modules/.cutline-lock 2>/dev/null)" != "$wanted" ]; then
    say "Installing npm packages …"
    npm ci --no-audit --no-fund >&2
    printf '%s' "$wanted" > node_modules/.cutline-lock
  fi
}

build() { npm run --silent build >&2; }
