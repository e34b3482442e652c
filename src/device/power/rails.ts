/** Of several supply rails the one that feeds the whole board; without it their sum, which then says what it is. */
export interface Rail {
  readonly name: string;
  readonly readW: () => Promise<number>;
}

/** What NVIDIA calls the input of a board: Jetson Orin and TX2; Jetson Nano. */
const WHOLE = /^(VDD_IN|POM_5V_IN)$/;

/** @param rails at least one */
export function boardOf(rails: readonly Rail[]): { readonly covers: string; readonly readW: () => Promise<number> } {
  const whole = rails.find((r) => WHOLE.test(r.name));
  if (whole) return { covers: `the board (rail ${whole.name})`, readW: whole.readW };
  const names = rails.map((r) => r.name).join(', ');
  return {
    covers: `rails ${names}, not the whole board: it has no rail for its input`,
    readW: async () => (await Promise.all(rails.map((r) => r.readW()))).reduce((a, b) => a + b, 0),
  };
}
