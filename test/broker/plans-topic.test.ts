/** Who may give a device a plan, and who may hear it: on the embedded broker, and by the rules written for others. */
import { describe, expect, it } from 'vitest';
import { type Member, mayPublish, maySubscribe, rulesOf } from '../../src/broker/acl.ts';
import { forEmqx, forMosquitto, makeAccount } from '../../src/broker/index.ts';

const own = 'cutline/v1/yard/cam-1/plan';
const members = {
  itself: { role: 'device', fleet: 'yard', device: 'cam-1' },
  'another device': { role: 'device', fleet: 'yard', device: 'cam-2' },
  'a device of another fleet': { role: 'device', fleet: 'barn', device: 'cam-1' },
  consumer: { role: 'consumer', fleet: 'yard' },
  observer: { role: 'observer', fleet: 'yard' },
  operator: { role: 'operator', fleet: 'yard' },
  'operator of another fleet': { role: 'operator', fleet: 'barn' },
} as const satisfies Record<string, Member>;

describe('the plan of a device', () => {
  it.each([
    ['itself', true, false],
    ['another device', false, false],
    ['a device of another fleet', false, false],
    ['consumer', false, false],
    ['observer', true, false],
    ['operator', true, true],
    ['operator of another fleet', false, false],
  ] as const)('by %s: heard %s, written %s', (who, heard, written) => {
    const rules = rulesOf(members[who]);
    expect([maySubscribe(rules, own), mayPublish(rules, own)]).toEqual([heard, written]);
    if (members[who].role === 'device') expect(maySubscribe(rules, 'cutline/v1/yard/+/plan')).toBe(false);
  });

  it('is written by operators alone in the rules for mosquitto and EMQX, too', async () => {
    const accounts = await Promise.all(
      Object.entries(members).map(async ([who, member]) => {
        const username = who.replaceAll(' ', '-');
        return (await makeAccount({ device: undefined, ...member, username })).account;
      }),
    );
    const mosquitto = forMosquitto(accounts).find((f) => f.name === 'cutline.acl')!.text;
    const writing = mosquitto
      .split('\n\n')
      .filter((block) => /topic write \S+\/plan$/m.test(block))
      .map((block) => /^user (\S+)/.exec(block)?.[1]);
    expect(writing).toEqual(['operator', 'operator-of-another-fleet']);
    const emqx = forEmqx(accounts).find((f) => f.name === 'cutline-acl.conf')!.text;
    const lines = emqx.split('\n').filter((line) => line.includes('publish') && line.includes('/plan"'));
    expect(lines.map((line) => /username, "([^"]+)"/.exec(line)?.[1])).toEqual(writing);
  });
});
