/** What commands ask of a model's card; undefined where there is none, or it does not say. */
import { readCard } from '../data/index.ts';
import { ifThere } from '../if-there.ts';

/** Which input takes the picture. */
export const pictureNamed = async (modelPath: string): Promise<string | undefined> =>
  (await ifThere(readCard(modelPath)))?.input;

/** From how many pictures its code was learnt. */
export const picturesOfCode = async (modelPath: string): Promise<number | undefined> =>
  (await ifThere(readCard(modelPath)))?.hardened?.pictures;
