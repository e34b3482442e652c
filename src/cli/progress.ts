/** A progress bar on stderr; plain lines where stderr is no terminal. */
import cliProgress from 'cli-progress';

export interface Progress {
  /** @param done share from 0 to 1 */
  update(done: number, note?: string): void;
  /** A line that stays. */
  log(line: string): void;
  stop(): void;
}

export function progressBar(title: string): Progress {
  if (!process.stderr.isTTY) {
    return { update: () => {}, log: (line) => void process.stderr.write(`${line}\n`), stop: () => {} };
  }
  const bar = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {percentage}% · {eta_formatted} left {note}`,
      hideCursor: true,
      stream: process.stderr,
      etaBuffer: 50,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(1000, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(Math.round(done * 1000), { note }),
    log: (line) => {
      process.stderr.write(`\r\u001b[K${line}\n`);
    },
    stop: () => bar.stop(),
  };
}
