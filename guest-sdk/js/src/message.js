// Requests and responses. A message that a handler is called with was handed over as a whole, so reading it asks nobody.
// What was changed is read from the host anew: there is no second model of a message here.

import { Address, Uri } from './address.js';
import { SipletError } from './error.js';
import { ApplicationSession, SipSession } from './session.js';
import { decode, encode } from './text.js';
import { View } from './view.js';

export class Message {
  #view;
  #stale = false;

  /** @internal */
  constructor(turn, handle, view) {
    this._turn = turn;
    this._handle = handle;
    if (view) this.#view = new View(view);
  }

  _ask(call) {
    return this._turn.ask(() => call(this._handle));
  }

  _touch() {
    this.#stale = true;
  }

  get _view() {
    if (this.#view && !this.#stale) return this.#view;
    try {
      this.#view = new View(this._ask((handle) => handle.view()));
      this.#stale = false;
    } catch (error) {
      // The turn is over, but this is still the very message.
      if (!this.#view) throw error;
    }
    return this.#view;
  }

  header(name) {
    for (const at of this._view.lines(name)) return this._view.value(at);
    return undefined;
  }

  headerBytes(name) {
    for (const at of this._view.lines(name)) return this._view.valueBytes(at);
    return undefined;
  }

  headers(name) {
    return [...this._view.lines(name)].map((at) => this._view.value(at));
  }

  headerValues(name) {
    return [...this._view.values(name)];
  }

  get headerLines() {
    return [...this._view.lines()].map((at) => [this._view.name(at), this._view.value(at)]);
  }

  address(name) {
    const value = this.header(name);
    return value === undefined ? undefined : Address.first(value);
  }

  #wanted(name) {
    const address = this.address(name);
    if (!address) throw new SipletError('invalid-address', `there is no ${name}`);
    return address;
  }

  get from() {
    return this.#wanted('From');
  }

  get to() {
    return this.#wanted('To');
  }

  get callId() {
    return this.header('Call-ID') ?? '';
  }

  get body() {
    return this._view.body;
  }

  get text() {
    return decode(this.body);
  }

  get contentType() {
    return this.header('Content-Type')?.split(';', 1)[0].trim().toLowerCase();
  }

  get peer() {
    return this._ask((handle) => handle.peer()) ?? undefined;
  }

  get isCommitted() {
    return this._ask((handle) => handle.isCommitted());
  }

  get session() {
    return new SipSession(this._turn, this._turn.take(() => this._handle.session()));
  }

  get applicationSession() {
    return new ApplicationSession(this._turn, this._turn.take(() => this._handle.applicationSession()));
  }

  setHeader(name, value) {
    this._ask((handle) => handle.setHeader(name, encode(value)));
    this._touch();
  }

  addHeader(name, value) {
    this._ask((handle) => handle.addHeader(name, encode(value)));
    this._touch();
  }

  removeHeader(name) {
    this._ask((handle) => handle.removeHeader(name));
    this._touch();
  }

  setBody(contentType, body) {
    this._ask((handle) => handle.setContent(contentType, encode(body)));
    this._touch();
  }

  withHeader(name, value) {
    this.setHeader(name, value);
    return this;
  }

  withBody(contentType, body) {
    this.setBody(contentType, body);
    return this;
  }

  send() {
    this._ask((handle) => handle.send());
    // The host completes what it sends: Via, Contact, Content-Length.
    this._touch();
  }
}

export class Request extends Message {
  get method() {
    return this._view.method;
  }

  get requestUri() {
    return Uri.parse(this._view.requestUri);
  }

  get requestUriText() {
    return this._view.requestUri;
  }

  setRequestUri(uri) {
    this._ask((handle) => handle.setRequestUri(encode(String(uri))));
    this._touch();
  }

  get isInitial() {
    return this._ask((handle) => handle.isInitial());
  }

  createResponse(status, reason) {
    return new Response(this._turn, this._turn.take(() => this._handle.createResponse(status, reason)));
  }

  createCancel() {
    return new Request(this._turn, this._turn.take(() => this._handle.createCancel()));
  }

  toString() {
    return `${this.method} ${this.requestUriText}`;
  }
}

export class Response extends Message {
  get status() {
    return this._view.status;
  }

  get reason() {
    return this._view.reason;
  }

  get request() {
    return new Request(this._turn, this._turn.take(() => this._handle.request()));
  }

  createPrack() {
    return new Request(this._turn, this._turn.take(() => this._handle.createPrack()));
  }

  sendReliably() {
    this._ask((handle) => handle.sendReliably());
    this._touch();
  }

  createAck() {
    return new Request(this._turn, this._turn.take(() => this._handle.createAck()));
  }

  toString() {
    return `${this.status} ${this.reason}`;
  }
}
