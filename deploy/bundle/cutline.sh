#!/bin/sh
# The command as a bundle has it: agent, config check and config schema.
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
exec "$here/node/bin/node" "$here/dist/cli/device.js" "$@"
