/** Who has shown the token in a browser: a random word in a cookie, known to this process alone, for some hours. */
import { randomBytes } from 'node:crypto';

const LASTS_MS = 12 * 3_600_000;
/** Then the oldest ends. */
const MOST = 256;

export class Sessions {
  /** Of its own for each fleet: browsers send cookies of a host to all its ports. */
  readonly #name: string;
  readonly #now: () => number;
  /** When each ends, in that order. */
  readonly #ends = new Map<string, number>();

  /** @param now a clock that never goes back, ms */
  constructor(fleet: string, now: () => number = () => performance.now()) {
    this.#name = `cutline-${fleet}`;
    this.#now = now;
  }

  /** @returns what is sent as `Set-Cookie` */
  begin(isSecure: boolean): string {
    const id = randomBytes(32).toString('base64url');
    this.#ends.set(id, this.#now() + LASTS_MS);
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= MOST) break;
      this.#ends.delete(oldest);
    }
    return this.#cookie(id, LASTS_MS / 1000, isSecure);
  }

  /** The session of a `Cookie` header; undefined where it has none that goes on. */
  of(header: string | undefined): string | undefined {
    const given = header?.split(/; */).find((part) => part.startsWith(`${this.#name}=`));
    const id = given?.slice(this.#name.length + 1);
    return id !== undefined && this.goesOn(id) ? id : undefined;
  }

  goesOn(id: string): boolean {
    const endsAt = this.#ends.get(id);
    return endsAt !== undefined && this.#now() < endsAt;
  }

  /** @returns what is sent as `Set-Cookie` */
  end(id: string | undefined, isSecure: boolean): string {
    if (id !== undefined) this.#ends.delete(id);
    return this.#cookie('', 0, isSecure);
  }

  /** Not for scripts, and not sent with what another site asks. */
  #cookie(value: string, maxAgeS: number, isSecure: boolean): string {
    return `${this.#name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${isSecure ? '; Secure' : ''}`;
  }
}
