/** What an attack may take for activations and tables where nobody says. */

/** The same on every machine: it decides what is computed together, and so the last digits. */
export const defaultMemoryBytes = 3 * 2 ** 30;
