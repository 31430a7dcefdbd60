// Sessions: the one place where a servlet remembers something. Values are stored as JSON text, which ladders show and
// servlets in other languages read.

import { Request } from './message.js';
import { fail } from './error.js';
import { decode, encode } from './text.js';

/** The name of a session attribute; in TypeScript also the type of what is stored there. */
export class Attribute {
  constructor(name) {
    this.name = name;
  }
}

const nameOf = (attribute) => (attribute instanceof Attribute ? attribute.name : attribute);

class Session {
  /** @internal */
  constructor(turn, handle) {
    this._turn = turn;
    this._handle = handle;
  }

  _ask(call) {
    return this._turn.ask(() => call(this._handle));
  }

  get id() {
    return this._ask((handle) => handle.id());
  }

  get isValid() {
    return this._ask((handle) => handle.isValid());
  }

  get(attribute) {
    const name = nameOf(attribute);
    const stored = this._ask((handle) => handle.getAttribute(name));
    return parsed(`attribute ${JSON.stringify(name)}`, stored);
  }

  set(attribute, value) {
    const name = nameOf(attribute);
    const json = JSON.stringify(value);
    if (json === undefined) fail(`attribute ${JSON.stringify(name)}: JSON cannot express ${typeof value}`);
    this._ask((handle) => handle.setAttribute(name, encode(json)));
  }

  remove(attribute) {
    this._ask((handle) => handle.removeAttribute(nameOf(attribute)));
  }

  get attributeNames() {
    return this._ask((handle) => handle.attributeNames());
  }

  get invalidateWhenReady() {
    return this._ask((handle) => handle.invalidateWhenReady());
  }

  set invalidateWhenReady(on) {
    this._ask((handle) => handle.setInvalidateWhenReady(Boolean(on)));
  }

  invalidate() {
    this._ask((handle) => handle.invalidate());
  }
}

export class SipSession extends Session {
  get state() {
    return this._ask((handle) => handle.state());
  }

  get callId() {
    return this._ask((handle) => handle.callId());
  }

  get localParty() {
    return decode(Uint8Array.from(this._ask((handle) => handle.localParty())));
  }

  get remoteParty() {
    return decode(Uint8Array.from(this._ask((handle) => handle.remoteParty())));
  }

  get applicationSession() {
    return new ApplicationSession(this._turn, this._turn.take(() => this._handle.applicationSession()));
  }

  createRequest(method) {
    return new Request(this._turn, this._turn.take(() => this._handle.createRequest(method)));
  }

  get pendingRequests() {
    const handles = this._ask((handle) => handle.pendingRequests());
    return [...handles].map((handle) => new Request(this._turn, this._turn.take(() => handle)));
  }
}

export class ApplicationSession extends Session {
  get sessions() {
    const handles = this._ask((handle) => handle.sessions());
    return [...handles].map((handle) => new SipSession(this._turn, this._turn.take(() => handle)));
  }

  createRequest(method, from, to) {
    const handle = this._turn.take(() => this._handle.createRequest(method, String(from), String(to)));
    return new Request(this._turn, handle);
  }

  get expiresAt() {
    const millis = this._ask((handle) => handle.expiresAt());
    return millis === undefined || millis === null ? undefined : new Date(Number(millis));
  }

  createTimer(schedule, info = null) {
    const json = JSON.stringify(info);
    if (json === undefined) fail(`the info of a timer: JSON cannot express ${typeof info}`);
    const { delay = 0, fixedRate, fixedDelay, volatile = false } = schedule;
    const millis = (time) => BigInt(Math.round(time));
    let repeat = { tag: 'once' };
    if (fixedRate !== undefined) repeat = { tag: 'fixed-rate', val: millis(fixedRate) };
    if (fixedDelay !== undefined) repeat = { tag: 'fixed-delay', val: millis(fixedDelay) };
    const id = this._ask((handle) => handle.createTimer(millis(delay), repeat, !volatile, encode(json)));
    return new ServletTimer(this._turn, this._handle, this._ask((handle) => handle.timer(id)));
  }

  get timers() {
    const timers = this._ask((handle) => handle.timers());
    return [...timers].map((timer) => new ServletTimer(this._turn, this._handle, timer));
  }

  timer(id) {
    const timer = this._ask((handle) => handle.timer(id));
    return timer ? new ServletTimer(this._turn, this._handle, timer) : undefined;
  }

  setExpires(seconds) {
    this._ask((handle) => handle.setExpires(seconds));
  }
}

/** A timer of an application session. */
export class ServletTimer {
  #turn;
  #session;
  #timer;

  /** @internal */
  constructor(turn, session, timer) {
    this.#turn = turn;
    this.#session = session;
    this.#timer = timer;
  }

  get id() {
    return this.#timer.id;
  }

  get at() {
    return new Date(Number(this.#timer.at));
  }

  get isPersistent() {
    return this.#timer.persistent;
  }

  get info() {
    return parsed(`the info of timer ${this.id}`, this.#timer.payload);
  }

  cancel() {
    return this.#turn.ask(() => this.#session.cancelTimer(this.id));
  }

  get applicationSession() {
    return new ApplicationSession(this.#turn, this.#session);
  }
}

/** An attribute that has another value. */
export class AttributeChange {
  #old;
  #new;

  /** @internal */
  constructor(name, old, now) {
    this.name = name;
    this.#old = old;
    this.#new = now;
  }

  is(attribute) {
    return this.name === nameOf(attribute);
  }

  get old() {
    return parsed(`attribute ${JSON.stringify(this.name)}`, this.#old);
  }

  get new() {
    return parsed(`attribute ${JSON.stringify(this.name)}`, this.#new);
  }
}

/** What was stored as JSON text; undefined where nothing was. */
function parsed(what, octets) {
  if (octets === undefined || octets === null) return undefined;
  try {
    return JSON.parse(decode(Uint8Array.from(octets)));
  } catch (error) {
    return fail(`${what}: ${error.message}`);
  }
}
