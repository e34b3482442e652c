/** The configuration of whoever looks after a fleet, and a connection as such. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import {
  brokerSettingsSchema,
  type Connection,
  connect,
  connectOptions,
  nameSchema,
  type Receive,
} from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { overlay } from '../ops/index.ts';
import { readDocument } from '../validate.ts';

/** YAML; paths are relative to the file. */
const operatorConfigSchema = z.strictObject({
  broker: brokerSettingsSchema,
  fleet: nameSchema,
});

export interface Operator {
  readonly fleet: string;
  readonly url: string;
  readonly connection: Connection;
  /** Whoever waits for words that cannot come any more is told. @throws CutlineError BROKER_LOST */
  check(): void;
}

/** @throws CutlineError CONFIG_INVALID, FILE_*, SECRET_EXPOSED, BROKER_* */
export async function connectOperator(path: string, clientId: string, receive: Receive): Promise<Operator> {
  const over = overlay(operatorConfigSchema, path, { env: process.env, set: [] });
  const { broker, fleet } = await readDocument(path, operatorConfigSchema, { code: 'CONFIG_INVALID', over });
  const options = await connectOptions(broker, dirname(resolve(path)), { clientId });
  const connection = await connect(options, receive);
  let lost: string | undefined;
  void connection.ended.then((problem) => {
    lost = problem;
  });
  const { url } = broker;
  const check = () => {
    if (lost !== undefined) throw new CutlineError('BROKER_LOST', { url, problem: lost });
  };
  return { fleet, url, connection, check };
}
