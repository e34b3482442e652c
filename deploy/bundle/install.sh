#!/bin/sh
# Installs the agent of this bundle: programs to /opt/cutline, configuration and plan to /etc/cutline, a service of systemd.
# Again with a newer bundle: programs and plan are replaced, the configuration is kept (--replace-config replaces it).
#   sudo ./install.sh [--replace-config] [--no-service] [--root DIR]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root='' service=yes replace=no
while [ $# -gt 0 ]; do
  case $1 in
    --replace-config) replace=yes ;;
    --no-service) service=no ;;
    --root) root=${2:?--root wants a folder}; service=no; shift ;;
    *) echo "install.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then echo 'install.sh: run it with sudo' >&2; exit 2; fi

"$here/bin/cutline" --version >/dev/null || {
  echo 'install.sh: this bundle does not run here: it is for another processor, or for a newer glibc' >&2; exit 1; }

opt=$root/opt/cutline etc=$root/etc/cutline
if [ -z "$root" ] && ! id cutline >/dev/null 2>&1; then
  useradd --system --home-dir /var/lib/cutline-agent --shell /usr/sbin/nologin cutline
fi

# Programs beside the old ones, then in their place: an installation that is cut off leaves one that runs.
rm -rf "$opt.new"; mkdir -p "$opt.new" "$etc"
for part in bin node dist node_modules profiles package.json LICENSE; do cp -R "$here/$part" "$opt.new/"; done
rm -rf "$opt.old"
if [ -e "$opt" ]; then mv "$opt" "$opt.old"; fi
mv "$opt.new" "$opt"; rm -rf "$opt.old"

# Plan, head, keys and authorities; plan.json last, since it names the others by digest.
(cd "$here/config" && find . -type f ! -name agent.yaml ! -name plan.json ! -name SECRETS) | while read -r file; do
  mkdir -p "$etc/$(dirname "$file")"; cp "$here/config/$file" "$etc/$file"
done
cp "$here/config/plan.json" "$etc/plan.json.new"; mv "$etc/plan.json.new" "$etc/plan.json"
if [ $replace = yes ] || [ ! -e "$etc/agent.yaml" ]; then cp "$here/config/agent.yaml" "$etc/agent.yaml"; fi
chmod 750 "$etc"
if [ -z "$root" ]; then chown -R cutline:cutline "$etc"; fi

missing=no
while read -r secret; do
  case $secret in /*) path=$root$secret ;; *) path=$etc/$secret ;; esac
  if [ -e "$path" ]; then chmod 600 "$path"; else missing=yes; echo "put a secret to $path (mode 600, owner cutline)"; fi
done < "$here/config/SECRETS"

mkdir -p "$root/etc/systemd/system"
cp "$here/cutline-agent.service" "$root/etc/systemd/system/"
if [ $missing = yes ]; then
  echo 'then run install.sh again.'
elif [ $service = yes ]; then
  systemctl daemon-reload
  systemctl enable cutline-agent
  systemctl restart cutline-agent
  systemctl --no-pager status cutline-agent
fi
echo "installed in $opt, configured in $etc"
