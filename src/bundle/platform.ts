/** What a bundle can be made for: Linux with glibc, as Raspberry Pi OS, Debian, Ubuntu and JetPack are. */

export type Platform = 'linux-arm64' | 'linux-x64';

export interface Target {
  readonly platform: Platform;
  readonly os: string;
  readonly cpu: string;
  /** Of Node, the same as runs here: what was tested is what is shipped. */
  readonly nodeVersion: string;
  /** What compiled extensions were built against. */
  readonly nodeAbi: string;
  /** Whether this machine is one. */
  readonly isHere: boolean;
}

export function targetOf(platform: Platform): Target {
  const [os, cpu] = platform.split('-') as [string, string];
  const { node: nodeVersion, modules: nodeAbi } = process.versions;
  return { platform, os, cpu, nodeVersion, nodeAbi, isHere: process.platform === os && process.arch === cpu };
}
