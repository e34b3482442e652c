/** How long `cutline --help` takes, against Node doing nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { race, takeTurns, waited } from './measure.mjs';

const main = join(import.meta.dirname, '../../dist/cli/main.js');
const targetMs = 250;

export async function start({ rounds }) {
  const times = await takeTurns(
    2 * rounds,
    () => node(main, '--help'),
    () => node('-e', '0'),
  );
  const row = race('cutline --help', times, { unit: 'ms', of: (s) => s * 1000, rival: 'node -e 0' });
  const own = times.ours.map((s, i) => (s.wall - times.rival[i].wall) * 1000).sort((a, b) => a - b)[rounds];
  row.note = `of these ${own.toFixed(0)} ms are ours`;
  row.target = { ms: targetMs, met: row.ours.median <= targetMs };
  return { title: 'Start of the command', rows: [row], notes: [`${2 * rounds} pairs`] };
}

const node = (...argv) =>
  waited(async () => {
    const [code] = await once(spawn(process.execPath, argv, { stdio: 'ignore' }), 'exit');
    if (code !== 0) throw new Error(`node ${argv.join(' ')} ended with ${code}`);
  });
