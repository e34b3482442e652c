import type { CommandModule } from 'yargs';

interface FetchOptions {
  name: string;
  dir: string | undefined;
  json?: boolean;
}

const fetchCommand: CommandModule<object, FetchOptions> = {
  command: 'fetch <name>',
  describe: 'Download fashion-mnist, mnist or cifar-10 and check it against known sums',
  builder: (yargs) =>
    yargs.positional('name', { type: 'string', demandOption: true, describe: 'Which data set' }).option('dir', {
      type: 'string',
      requiresArg: true,
      describe: 'Folder to put it in; default the cache, where --data NAME finds it',
    }),
  handler: async (argv) => {
    const [{ fetchDataset }, { print }, { stopSignal }] = await Promise.all([
      import('../../data/index.ts'),
      import('../output.ts'),
      import('../stop.ts'),
    ]);
    let shown = 0;
    const result = await fetchDataset(argv.name, {
      dir: argv.dir,
      signal: stopSignal(),
      onProgress: ({ url, bytes, total }) => {
        const now = Date.now();
        if (bytes < total && now - shown < 1000) return;
        shown = now;
        process.stderr.write(`data: ${url}: ${((100 * bytes) / total).toFixed(0)} %\n`);
      },
    });
    print(
      argv.json,
      result,
      () => `${result.dir}${result.alreadyThere ? ' is there already' : ''}. Use it with --data ${result.spec}`,
    );
  },
};

export const dataCommand: CommandModule = {
  command: 'data <action>',
  describe: 'Public data sets',
  builder: (yargs) => yargs.command(fetchCommand).demandCommand(1, 'Say what to do: fetch.'),
  handler: () => {},
};
