/** What an audit attacks. */
import type { CodecName } from '../../plan/index.ts';
import type { Subject } from './subject.ts';

export interface Candidate {
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

/** The candidates that an audit of these cuts, defenses and codecs attacks. */
export function candidatesOf(subject: Subject, { cuts, defenses, codecs = ['float32'] }: Asked): Candidate[] {
  const ids = cuts ?? subject.ids.filter((id) => id !== 'input' && id !== 'output');
  return ids.flatMap((cut) => defenses.flatMap((defense) => codecs.map((codec) => ({ cut, defense, codec }))));
}
