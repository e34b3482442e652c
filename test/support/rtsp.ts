/**
 * A small RTSP server (RFC 2326) on loopback: one stream, ffmpeg's test pattern as MPEG-4 over RTP, sent by an ffmpeg of its own
 * to whoever plays it, straight or interleaved in the connection. One client at a time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RtspServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function rtspServer(port = 0): Promise<RtspServer> {
  const sockets = new Set<Socket>();
  let sender: ChildProcess | undefined;
  const send = (clientPort: number) => {
    sender?.kill('SIGKILL');
    const input = ['-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=15'];
    // Intra frames alone, so that it can be joined at any time; without global headers they stand in the stream.
    const output = ['-c:v', 'mpeg4', '-g', '1', '-f', 'rtp', `rtp://127.0.0.1:${clientPort}`];
    sender = spawn('ffmpeg', [...input, ...output], { stdio: 'ignore' });
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let [text, clientPort] = ['', 0];
    const relay = createSocket('udp4', (packet) => {
      // RFC 2326, 10.12: channel and length before each packet.
      if (!socket.destroyed)
        socket.write(Buffer.concat([Buffer.of(0x24, 0, packet.length >> 8, packet.length & 255), packet]));
    });
    socket.on('close', () => relay.close());
    relay.bind(0, '127.0.0.1');
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        const cseq = /CSeq: *(\d+)/i.exec(request)?.[1] ?? '0';
        const reply = (lines: string[] = [], body = '') =>
          socket.write(['RTSP/1.0 200 OK', `CSeq: ${cseq}`, ...lines, '', body].join('\r\n'));
        const method = request.split(' ', 1)[0];
        if (method === 'OPTIONS') reply(['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN']);
        else if (method === 'DESCRIBE') {
          reply(['Content-Type: application/sdp', `Content-Length: ${Buffer.byteLength(sdp)}`], sdp);
        } else if (method === 'SETUP') {
          const range = /client_port=(\d+)-(\d+)/i.exec(request);
          clientPort = range ? Number(range[1]) : relay.address().port;
          if (!range) reply(['Transport: RTP/AVP/TCP;unicast;interleaved=0-1', 'Session: 1']);
          else
            reply([
              `Transport: RTP/AVP;unicast;client_port=${range[1]}-${range[2]};server_port=5000-5001`,
              'Session: 1',
            ]);
        } else if (method === 'PLAY') {
          reply(['Session: 1']);
          send(clientPort);
        } else reply(['Session: 1']);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const actual = (server.address() as { port: number }).port;
  const close = async () => {
    sender?.kill('SIGKILL');
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return { url: `rtsp://127.0.0.1:${actual}/pattern`, port: actual, close };
}

const sdp = [
  'v=0',
  'o=- 0 0 IN IP4 127.0.0.1',
  's=pattern',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 MP4V-ES/90000',
  'a=fmtp:96 profile-level-id=1',
  'a=control:stream',
  '',
].join('\r\n');
