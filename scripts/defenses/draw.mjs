/** Draws the sheets of docs/defenses.md from the pictures that runs have left. */
import { writeFile } from 'node:fs/promises';
import { contactSheet } from '../../dist/report/index.js';
import { picturesOf } from './attacks.mjs';
import { informed, strongest } from './figures.mjs';
import { rows } from './rows.mjs';
import { sheets } from './sheets.mjs';

const who = { 1: 'knows it, seen once', 16: 'knows it, seen sixteen times', unaware: 'does not know it' };

/** Those whose rows are there, and whose pictures are in the work folder. */
export async function drawSheets(work, kept) {
  for (const { file, rows: shown } of Object.values(sheets)) {
    if (!shown.every(([id]) => kept[id])) continue;
    try {
      const of = (id) => rows.find((row) => row.id === id);
      const truth = await picturesOf(work, { id: of(shown[0][0]).subject }, 'truth');
      const drawn = await Promise.all(
        shown.map(async ([id, seen]) => {
          const { knowing, unaware } = kept[id];
          const { attack, ssim } = strongest(informed(seen === 'unaware' ? unaware[1] : knowing[seen]));
          const details = [`SSIM ${ssim.mean.toFixed(2)} ${attack}`, who[seen], of(id).cut];
          return { label: of(id).defense, details, images: await picturesOf(work, of(id), seen) };
        }),
      );
      await writeFile(`docs/${file}`, await contactSheet(truth, drawn));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      process.stderr.write(`${file} stays as it is: the pictures are not in ${work} (run the row with --again)\n`);
    }
  }
}
