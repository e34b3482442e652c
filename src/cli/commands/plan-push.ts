import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  config: { type: 'string', demandOption: true, requiresArg: true, describe: 'Broker and fleet of an operator, YAML' },
  device: {
    type: 'string',
    array: true,
    nargs: 1,
    demandOption: true,
    describe: 'A device that shall run it; repeat for more',
  },
  from: {
    type: 'string',
    requiresArg: true,
    describe: 'Where devices fetch the head, such as https://files.example/plans/; without it where each is set to',
  },
  parts: {
    type: 'string',
    requiresArg: true,
    describe: 'Write the head by its digest into this folder, for a web server to hand out',
  },
  wait: {
    type: 'string',
    requiresArg: true,
    describe: 'How long to wait for each device to confirm it or fall back, such as 10m',
  },
  clear: { type: 'boolean', default: false, describe: 'Take back what was pushed; what runs goes on' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & {
  readonly plan?: string | undefined;
  readonly json?: boolean;
};

export const planPushCommand: CommandModule<object, Arguments> = {
  command: 'push [plan]',
  describe: 'Give a signed plan to devices, which fetch, try and confirm it, or go back by themselves',
  builder: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'plan.json, signed by a key that the devices trust' })
      .options(options),
  handler: async (argv) => {
    const [{ runPlanPush, unconfirmed }, { fail, print }] = await Promise.all([
      import('../run-plan-push.ts'),
      import('../output.ts'),
    ]);
    const { plan, device, config, from, parts, wait, clear } = argv;
    const pushed = await runPlanPush({ plan, device: device.map(String), config, from, parts, wait, clear });
    print(argv.json, pushed, () => {
      const names = pushed.devices.map((d) => (d.taken === null ? d.device : `${d.device}: ${d.taken}`)).join(', ');
      if (pushed.planId === null) return `taken back from ${names}`;
      const heads = pushed.parts.map((path) => `\nhead: ${path}`).join('');
      return `plan ${pushed.planId}, serial ${pushed.serial}, pushed to ${names}${heads}`;
    });
    const problem = unconfirmed(pushed);
    if (problem) fail(problem, false);
  },
};
