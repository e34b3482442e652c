/** Cuts photographs into train/ and test/. No photograph is in both: only then do attackers meet pictures they have not seen. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { createRandom } from '../../dist/random.js';

/** Sides that crops are brought to; the networks take at most this. */
const side = 256;
const cropsPerPhotograph = 48;
/** Further crops of the victims' photographs, for the gallery of re-identification. */
const galleryPerPhotograph = 8;
/** Victims are kept exactly; what is only learnt from is read faster as JPEG. */
const good = { quality: 95, chromaSubsampling: '4:4:4' };

/**
 * @param victims paths with [x, y, side] of the crop to attack
 * @param training paths
 * @param more a folder of further pictures to train on, as they are
 */
export async function preparePictures(dir, victims, training, more) {
  if (existsSync(dir)) return;
  const partial = `${dir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  for (const split of ['train', 'test']) mkdirSync(join(partial, split), { recursive: true });
  const random = createRandom(1);
  for (const [i, { path, x, y, part }] of victims.entries()) {
    const photo = await open(path);
    const length = Math.round(Math.min(photo.width, photo.height) * part);
    const number = String(i).padStart(2, '0');
    const at = { left: place(x, photo.width, length), top: place(y, photo.height, length), length };
    // Name order is victim order: first one crop of each photograph, then what the gallery has besides.
    await save(photo, at, join(partial, 'test', `a-${number}-${stem(path)}.png`));
    const others = crops(photo, random.fork(`gallery:${basename(path)}`), galleryPerPhotograph);
    for (const [k, crop] of others.entries()) await save(photo, crop, join(partial, 'test', `b-${number}-${k}.png`));
  }
  for (const [i, path] of training.entries()) {
    const photo = await open(path);
    const all = crops(photo, random.fork(`train:${i}`), cropsPerPhotograph);
    for (const [k, crop] of all.entries()) {
      await save(
        photo,
        crop,
        join(partial, 'train', `${String(i).padStart(2, '0')}-${String(k).padStart(3, '0')}.jpg`),
      );
    }
  }
  if (more) {
    for (const name of readdirSync(more).sort()) {
      if (!/\.(jpe?g|png|webp)$/i.test(name)) continue;
      await sharp(join(more, name))
        .resize(side, side, { fit: 'cover' })
        .jpeg(good)
        .toFile(join(partial, 'train', `more-${stem(name)}.jpg`));
    }
  }
  renameSync(partial, dir);
}

async function open(path) {
  const { width, height } = await sharp(path).metadata();
  return { path, width, height };
}

/** From a whole side down to a quarter of it, never enlarged beyond twice. */
function crops(photo, random, count) {
  const shorter = Math.min(photo.width, photo.height);
  return Array.from({ length: count }, () => {
    const length = Math.max(Math.min(shorter, side / 2), Math.round(shorter * (0.25 + 0.75 * random.uniform())));
    return {
      left: Math.floor(random.uniform() * (photo.width - length + 1)),
      top: Math.floor(random.uniform() * (photo.height - length + 1)),
      length,
    };
  });
}

async function save({ path }, { left, top, length }, to) {
  const crop = sharp(path).extract({ left, top, width: length, height: length }).removeAlpha().resize(side, side);
  await (to.endsWith('.jpg') ? crop.jpeg(good) : crop.png()).toFile(to);
}

const place = (centre, size, length) => Math.max(0, Math.min(size - length, Math.round(centre * size - length / 2)));
const stem = (path) =>
  basename(path)
    .replace(/\.[a-z]+$/i, '')
    .toLowerCase();
