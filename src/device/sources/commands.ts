/** What makes frames of a camera: programs of the system's, whose output is MJPEG whatever the camera. */
import type { Command } from './program.ts';
import type { CameraSettings, RtspSettings } from './settings.ts';

/** ffmpeg says nothing but errors, asks nothing, and ends with its output. */
const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
/** JPEG of good quality: what the network sees is scaled down. */
const jpegs = ['-an', '-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj420p', '-f', 'mjpeg', 'pipe:1'];
/** The microseconds that ffmpeg waits for an RTSP server. */
const RTSP_PATIENCE_US = 10_000_000;

export function cameraCommand(settings: CameraSettings): Command {
  const { width, height, fps } = settings;
  const size = `${width}x${height}`;
  switch (settings.program) {
    case 'rpicam-vid':
    case 'libcamera-vid':
      return {
        program: settings.program,
        package: settings.program === 'rpicam-vid' ? 'rpicam-apps' : 'libcamera-apps',
        args: [
          ...['--codec', 'mjpeg', '--nopreview', '--timeout', '0', '--flush', '--camera', String(settings.camera)],
          ...['--width', String(width), '--height', String(height), '--framerate', String(fps), '--output', '-'],
        ],
      };
    case 'v4l2': {
      const input = ['-f', 'v4l2', '-framerate', String(fps), '-video_size', size, '-i', settings.device];
      return { program: 'ffmpeg', package: 'ffmpeg', args: [...quiet, ...input, ...jpegs] };
    }
    case 'pattern': {
      const input = ['-re', '-f', 'lavfi', '-i', `testsrc=size=${size}:rate=${fps}`];
      return { program: 'ffmpeg', package: 'ffmpeg', args: [...quiet, ...input, ...jpegs] };
    }
    default:
      return settings satisfies never;
  }
}

export function rtspCommand({ url, username, transport, maxFps }: RtspSettings, password: string | undefined): Command {
  const target = new URL(url);
  if (username !== undefined) target.username = encodeURIComponent(username);
  if (password !== undefined) target.password = encodeURIComponent(password);
  const input = [
    '-rtsp_transport',
    transport,
    '-timeout',
    String(RTSP_PATIENCE_US),
    '-fflags',
    'nobuffer',
    '-i',
    target.href,
  ];
  // What would be passed over anyway need not be made.
  const pace = maxFps === undefined ? [] : ['-vf', `fps=${maxFps}`];
  return {
    program: 'ffmpeg',
    package: 'ffmpeg',
    args: [...quiet, ...input, ...pace, ...jpegs],
    secret: target.password === '' ? undefined : target.password,
  };
}
