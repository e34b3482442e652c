/** Sliders, and beside each the number to type; what is turned is told at once. */
import type { Numbers } from '../planner/index.ts';
import { type Dial, dialsFor, objectives } from './dials.ts';
import { element } from './dom.ts';

export interface Controls {
  readonly form: HTMLFormElement;
  /** Puts every slider where the numbers are. */
  show(numbers: Numbers): void;
}

/** @param turned called with the numbers after each change that can be read */
export function controls(was: Numbers, turned: (numbers: Numbers) => void): Controls {
  let numbers = was;
  const change = (next: Numbers) => {
    numbers = next;
    for (const own of made) own.reveal(numbers);
    turned(numbers);
  };
  const objective = element('select', { id: 'objective' });
  for (const [name, said] of Object.entries(objectives)) objective.append(element('option', { value: name }, said));
  objective.addEventListener('change', () => {
    change({ ...numbers, objective: objective.value as Numbers['objective'] });
  });
  const made = dialsFor(was).map((dial) => dialControl(dial, (write) => change(write(numbers))));
  const reset = element('button', { type: 'button', class: 'plain' }, 'As it was planned');
  const show = (next: Numbers) => {
    numbers = next;
    objective.value = numbers.objective;
    for (const own of made) {
      own.show(numbers);
      own.reveal(numbers);
    }
  };
  reset.addEventListener('click', () => {
    show(was);
    turned(was);
  });
  const form = element(
    'form',
    { class: 'dials', 'aria-label': 'Numbers to plan with' },
    ...made.filter((own) => !own.isWeight).map((own) => own.box),
    element(
      'div',
      { class: 'dial' },
      element('label', { for: 'objective' }, 'Of what is allowed, take the least'),
      objective,
    ),
    ...made.filter((own) => own.isWeight).map((own) => own.box),
    element('div', { class: 'dial end' }, reset),
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  show(was);
  return { form, show };
}

function dialControl(dial: Dial, write: (change: (numbers: Numbers) => Numbers) => void) {
  const { id, label, unit, scale, least, most, optional } = dial;
  const slider = element('input', { type: 'range', id, min: 0, max: scale.steps, step: 1 });
  const typed = element('input', {
    type: 'number',
    id: `${id}-typed`,
    min: least,
    max: most,
    step: 'any',
    inputmode: 'decimal',
    'aria-label': `${label}${unit && `, ${unit}`}, as a number`,
    placeholder: optional ? 'none' : undefined,
  });
  const said = (value: number) => (optional && value === 0 ? 'none' : `${value} ${unit}`.trim());
  const label_ = element('label', { for: id }, label);
  const tell = (value: number) => slider.setAttribute('aria-valuetext', said(value));
  const set = (value: number) => write((numbers) => dial.write(numbers, value));
  slider.addEventListener('input', () => {
    const value = scale.valueAt(Number(slider.value));
    typed.value = optional && value === 0 ? '' : String(value);
    typed.removeAttribute('aria-invalid');
    tell(value);
    set(value);
  });
  typed.addEventListener('input', () => {
    const empty = typed.value.trim() === '' && !typed.validity.badInput;
    const value = empty && optional ? 0 : Number.parseFloat(typed.value);
    const isFit = Number.isFinite(value) && value >= least && value <= most;
    // What cannot be read changes nothing, and says so.
    typed.toggleAttribute('aria-invalid', false);
    if (!isFit) {
      typed.setAttribute('aria-invalid', 'true');
      return;
    }
    slider.value = String(scale.placeOf(value));
    tell(value);
    set(value);
  });
  return {
    isWeight: dial.shown !== undefined,
    box: element(
      'div',
      { class: 'dial', id: `${id}-dial` },
      label_,
      slider,
      element(
        'span',
        { class: 'typed' },
        typed,
        unit ? element('span', { class: 'unit', 'aria-hidden': true }, unit) : undefined,
      ),
    ),
    show(numbers: Numbers) {
      const value = dial.read(numbers);
      slider.value = String(scale.placeOf(value));
      typed.value = optional && value === 0 ? '' : String(Number(value.toPrecision(6)));
      typed.removeAttribute('aria-invalid');
      tell(Number(value.toPrecision(3)));
    },
    reveal(this: { readonly box: HTMLElement }, numbers: Numbers) {
      this.box.hidden = dial.shown ? !dial.shown(numbers) : false;
    },
  };
}
