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
  accounts: {
    type: 'string',
    describe: 'File of accounts (cutline broker account): each may say and hear what its role is for',
    conflicts: 'username',
  },
  cert: { type: 'string', describe: 'Certificate, PEM: listen with TLS', implies: 'key' },
  key: { type: 'string', describe: 'Its key, PEM, readable by its owner only', implies: 'cert' },
  ca: { type: 'string', describe: 'Let in only clients with a certificate of this authority, PEM', implies: 'cert' },
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
  builder: (yargs) =>
    yargs
      .options(options)
      .epilogue(
        'cutline broker account makes accounts, broker config writes them for mosquitto and EMQX: see their --help.',
      ),
  handler: async (argv) => {
    const [{ readAccounts, readPassword, readTlsFiles, startBroker }, { print }, { untilStopped }] = await Promise.all([
      import('../../broker/index.ts'),
      import('../output.ts'),
      import('../stop.ts'),
    ]);
    const credentials =
      argv.username === undefined || argv['password-file'] === undefined
        ? undefined
        : { username: argv.username, password: await readPassword(argv['password-file']) };
    const { cert, key, ca } = argv;
    const tls =
      cert === undefined || key === undefined
        ? undefined
        : await readTlsFiles({ cert, key, ...(ca !== undefined && { ca }) });
    const accounts = argv.accounts === undefined ? undefined : (await readAccounts(argv.accounts)).accounts;
    // Listened for before anybody is told that the broker is ready: whoever was told may ask it to stop at once.
    const stopped = untilStopped();
    const broker = await startBroker({
      host: argv.host,
      port: argv.port,
      insecure: argv.insecure,
      maxPacketBytes: argv['max-packet-bytes'],
      maxClients: argv['max-clients'],
      credentials,
      accounts,
      tls,
      ...(argv.verbose && { log: (line: string) => process.stderr.write(`broker: ${line}\n`) }),
    });
    const { url, host, port } = broker;
    const ready = { format: 'cutline.broker/1', url, host, port, pid: process.pid };
    print(argv.json, ready, () => `Broker ready at ${url}`);
    await stopped;
    await broker.close();
  },
};
