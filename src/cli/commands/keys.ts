import { join } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  out: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder for the two files' },
  name: { type: 'string', default: 'plan', requiresArg: true, describe: 'NAME.key and NAME.pub, for plans' },
  device: {
    type: 'string',
    requiresArg: true,
    implies: 'fleet',
    describe:
      'Instead, a new key for the messages of this device: into DEVICE.keys.json for it, and fleet.keys.json for consumers',
  },
  fleet: { type: 'string', requiresArg: true, implies: 'device', describe: 'The fleet of the device' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const keysCommand: CommandModule<object, Arguments> = {
  command: 'keys',
  describe: 'Make keys: a pair that signs plans and verifies them, or one that seals the messages of a device',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const [{ makeKeys }, { addMessageKey }, { print }] = await Promise.all([
      import('../make-keys.ts'),
      import('../message-keys.ts'),
      import('../output.ts'),
    ]);
    const { device, fleet, out } = argv;
    if (device !== undefined && fleet !== undefined) {
      const added = await addMessageKey(out, fleet, device);
      print(argv.json, added, () =>
        [
          `key ${added.id} of ${fleet}/${device}`,
          `  ${added.fleetKeys}  messageKeys of consumers: give it to them first`,
          `  ${added.deviceKeys}  messageKeys of the device: this key seals, older ones still open`,
        ].join('\n'),
      );
      return;
    }
    const made = await makeKeys(argv.out, argv.name);
    print(argv.json, made, () =>
      [
        `key ${made.key}`,
        `  ${made.privateKey}  signs plans (cutline plan sign); keep it where no device and no cloud can read it`,
        `  ${made.publicKey}  for planKeys of agents and consumers: ${join('…', `${argv.name}.pub`)}`,
      ].join('\n'),
    );
  },
};
