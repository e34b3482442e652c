import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  host: { type: 'string', default: '127.0.0.1', describe: 'Address to listen on' },
  port: { type: 'number', default: 1883, describe: 'Port to listen on; 0 takes a free one' },
  username: { type: 'string', describe: 'Let in only this user', implies: 'password-file' },
  'password-file': {
    type: 'string',
    describe: 'File with the password, readable by its owner only',
    implies: 'username',
  },
  insecure: {
    type: 'boolean',
    default: false,
    describe: 'Listen on an outside address without password',
  },
  'max-packet-bytes': { type: 'number', default: 16 * 2 ** 20, describe: 'Largest MQTT packet taken' },
  'max-clients': { type: 'number', default: 1000, describe: 'Connections at once' },
  verbose: { type: 'boolean', default: false, describe: 'Say on stderr who comes and goes' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const brokerCommand: CommandModule<object, Arguments> = {
  command: 'broker',
  describe: 'Run a small MQTT broker (3.1.1, in memory), on this machine only unless told otherwise',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const [{ readPassword, startBroker }, { print }, { untilStopped }] = await Promise.all([
      import('../../broker/index.ts'),
      import('../output.ts'),
      import('../stop.ts'),
    ]);
    const credentials =
      argv.username === undefined || argv['password-file'] === undefined
        ? undefined
        : { username: argv.username, password: await readPassword(argv['password-file']) };
    // Listened for before anybody is told that the broker is ready: whoever was told may ask it to stop at once.
    const stopped = untilStopped();
    const broker = await startBroker({
      host: argv.host,
      port: argv.port,
      insecure: argv.insecure,
      maxPacketBytes: argv['max-packet-bytes'],
      maxClients: argv['max-clients'],
      credentials,
      ...(argv.verbose && { log: (line: string) => process.stderr.write(`broker: ${line}\n`) }),
    });
    const { url, host, port } = broker;
    const ready = { format: 'cutline.broker/1', url, host, port, pid: process.pid };
    print(argv.json, ready, () => `Broker ready at ${url}`);
    await stopped;
    await broker.close();
  },
};
