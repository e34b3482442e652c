/** The `source:` part of an agent's configuration. */
import { z } from 'zod';
import { isLoopback } from '../../loopback.ts';

const paced = {
  /** Pictures a second at most: files wait their turn, frames that come sooner are passed over. */
  maxFps: z.number().min(0.001).max(1000).optional(),
  /** Takes a picture only when it differs from the last one that was taken. */
  change: z
    .strictObject({
      /** Mean absolute difference of small grey pictures, in levels of 255; sensor noise makes 1 to 3. */
      threshold: z.number().min(0).max(255),
      /** Takes one after so many seconds even so. */
      atLeastEveryS: z.number().min(0.1).max(86_400).optional(),
    })
    .optional(),
};

/** Frames that may wait at once, and how large one may be. */
const framed = {
  ...paced,
  queue: z.int().min(1).max(64).default(1),
  maxFrameBytes: z
    .int()
    .min(1024)
    .max(64 * 2 ** 20)
    .default(8 * 2 ** 20),
};

/** A camera goes on whatever the agent does. */
const live = {
  ...framed,
  /** Which frame goes when one more comes than may wait: the oldest, so that the latest is taken, or the newest. */
  drop: z.enum(['oldest', 'newest']).default('oldest'),
  /** Without a frame for so many seconds its program is started again. */
  silenceS: z.number().min(1).max(3600).default(15),
};

const extent = z.int().min(16).max(8192);

const camera = {
  type: z.literal('camera'),
  ...live,
  width: extent.default(640),
  height: extent.default(480),
  /** Frames a second that the camera is asked for. */
  fps: z.number().min(0.1).max(240).default(10),
};

const stdin = {
  type: z.literal('stdin'),
  ...framed,
  /** As for cameras; or let whoever writes wait, so that nothing is lost. */
  drop: z.enum(['wait', 'oldest', 'newest']).default('wait'),
};

/** No scheme of ffmpeg's but RTSP, and no password in the list of processes of a configuration that is shown around. */
function isRtsp(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = !/[\s\p{Cc}]/u.test(text);
  return isPlain && ['rtsp:', 'rtsps:'].includes(url?.protocol ?? '') && url?.username === '' && url.password === '';
}

const byFormat = z.discriminatedUnion(
  'format',
  [
    /** JPEGs one after the other, with anything between them: what cameras stream over HTTP, too. */
    z.strictObject({ ...stdin, format: z.literal('mjpeg') }),
    /** Rows of pixels without header: one byte for grey, three for colours, interleaved. */
    z.strictObject({
      ...stdin,
      format: z.literal('raw'),
      width: z.int().min(1).max(8192),
      height: z.int().min(1).max(8192),
      pixels: z.enum(['gray', 'rgb', 'bgr']),
    }),
  ],
  { error: 'expected mjpeg or raw' },
);

const byProgram = z.discriminatedUnion(
  'program',
  [
    /** Raspberry Pi OS has rpicam-vid; before Bookworm it was called libcamera-vid. */
    z.strictObject({
      ...camera,
      program: z.enum(['rpicam-vid', 'libcamera-vid']),
      /** Which of several, as `--list-cameras` counts them. */
      camera: z.int().min(0).max(15).default(0),
    }),
    /** A USB camera, by way of ffmpeg. */
    z.strictObject({
      ...camera,
      program: z.literal('v4l2'),
      device: z
        .string()
        .regex(/^\/[^\0]*$/, 'expected a path such as /dev/video0')
        .default('/dev/video0'),
    }),
    /** ffmpeg's moving test pattern: an installation without a camera. */
    z.strictObject({ ...camera, program: z.literal('pattern') }),
  ],
  { error: 'expected rpicam-vid, libcamera-vid, v4l2 or pattern' },
);

export const sourceSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('folder'), paths: z.array(z.string().min(1)).min(1), ...paced }),
    z.strictObject({
      type: z.literal('watch'),
      folder: z.string().min(1),
      /** A file is read when it has not changed for so long. */
      settleMs: z.int().min(0).max(3_600_000).default(1000),
      /** How often to look. */
      pollMs: z.int().min(50).max(3_600_000).default(500),
      /** Whether to take what is there when the agent starts. */
      existing: z.boolean().default(true),
      ...paced,
    }),
    byFormat,
    z
      .strictObject({
        type: z.literal('http'),
        host: z
          .string()
          .regex(/^[A-Za-z0-9.:_[\]%-]+$/, 'expected a name or an address')
          .default('127.0.0.1'),
        /** 0: one that is free. */
        port: z.int().min(0).max(65_535).default(8750),
        /** Only its owner may read it (mode 600); requests carry its first line as `Authorization: Bearer …`. */
        tokenFile: z.string().min(1).optional(),
        /** Requests that may wait beside the `inFlight` that are worked on; more are answered 503. */
        queue: z.int().min(0).max(256).default(8),
        maxBodyBytes: z
          .int()
          .min(1024)
          .max(64 * 2 ** 20)
          .default(16 * 2 ** 20),
        /** A request that has not said all it has to say by then is answered 408. */
        bodyTimeoutMs: z.int().min(100).max(600_000).default(10_000),
      })
      .refine((s) => isLoopback(s.host) || s.tokenFile !== undefined, {
        path: ['tokenFile'],
        error: 'needed, since host is reachable from outside',
      }),
    byProgram,
    z
      .strictObject({
        type: z.literal('rtsp'),
        url: z.string().refine(isRtsp, 'expected rtsp://HOST/PATH or rtsps://HOST/PATH without a password in it'),
        username: z.string().min(1).max(256).optional(),
        /** As for the broker. ffmpeg has it on its command line, where other users of this machine can see it. */
        passwordFile: z.string().min(1).optional(),
        transport: z.enum(['tcp', 'udp']).default('tcp'),
        ...live,
      })
      .refine((s) => (s.username === undefined) === (s.passwordFile === undefined), {
        path: ['passwordFile'],
        error: 'username and passwordFile go together',
      }),
  ],
  { error: 'expected folder, watch, stdin, http, camera or rtsp' },
);

export type SourceSettings = z.output<typeof sourceSchema>;
type Of<Type extends SourceSettings['type']> = Extract<SourceSettings, { type: Type }>;
export type FolderSettings = Of<'folder'>;
export type WatchSettings = Of<'watch'>;
export type StdinSettings = Of<'stdin'>;
export type HttpSettings = Of<'http'>;
export type CameraSettings = Of<'camera'>;
export type RtspSettings = Of<'rtsp'>;
export type PaceSettings = Pick<FolderSettings, 'maxFps' | 'change'>;
