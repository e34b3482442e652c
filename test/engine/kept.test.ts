import { describe, expect, it } from 'vitest';
import { KeptSessions } from '../../src/engine/remote/kept.ts';
import type { RemoteSession } from '../../src/engine/remote/session.ts';
import { linear } from './contract/graphs.ts';

/** Counts what is loaded and ended. */
function library(most: number) {
  const kept = new KeptSessions(most);
  const log: string[] = [];
  const load = (name: string) => async (): Promise<RemoteSession> => {
    log.push(`load ${name}`);
    let isOpen = true;
    const session = {
      get isOpen() {
        return isOpen;
      },
      share: (onClose: () => Promise<void>) => ({ close: onClose }),
      close: async () => {
        isOpen = false;
        log.push(`end ${name}`);
      },
    };
    return session as unknown as RemoteSession;
  };
  return { kept, log, load };
}

describe('kept sessions', () => {
  it('are loaded once for a graph, while it is used and after', async () => {
    const { kept, log, load } = library(100);
    const graph = linear();
    const [a, b] = await Promise.all([kept.borrow(graph, '', 60, load('a')), kept.borrow(graph, '', 60, load('b'))]);
    await a.close();
    await b.close();
    await kept.borrow(graph, '', 60, load('c'));
    expect(log).toEqual(['load a']);
  });

  it('are of one graph object and one way of loading it: an equal graph in other hands has its own', async () => {
    const { kept, log, load } = library(1000);
    const graph = linear();
    await (await kept.borrow(graph, 'all', 60, load('all'))).close();
    await (await kept.borrow(graph, 'basic', 60, load('basic'))).close();
    await (await kept.borrow(linear(), 'all', 60, load('another’s'))).close();
    expect(log).toEqual(['load all', 'load basic', 'load another’s']);
  });

  it('take no more than they may: those unused longest end first, those in use stay', async () => {
    const { kept, log, load } = library(100);
    const [a, b, c] = [linear(), linear(), linear()];
    const used = await kept.borrow(a, '', 60, load('a'));
    await (await kept.borrow(b, '', 60, load('b'))).close();
    await (await kept.borrow(c, '', 60, load('c'))).close();
    expect(log).toEqual(['load a', 'load b', 'load c', 'end b']);
    await used.close();
    expect(log.at(-1)).toBe('end c');
    await kept.borrow(b, '', 60, load('b'));
    expect(log.at(-1)).toBe('load b');
  });

  it('larger than all that may be kept end at once', async () => {
    const { kept, log, load } = library(100);
    await (await kept.borrow(linear(), '', 101, load('a'))).close();
    expect(log).toEqual(['load a', 'end a']);
  });

  it('that could not be loaded are tried again', async () => {
    const { kept, log, load } = library(100);
    const graph = linear();
    const refused = kept.borrow(graph, '', 1, () => Promise.reject(new Error('no')));
    await expect(refused).rejects.toThrow('no');
    await kept.borrow(graph, '', 1, load('a'));
    expect(log).toEqual(['load a']);
  });
});
