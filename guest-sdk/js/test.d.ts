/**
 * A host for unit tests of a servlet's own logic. It knows no rule of SIP and refuses nothing.
 *
 * ```ts
 * const host = new FakeHost();
 * const servlet = host.servlet(Redirect, { users: { bob: 'sip:bob@192.0.2.7' } });
 * servlet.doInvite(host.request('INVITE', { uri: 'sip:bob@example.com' }));
 * assert.equal(host.sent[0].header('Contact'), '<sip:bob@192.0.2.7>');
 * ```
 */

import type { Config, Message, Octets, Peer, Request, Response, Servlet } from '@siplet/sdk';

/** What a fake message is made of; what is left out has a harmless value. */
export interface Given {
  uri?: string;
  from?: string;
  to?: string;
  callId?: string;
  contentType?: string;
  body?: Octets;
  headers?: Record<string, string>;
  isInitial?: boolean;
  peer?: Peer;
  reason?: string;
}

export class FakeHost {
  /** A host whose clock stands at `now`, milliseconds since the Unix epoch or a date. */
  constructor(given?: { now?: number | Date });
  /** What was sent, in order. */
  readonly sent: (Request & Response)[];
  /** What was logged, each line with its level before it. */
  readonly lines: string[];
  /** The clock, milliseconds since the Unix epoch. */
  time: number;
  /** A servlet of that class, made with these init parameters. */
  servlet<T extends Servlet>(Class: new () => T, parameters?: Record<string, unknown>): T;
  /** A received request. */
  request(method: string, given?: Given): Request;
  /** A received response. */
  response(status: number, given?: Given): Response;
}

/** Init parameters as a servlet gets them. */
export function config(parameters: Record<string, unknown>): Config;
