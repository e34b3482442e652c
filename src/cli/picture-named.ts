/** Which input takes the picture, as the model card says. */
import { readCard } from '../data/index.ts';
import { ifThere } from '../if-there.ts';

/** @returns undefined where there is no card */
export const pictureNamed = async (modelPath: string): Promise<string | undefined> =>
  (await ifThere(readCard(modelPath)))?.input;
