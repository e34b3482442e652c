/**
 * Sessions that outlive their last close for whoever loads the same graph again, since loading costs, and loading and releasing
 * over and over leaks (onnxruntime#25325). A graph is known as an object: who has none of its own is given nobody's session.
 */
import type { Graph } from '../../model/graph.ts';
import type { RemoteSession } from './session.ts';

interface Entry {
  readonly session: Promise<RemoteSession>;
  readonly bytes: number;
  users: number;
  /** Takes it out of the table of its graph. */
  readonly forget: () => void;
}

/** Of sessions that nobody uses. */
const mostIdleBytes = 256 * 2 ** 20;

export class KeptSessions {
  readonly #byGraph = new WeakMap<Graph | Uint8Array, Map<string, Entry>>();
  /** Longest unused first. */
  readonly #idle = new Set<Entry>();
  readonly #mostIdleBytes: number;

  constructor(most = mostIdleBytes) {
    this.#mostIdleBytes = most;
  }

  /**
   * @param how what else decides the session
   * @param bytes that it is reckoned to take
   * @param load called where there is none
   * @returns a handle; when all of them are closed, the session is idle
   */
  async borrow(
    graph: Graph | Uint8Array,
    how: string,
    bytes: number,
    load: () => Promise<RemoteSession>,
  ): Promise<RemoteSession> {
    const entry = this.#entry(graph, how, bytes, load);
    entry.users++;
    this.#idle.delete(entry);
    let session: RemoteSession;
    try {
      session = await entry.session;
    } catch (error) {
      entry.forget();
      throw error;
    }
    if (!session.isOpen) {
      // It ended with its worker.
      entry.forget();
      return this.borrow(graph, how, bytes, load);
    }
    return session.share(() => this.#giveBack(entry));
  }

  #entry(graph: Graph | Uint8Array, how: string, bytes: number, load: () => Promise<RemoteSession>): Entry {
    const known = this.#byGraph.get(graph) ?? new Map<string, Entry>();
    this.#byGraph.set(graph, known);
    const found = known.get(how);
    if (found) return found;
    const forget = () => {
      if (known.get(how) === entry) known.delete(how);
    };
    const entry: Entry = { session: load(), bytes, users: 0, forget };
    known.set(how, entry);
    return entry;
  }

  async #giveBack(entry: Entry): Promise<void> {
    if (--entry.users > 0) return;
    this.#idle.add(entry);
    let bytes = [...this.#idle].reduce((sum, e) => sum + e.bytes, 0);
    const ended: Promise<void>[] = [];
    for (const oldest of this.#idle) {
      if (bytes <= this.#mostIdleBytes) break;
      bytes -= oldest.bytes;
      this.#idle.delete(oldest);
      oldest.forget();
      ended.push(oldest.session.then((s) => s.close()));
    }
    await Promise.all(ended);
  }
}
