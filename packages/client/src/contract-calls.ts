import type { ApiFetcher } from '@ts-rest/core';
import { checkedBody, jsonBody } from './answers';
import type { Transport } from './transport';

/** How a ts-rest client calls: over the transport, with every answer checked against the contract. */
export function callsOver(transport: Transport): ApiFetcher {
  return async ({ route, path, method, headers, body }) => {
    const answer = await transport.send({
      method,
      path,
      headers,
      ...(typeof body === 'string' && { body: jsonBody(body) }),
    });
    return { status: answer.status, body: checkedBody(route, answer), headers: new Headers() };
  };
}
