// A host for unit tests: fake messages whose actions are kept, so that a test can look at them.
//
// It knows no rule of SIP and refuses nothing; what a handler does to a call is tested in the container, by scenarios.

import { connect } from './host.js';
import { Request, Response } from './message.js';
import { Config } from './servlet.js';
import { numberOf } from './headers.js';
import { encode } from './text.js';
import { Turn } from './turn.js';

const METHODS = [
  '', 'INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'PRACK', 'UPDATE',
  'INFO', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER',
];

/** What a handler did: the messages that it sent and the lines that it logged. */
export class FakeHost {
  constructor({ now = 0 } = {}) {
    this.sent = [];
    this.lines = [];
    this.time = Number(now);
    this.attributes = new Map();
    this.timers = [];
    let seed = 1n;
    connect({
      now: () => this.time,
      random: () => (seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n)),
      log: (level, text) => this.lines.push(`${level} ${text}`),
    });
  }

  /** A servlet of that class, made with these init parameters. */
  servlet(Class, parameters = {}) {
    const servlet = new Class();
    servlet.init(config(parameters));
    return servlet;
  }

  /** A received request: `host.request('INVITE', { uri, from, headers, body, isInitial })`. */
  request(method, given = {}) {
    const message = new FakeMessage(this, { method, ...given });
    return new Request(new Turn(), message);
  }

  /** A received response to such a request. */
  response(status, given = {}) {
    return new Response(new Turn(), new FakeMessage(this, { status, ...given }));
  }
}

/** Init parameters as a servlet gets them. */
export function config(parameters) {
  const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
  return new Config(Object.entries(parameters).map(([name, value]) => [name, text(value)]));
}

/** A message without rules. */
class FakeMessage {
  constructor(fake, given) {
    this.fake = fake;
    this.given = { reason: '', uri: 'sip:bob@example.com', body: '', isInitial: true, ...given };
    const { from = '<sip:alice@example.com>;tag=a', to = '<sip:bob@example.com>', contentType } = this.given;
    this.lines = [['From', from], ['To', to], ['Call-ID', this.given.callId ?? 'call-1']];
    if (contentType) this.lines.push(['Content-Type', contentType]);
    for (const [name, value] of Object.entries(this.given.headers ?? {})) this.lines.push([name, value]);
  }

  view() {
    const parts = [];
    let length = 0;
    const put = (value) => {
      const bytes = encode(value);
      parts.push(bytes);
      length += bytes.length;
      return [length - bytes.length, bytes.length];
    };
    const { method, status, reason, uri, body } = this.given;
    const start = method
      ? [1, Math.max(METHODS.indexOf(method), 0), ...put(method), ...put(uri)]
      : [2, status, ...put(reason), 0, 0];
    const index = [...start, ...put(body)];
    for (const [name, value] of this.lines) index.push(numberOf(name), ...put(name), ...put(value));
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, index };
  }

  isInitial() {
    return this.given.isInitial;
  }

  isCommitted() {
    return this.given.committed === true;
  }

  peer() {
    return this.given.peer;
  }

  session() {
    return new FakeSession(this.fake);
  }

  applicationSession() {
    return new FakeSession(this.fake);
  }

  createResponse(status, reason = '') {
    return new FakeMessage(this.fake, { status, reason, method: undefined });
  }

  createCancel() {
    return new FakeMessage(this.fake, { method: 'CANCEL', uri: this.given.uri });
  }

  createPrack() {
    return new FakeMessage(this.fake, { method: 'PRACK', uri: this.given.uri });
  }

  sendReliably() {
    this.send();
  }

  createAck() {
    return new FakeMessage(this.fake, { method: 'ACK', uri: this.given.uri });
  }

  request() {
    return new FakeMessage(this.fake, { method: 'INVITE', uri: this.given.uri });
  }

  setHeader(name, value) {
    this.removeHeader(name);
    this.addHeader(name, value);
  }

  addHeader(name, value) {
    this.lines.push([name, value]);
  }

  removeHeader(name) {
    const number = numberOf(name);
    const same = (known) => known.toLowerCase() === name.toLowerCase() || (number !== 0 && numberOf(known) === number);
    this.lines = this.lines.filter(([known]) => !same(known));
  }

  setRequestUri(uri) {
    this.given.uri = uri;
  }

  setContent(contentType, body) {
    this.setHeader('Content-Type', contentType);
    this.given.body = body;
  }

  send() {
    this.given.committed = true;
    const Kind = this.given.method ? Request : Response;
    this.fake.sent.push(new Kind(new Turn(), this));
  }
}

/** A session with attributes and nothing else. */
class FakeSession {
  constructor(fake) {
    this.fake = fake;
  }

  id() {
    return 'session-1';
  }

  isValid() {
    return true;
  }

  pendingRequests() {
    return [];
  }

  createTimer(delay, repeat, persistent, payload) {
    const id = `timer-${this.fake.timers.length + 1}`;
    const at = BigInt(this.fake.time) + delay;
    this.fake.timers.push({ id, at, repeat, persistent, payload });
    return id;
  }

  timers() {
    return this.fake.timers;
  }

  timer(id) {
    return this.fake.timers.find((timer) => timer.id === id);
  }

  cancelTimer(id) {
    const before = this.fake.timers.length;
    this.fake.timers = this.fake.timers.filter((timer) => timer.id !== id);
    return this.fake.timers.length < before;
  }

  getAttribute(name) {
    return this.fake.attributes.get(name);
  }

  setAttribute(name, value) {
    this.fake.attributes.set(name, value);
  }

  removeAttribute(name) {
    this.fake.attributes.delete(name);
  }

  attributeNames() {
    return [...this.fake.attributes.keys()];
  }
}


