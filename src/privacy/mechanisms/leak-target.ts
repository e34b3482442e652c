/** The least noise behind which attacks find no more than a target: looked for on a grid, by halves, since more noise shows less. */

/** Of the root mean square of what the noise is added to: from hardly any to what drowns it. */
const [least, most] = [0.02, 30];
/** From one width to the next. A leak measured on few pictures tells no finer ones apart. */
const step = 1.1;

/**
 * @param rms of what the noise is added to
 * @param leakage SSIM that attacks find at a width
 * @returns three digits; undefined where the most noise there is shows too much
 */
export async function leastWidth(
  rms: number,
  target: number,
  leakage: (width: number) => Promise<number>,
): Promise<number | undefined> {
  const places = Math.ceil(Math.log(most / least) / Math.log(step)) + 1;
  const widthAt = (place: number) => Number((rms * least * step ** place).toPrecision(3));
  let [low, high] = [0, places];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await leakage(widthAt(middle))) <= target) high = middle;
    else low = middle + 1;
  }
  return low < places ? widthAt(low) : undefined;
}
