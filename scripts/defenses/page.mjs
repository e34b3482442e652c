/** docs/defenses.md from the rows that have been run. */
import { informed, strongest } from './figures.mjs';
import { places, rows, subjects } from './rows.mjs';
import { sheets } from './sheets.mjs';

/** He et al. 2019 call what scores less unrecognisable. */
const unrecognisable = 0.3;
/** From here on everybody sees what it is. */
const open = 0.5;

const n2 = (x) => x.toFixed(2);
const band = (v) => `${n2(v.mean)} [${n2(v.low)}, ${n2(v.high)}]`;

/** @param kept rows of docs/defenses.json, by id */
export function page(kept) {
  const done = rows.filter((row) => kept[row.id]);
  return `# Defences, in front of an attacker who knows them

Written by \`npm run defenses -- --mnist DIR --cifar DIR\`; the figures are in \`defenses.json\`, and the command of every row is at the
end. Each defence was attacked three times: by somebody who knows it (all but its random draws) and sees each picture once, by the
same somebody who sees each scene sixteen times, as a camera that stands still shows it, and by somebody who takes the device for
an undefended one, which is how defences are usually evaluated. Only the first two are evidence.

- A cell is the strongest of the attacks, on the same victims: on LeNet of rMLE, the residual decoder and, in front of whoever knows the
  defence, rMLE begun at the decoder's answer (*hybrid*); on CIFAR10CNN rMLE alone. It tells the
  mean SSIM (Wang et al. 2004) with its bootstrap 95 % interval, the mean of the tenth that leaks most, and which attack it was.
- A descent looks at a defence in several ways, and keeps the one that did best on the attacker's own pictures. Where that is not the law of
  its noise, the cell says so: *mean over draws* of noise on the picture, *slack* of what is rounded or left out, or *unaware*, as if
  there were nothing. What comes out is drawn apart to the contrast that suited those pictures best.
- *Answer* is what an attacker makes of the network's outputs alone, seen once: no route that answers in the cloud leaks less. A mean
  picture that saw nothing scores what is under *guess* in each table's head.
- *Accuracy* is of 1 000 test pictures, with Wilson's 95 % interval: what the defence leaves of the network, which was not trained
  with it. 0.5x is half the root mean square of what the noise is added to.
- *Published* is from the sequel of the paper (He, Zhang, Lee, IEEE Internet of Things Journal 2020): accuracy and SSIM in front of an attacker
  who does not know of the dropout, on a network of the same layers and with the paper's SSIM. Ours that does not know of it sees more
  than theirs; we suppose because it believes in the statistics of pictures, and theirs in smoothness.
- Networks: LeNet is that of \`paper.md\` (\`cutline train lenet --data mnist:DIR --epochs 5\`), its decoders learn from
  ${subjects.lenet.queries} pictures, ${subjects.lenet.images} victims. CIFAR10CNN is \`models/cifar10cnn.onnx\`, trained on 20 000 pictures; ${subjects.cifar.images} victims.
- Whoever sees the undefended activation can add any of these defences himself, so that no row can truly leak more than the first of its
  table; where a figure is above it, within the intervals, the attack on the first is the weaker one.

${findings(done, kept)}
${places.map(([subject, cut]) => table(subject, cut, kept)).join('\n')}
## Not run

${missing(kept)}

## The commands

${done.map((row) => `- \`${kept[row.id].command}\``).join('\n')}
`;
}

/** What the tables are read for. */
export function findings(done, kept) {
  const facts = done.map((row) => ({ row, ...seenOf(kept[row.id]) }));
  const fooled = facts.filter((f) => f.unaware?.ssim.high < unrecognisable && f.once.ssim.low >= open);
  // The sequel of the paper evaluated with rMLE alone.
  const byDescent = facts.filter(
    (f) => !fooled.includes(f) && f.descent?.ssim.high < unrecognisable && f.once.ssim.low >= open,
  );
  const averaged = facts.filter((f) => f.once.ssim.high < unrecognisable && f.often?.ssim.low >= unrecognisable);
  const line = (f, a, b, how) =>
    `- ${f.row.cut} of ${subjects[f.row.subject].title}, \`${f.row.defense}\`: ${band(a.ssim)} → **${band(b.ssim)}** (${how(b)}); accuracy ${n2(kept[f.row.id].accuracy.mean)}`;
  const list = (found, write) =>
    found.length > 0 ? found.map(write).join('\n') : '- None among the rows that were run.';
  return `## Unrecognisable to whoever does not know it, open to whoever does

The whole interval under SSIM ${unrecognisable} in front of an attacker who does not know the defence, and over ${open} in front of one who does:

${list(fooled, (f) => line(f, f.unaware, f.once, (b) => b.attack))}

The same of rMLE alone, which is what the sequel evaluated with; somebody with a decoder of undefended pictures saw more:

${list(byDescent, (f) => `${line(f, f.descent, f.once, (b) => b.attack)}; the decoder that does not know it ${n2(f.unaware.ssim.mean)}`)}
${pictures('fooled', kept)}
## Safe when seen once, open when seen sixteen times

The whole interval under ${unrecognisable} for one observation, and over it for sixteen, by an attacker who knows the defence:

${list(averaged, (f) => line(f, f.once, f.often, (b) => b.attack))}
${pictures('averaged', kept)}`;
}

