/**
 * The page of a report at work: plans again, by the planner's own code, with the numbers that its sliders say. Asks nobody for
 * anything; what it reads stands in the page.
 */
import type { Candidate } from '../plan/index.ts';
import {
  labelOf,
  type Numbers,
  numbersOf,
  type PlannedAgain,
  plannerOf,
  type RecordedSearch,
} from '../planner/index.ts';
import { milliseconds, type SeenPictures } from '../report/index.ts';
import { bar, legend } from './bars.ts';
import { controls } from './controls.ts';
import { details } from './details.ts';
import { commandFor } from './dials.ts';
import { element, fill } from './dom.ts';
import { longestMs, rowsOf } from './rows.ts';
import { cutTable } from './table.ts';

interface AgainData {
  readonly search: RecordedSearch;
  readonly pictures?: SeenPictures;
}

/** A choice that changes while a slider moves is read out when it rests. */
const restMs = 400;

function start(place: HTMLElement, { search, pictures }: AgainData): void {
  const plan = plannerOf(search);
  const was = numbersOf(search);
  const told = element('p', { class: 'hidden', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
  const answer = element('div', { class: 'panel answer', id: 'choice' });
  const privacy = element('div', { class: 'panel privacy' });
  const looked = details(pictures);
  const cuts = cutTable(look);
  const command = element('p', { class: 'note command' });
  const key = element('div');

  function look(candidate: Candidate): void {
    looked.show(candidate);
    cuts.mark(candidate.cut);
  }

  let resting: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const turned = (numbers: Numbers) => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => show(numbers));
  };

  function show(numbers: Numbers): void {
    let planned: PlannedAgain;
    try {
      planned = plan(numbers);
    } catch (error) {
      refuse((error as Error).message);
      return;
    }
    const { result, beside } = planned;
    const { chosen, candidates } = result;
    const byCost = beside.costOnly.candidate;
    const rows = rowsOf(candidates, chosen, planned.valueOf);
    const mattering = [...(chosen ? [chosen] : []), ...(byCost ? [byCost] : [])];
    const longest = longestMs(rows, mattering);
    const sentence = choiceText(planned);
    fill(answer, ...choice(planned, sentence));
    fill(privacy, ...costOfPrivacy(planned));
    cuts.show({ rows, chosen, byCost, longest });
    look(chosen ?? byCost ?? rows[0]!);
    fill(key, legend(numbers.ratePerS !== undefined));
    const { options, profiles } = commandFor(numbers, was);
    const given = profiles && ` In the profiles: ${profiles}.`;
    fill(command, 'For the command: ', element('code', {}, options), given);
    place.dataset.choice = chosen ? JSON.stringify([chosen.cut, chosen.defense, chosen.codec]) : 'none';
    announce(sentence);
  }

  function refuse(problem: string): void {
    fill(answer, element('p', { class: 'lead' }, problem));
    place.dataset.choice = 'refused';
    announce(problem);
  }

  function announce(sentence: string): void {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (told.textContent !== sentence) fill(told, sentence);
    }, restMs);
  }

  const { form } = controls(was, turned);
  fill(
    place,
    element('div', { class: 'again' }, form, element('div', { class: 'outcome' }, answer, privacy)),
    told,
    command,
    element(
      'p',
      { class: 'note', id: 'cuts-said' },
      'The best candidate of each cut, in order of depth. Arrow keys go from one to the next.',
    ),
    element(
      'div',
      { class: 'looking' },
      element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Cuts' }, cuts.table),
      looked.box,
    ),
    key,
  );
  show(was);
}

function choiceText({ result: { chosen }, relax }: PlannedAgain): string {
  return chosen
    ? `Chosen: ${labelOf(chosen)}, ${milliseconds(chosen.latencyMs.total)} ms.`
    : `Nothing meets these numbers. ${relax}`;
}

function choice({ result: { chosen }, beside, unattacked }: PlannedAgain, sentence: string): HTMLElement[] {
  const list = new Set(unattacked.map((c) => c.cut));
  const few = [...list].slice(0, 4).join(', ') + (list.size > 4 ? ', …' : '');
  const cheaper = chosen ? ' cheaper' : '';
  return [
    element('p', { class: `lead ${chosen ? 'safe' : 'leak'}` }, sentence),
    ...(chosen ? [element('p', {}, beside.alternatives.sentence)] : []),
    ...(unattacked.length > 0
      ? [
          element(
            'p',
            { class: 'note' },
            `${unattacked.length}${cheaper} candidates meet everything else and were not attacked enough to be taken, at ${few}: a command with pictures (--data) would attack them first.`,
          ),
        ]
      : []),
  ];
}

/** The two choices, one under the other, on one scale. */
function costOfPrivacy({ result: { chosen }, beside: { costOnly } }: PlannedAgain): HTMLElement[] {
  const { candidate, sentence } = costOnly;
  const both = [
    ...(candidate ? [{ said: 'By cost alone', candidate }] : []),
    ...(chosen ? [{ said: 'Chosen', candidate: chosen }] : []),
  ];
  const longest = Math.max(1e-9, ...both.map((b) => b.candidate.latencyMs.total));
  return [
    element('h3', {}, 'What privacy costs'),
    ...both.map(({ said, candidate: c }) =>
      element(
        'div',
        { class: 'against' },
        element('span', { class: 'note' }, `${said}: ${labelOf(c)}, ${milliseconds(c.latencyMs.total)} ms`),
        bar(c, longest),
      ),
    ),
    element('p', {}, sentence),
  ];
}

const place = document.getElementById('again');
const data = document.getElementById('again-data');
if (place && data) start(place, JSON.parse(data.textContent ?? '') as AgainData);
