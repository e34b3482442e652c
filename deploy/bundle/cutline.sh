#!/bin/sh
# The command as a bundle has it: agent, config check and config schema.
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
# A small nursery: 26 MB less of a device's memory, and what an agent keeps for long is little.
exec "$here/node/bin/node" --max-semi-space-size=2 "$here/dist/cli/device.js" "$@"
