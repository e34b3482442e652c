import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../src/broker/index.ts';
import { Answers, type Given } from '../../src/cloud/answers.ts';
import { KeptAnswers } from '../../src/cloud/kept-answers.ts';
import { activation, id, settle, start, tensors, topic } from './started.ts';

describe('the answers kept', () => {
  const given = (bytes: number): Given => ({
    kind: 'result',
    tensors: [{ ...tensors[0]!, data: new Uint8Array(bytes) }],
    queueMs: 0,
    tailMs: 0,
    decodeMs: 0,
  });

  it('are bounded in number and bytes, the oldest leaving first', () => {
    const left: string[] = [];
    const byNumber = new Answers(2, 10_000, (key) => left.push(key));
    for (const key of ['a', 'b', 'c']) byNumber.set(key, given(1));
    expect(['a', 'b', 'c'].map((k) => byNumber.get(k) !== undefined)).toEqual([false, true, true]);
    expect(left).toEqual(['a']);
    const byBytes = new Answers(10, 2500);
    for (const key of ['a', 'b', 'b', 'c']) byBytes.set(key, given(1000));
    expect(['a', 'b', 'c'].map((k) => byBytes.get(k) !== undefined)).toEqual([false, true, true]);
    byBytes.set('huge', given(2501));
    expect(byBytes.get('huge')).toBeUndefined();
  });

  it('outlive the process, as many and as young as they may be', async () => {
    const path = await mkdtemp(join(tmpdir(), 'cutline-answers-'));
    let now = 1e9;
    const log: string[] = [];
    const options = { path, maxEntries: 3, maxBytes: 1e5, now: () => now, log: (l: string) => log.push(l) };
    try {
      const first = await KeptAnswers.open(options);
      for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) {
        now++;
        first.set(key, given(i));
      }
      await first.close();
      const second = await KeptAnswers.open(options);
      expect(['a', 'b', 'c', 'd'].map((k) => second.get(k)?.tensors[0]?.data.length)).toEqual([undefined, 1, 2, 3]);
      await second.close();
      now += 3_600_000 - 1;
      const third = await KeptAnswers.open(options);
      expect(['b', 'c', 'd'].map((k) => third.get(k)?.tensors[0]?.data.length)).toEqual([undefined, 2, 3]);
      await third.close();
      expect(log.map((l) => l.split(' ')[0])).toEqual(['0', '3', '2']);
      // Of a file that is none of its own, LMDB would make a crash.
      await writeFile(join(path, 'data.mdb'), Buffer.alloc(8192, 1));
      await expect(KeptAnswers.open(options)).rejects.toMatchObject({ code: 'STORE_INVALID' });
    } finally {
      await rm(path, { recursive: true });
    }
  });

  it('are written for whoever asks again: a device that restarted has another session', async () => {
    const sent: ReturnType<typeof decodeMessage>[] = [];
    const { consumer, release } = start({ reply: async (_d, _id, payload) => void sent.push(decodeMessage(payload)) });
    const offers = ['ab', 'cd'].map((id) => ({ id: id.repeat(4), sinceMs: 1000, expiryMs: 600 }));
    consumer.receive(topic, activation(1, { session: offers[0]! }));
    await release();
    consumer.receive(topic, activation(1, { session: offers[1]!, bootId: id(7) }));
    consumer.receive(topic, activation(1));
    await settle();
    expect(sent.map((m) => ('bodyWith' in m ? m.sessionId : 'in full'))).toEqual([
      offers[0]!.id,
      offers[1]!.id,
      'in full',
    ]);
  });
});
