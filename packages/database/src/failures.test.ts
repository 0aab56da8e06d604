import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { AppError } from '@attune/kernel';
import { Client } from 'pg';
import {
  CommitOutcomeUnknown,
  isConnectionLost,
  isInfrastructureFailure,
  isTransactionConflict,
  sqlStateOf,
} from './failures';
import { parseBigint } from './data-source';
import { scramVerifier } from './scram';

describe('failure classes', () => {
  const wrapped = (code: string): Error =>
    new Error('query failed', { cause: { driverError: { code, message: 'x' } } });

  it('finds the code of an error however deep it is wrapped', () => {
    expect(isTransactionConflict(wrapped('40001'))).toBe(true);
    expect(isConnectionLost(wrapped('57P01'))).toBe(true);
    expect(sqlStateOf(wrapped('23505'))).toBe('23505');
  });

  it('takes a server that accepts a connection and says nothing, as a frozen one does, for one that is away', async () => {
    const taken: Socket[] = [];
    const frozen = createServer((socket) => taken.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(frozen, 'listening');
    const { port } = frozen.address() as AddressInfo;
    const client = new Client({ host: '127.0.0.1', port, connectionTimeoutMillis: 200 });
    const error: unknown = await client.connect().catch((failure: unknown) => failure);
    frozen.close();
    for (const socket of taken) socket.destroy();
    expect(isConnectionLost(error)).toBe(true);
  });

  it('does not take a constraint, a bad query or a bug for an outage', () => {
    for (const error of [
      wrapped('23505'),
      wrapped('42601'),
      wrapped('57014'),
      new TypeError('x is undefined'),
      null,
      'text',
    ]) {
      expect(isInfrastructureFailure(error)).toBe(false);
    }
  });

  it('takes what another service or a commit left open for an outage', () => {
    expect(isInfrastructureFailure(new AppError('SERVICE_UNAVAILABLE', 'away'))).toBe(true);
    expect(isInfrastructureFailure(new CommitOutcomeUnknown(new Error('Connection terminated')))).toBe(true);
    expect(isInfrastructureFailure(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).toBe(true);
  });
});

describe('parseBigint', () => {
  it('is exact or throws', () => {
    expect(parseBigint('-9007199254740991')).toBe(-9007199254740991);
    expect(() => parseBigint('9007199254740992')).toThrow(RangeError);
  });
});

describe('scramVerifier', () => {
  it('agrees with the verifier that RFC 7677 section 3 implies for its example (user "pencil")', () => {
    const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
    expect(verifier).toBe(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });
});
