/**
 * onnxruntime's native library (1.30, Linux) counts models and runs, keeps that in a data base in the user's home, writes
 * `mat-debug-<pid>.log` into the folder for temporary files, and sends it to its maker. A device that sends nothing but what its
 * plan says does none of that. The library looks at its environment once, when it is loaded.
 */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/** Before the library is loaded, in the main thread: what a worker sets in its copy of the environment reaches no library. */
export function withoutTelemetry(): void {
  process.env[SWITCH] = '1';
}
