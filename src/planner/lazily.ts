/** The search that attacks what matters only, on the user's pictures, at each pace that is asked for. */
import { createHash } from 'node:crypto';
import { carriesPictures, isLossless } from '../codecs.ts';
import { type CodecName, protocolSha256 } from '../plan/index.ts';
import type { AuditFindings } from './audit.ts';
import { type Pace, scaled } from './beside/scaled.ts';
import { fits } from './facts.ts';
import type { PlanRequest } from './make.ts';
import { measureReading } from './measure/reading.ts';
import { utilityMeasurer } from './measure/utility.ts';
import type { AtPace } from './ranged.ts';
import { type LazyOptions, search, searchLazily } from './search.ts';
import type { Search } from './weigh.ts';

/** Audits made here become a document of their own, so that the plan has something to name as evidence. */
export async function lazily(
  input: Search,
  request: PlanRequest,
  pictures: NonNullable<PlanRequest['pictures']>,
  others: readonly Pace[],
) {
  const { audit, signal, onAudit, engine, model, codecs } = request;
  const { sample } = pictures;
  const cutNamed = (id: string) => model.cuts.find((c) => c.id === id)!;
  const measure = sample && utilityMeasurer(engine, model.graph, sample);
  const read = sample ? await Promise.all(readCodecs(input, codecs).map((codec) => measureReading(codec, sample))) : [];
  // The strongest rival of any split is the picture in few bytes: what it costs in answers is measured whether or not it is asked for.
  const rival = smallestPicture(input, codecs);
  const utility = measure && rival ? [await measure(cutNamed('input'), 'none', rival, signal)] : [];
  const options: LazyOptions = {
    known: {
      leakage: audit?.leakage ?? [],
      results: audit?.results ?? [],
      ...(audit?.failed && { failed: audit.failed }),
      ...(audit?.skipped && { skipped: audit.skipped }),
      confirmation: audit?.confirmation,
      ...(pictures.accuracy !== undefined && { wholeAccuracy: pictures.accuracy }),
      reading: read.filter((r) => r !== undefined),
      utility,
    },
    ...(measure && {
      measure: (cut, defense, codec, stop) => measure(cutNamed(cut), defense, codec, stop),
    }),
    ...(signal && { signal }),
    ...(onAudit && { onAudit }),
  };
  const first = await searchLazily(input, pictures.audit, options);
  let { findings: known, audits } = first;
  const atPaces: AtPace[] = [];
  for (const pace of others) {
    const there = { ...input, profiles: scaled(input.profiles, pace) };
    const found = await searchLazily(there, pictures.audit, { ...options, known });
    known = found.findings;
    audits = { run: audits.run + found.audits.run, saved: found.audits.saved };
    atPaces.push({ pace, chosen: found.chosen });
  }
  const result = others.length === 0 ? first : search(input, known);
  const found = { result, known, audits, atPaces };
  if (audits.run === 0) return { ...found, findings: audit, auditDocument: undefined };
  const { results, leakage, failed = [], skipped = [], confirmation, budget } = known;
  const { dataSha256, seed } = pictures;
  const victims = pictures.victims();
  const document = {
    format: 'cutline.audit/1',
    model: { sha256: request.model.sha256, ...(request.model.fixed?.length && { fixed: request.model.fixed }) },
    protocol: { name: request.protocol.name, sha256: protocolSha256(request.protocol) },
    results,
    leakage,
    failed,
    ...(skipped.length > 0 && { skipped }),
    ...(confirmation && { confirmation }),
    ...(budget && { budget }),
    data: { sha256: dataSha256, ...(victims && { victims }) },
    seed,
  };
  const auditDocument = `${JSON.stringify(document, null, 2)}\n`;
  const auditSha256 = createHash('sha256').update(auditDocument).digest('hex');
  const findings: AuditFindings = {
    results,
    leakage,
    failed,
    skipped,
    confirmation,
    dataSha256,
    victimsSha256: victims?.sha256,
    seed,
    auditSha256,
  };
  return { ...found, findings, auditDocument };
}

/** What the picture itself is offered in: nothing that loses nothing need be looked at. */
const readCodecs = ({ model }: Search, codecs: readonly CodecName[]): CodecName[] => {
  const input = model.cuts.find((c) => c.id === 'input');
  return input ? codecs.filter((c) => !isLossless(c) && fits(c, input, 'none')) : [];
};

/** By the bytes that were measured; undefined where no codec of pictures fits. */
function smallestPicture({ model }: Search, codecs: readonly CodecName[]): CodecName | undefined {
  const input = model.cuts.find((c) => c.id === 'input');
  const known = codecs.filter((c) => carriesPictures(c) && input?.payloadBytes?.[c] !== undefined);
  return known.sort((a, b) => input!.payloadBytes![a]! - input!.payloadBytes![b]!)[0];
}
