/** What an audit. */
import type { CodecName } from '../../plan/index.ts';
import type { Subject } from './subject.ts';

export interface Target {
  readonly cut: string;
  readonly defense: string;
  readonly codec: CodecName;
}

export interface Asked {
  /** Ids; default every cut between the input and the output. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  readonly codecs?: readonly CodecName[] | undefined;
}

/** The targets of an audit of these cuts, defenses and codecs. */
export function targetsOf(subject: Subject, { cuts, defenses, codecs = ['float32'] }: Asked): Target[] {
  const ids = cuts ?? subject.ids.filter((id) => id !== 'input' && id !== 'output');
  return ids.flatMap((cut) => defenses.flatMap((defense) => codecs.map((codec) => ({ cut, defense, codec }))));
}