function pictures(name, kept) {
  const { file, text, rows: shown } = sheets[name];
  return shown.every(([id]) => kept[id]) ? `\n![${text}](${file})\n` : '';
}

/** The strongest of each attacker; undefined where none of them was sent. */
function seenOf({ knowing, unaware }) {
  const best = (results) => (results ? strongest(informed(results)) : undefined);
  const descent = unaware?.[1].find((r) => r.attack === 'rmle');
  return { once: best(knowing[1]), often: best(knowing[16]), unaware: best(unaware?.[1]), descent };
}

/** The attack, and how it looked at the mechanism where the law was not the best way. */
const how = ({ attack, parameters }) =>
  !parameters.look || parameters.look === 'law' ? attack : `${attack}, ${parameters.look}`;

function table(subject, cut, kept) {
  const own = rows.filter((row) => row.subject === subject && row.cut === cut && kept[row.id]);
  if (own.length === 0) return '';
  const cell = (r, otherwise) => (r ? `${band(r.ssim)} · ${n2(r.ssim.worstDecile)} · ${how(r)}` : otherwise);
  const lines = own.map((row) => {
    const found = kept[row.id];
    const { once, often, unaware } = seenOf(found);
    const answer = found.knowing[1].find((r) => r.attack === 'answer');
    const published = row.published ? `${n2(row.published[0])} / ${n2(row.published[2])}` : '';
    const written = found.resolved === row.defense ? '' : `<br>${found.resolved}`;
    return `| ${row.kind} | \`${row.defense}\`${written} | ${band(found.accuracy)} | ${cell(once, '')} | ${cell(often, 'the same')} | ${cell(unaware, '')} | ${answer ? n2(answer.ssim.mean) : ''} | ${published} |`;
  });
  const first = kept[own[0].id];
  return `## ${subjects[subject].title}, ${cut}

${first.images} victims; guess ${n2(first.guess)}.

| kind | defence | accuracy | knows it, one observation | knows it, sixteen | does not know it | answer | published: accuracy / SSIM |
|---|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

function missing(kept) {
  const left = rows.filter((row) => !kept[row.id]);
  if (left.length === 0) return 'Nothing was left out.';
  return places
    .map(([subject, cut]) => [subject, cut, left.filter((row) => row.subject === subject && row.cut === cut)])
    .filter(([, , own]) => own.length > 0)
    .map(
      ([subject, cut, own]) =>
        `- ${subjects[subject].title}, ${cut}: ${own.map((row) => `\`${row.defense}\``).join(', ')}`,
    )
    .join('\n');
}
