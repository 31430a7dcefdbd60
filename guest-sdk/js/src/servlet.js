// The class that a servlet extends, and what it is made from.

import { fail } from './error.js';

/** The handlers by their name here and their name in WIT, in the order of the WIT interface. */
export const HANDLERS = [
  'doInvite', 'doAck', 'doBye', 'doCancel', 'doPrack', 'doUpdate', 'doInfo', 'doMessage', 'doOptions', 'doRegister',
  'doSubscribe', 'doNotify', 'doPublish', 'doRefer', 'doRequest', 'doProvisionalResponse', 'doSuccessResponse',
  'doRedirectResponse', 'doErrorResponse', 'doBranchResponse', 'servletInitialized', 'noAckReceived',
  'noPrackReceived', 'upgrade', 'timeout', 'sessionCreated', 'sessionReadyToInvalidate', 'sessionDestroyed', 'applicationSessionCreated',
  'applicationSessionExpired', 'applicationSessionReadyToInvalidate', 'applicationSessionDestroyed',
  'sessionAttributeChanged', 'applicationSessionAttributeChanged', 'applicationSessionDidActivate',
];

/** The optional WIT interfaces and their handlers. */
export const OPTIONAL = {
  'lifecycle': ['servletInitialized'],
  'error-listener': ['noAckReceived', 'noPrackReceived'],
  'upgrade': ['upgrade'],
  'timer-listener': ['timeout'],
  'session-listener': ['sessionCreated', 'sessionReadyToInvalidate', 'sessionDestroyed'],
  'application-session-listener': [
    'applicationSessionCreated', 'applicationSessionExpired', 'applicationSessionReadyToInvalidate',
    'applicationSessionDestroyed',
  ],
  'attribute-listener': ['sessionAttributeChanged', 'applicationSessionAttributeChanged'],
  'activation-listener': ['applicationSessionDidActivate'],
};

/** `doSuccessResponse` as `do-success-response`. */
export function witName(handler) {
  return handler.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What tells a servlet from any other class, also where two copies of the SDK meet. */
export const MARK = Symbol.for('siplet.servlet');

/** The handlers that a class has of its own, in the order of the list. */
export function handlersOf(servlet) {
  const found = new Set();
  for (let at = servlet.prototype; at && !Object.hasOwn(at.constructor, MARK); at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) found.add(name);
  }
  return HANDLERS.filter((handler) => found.has(handler));
}

/** The Allow header of a servlet with these handlers (RFC 3261 §20.5): their methods and what the host does for it. */
export function allowOf(handlers) {
  const byTheHost = handlers.includes('doInvite') ? ['OPTIONS', 'ACK', 'CANCEL', 'BYE'] : ['OPTIONS'];
  const own = handlers
    .filter((handler) => handler.startsWith('do') && handler !== 'doRequest' && !handler.endsWith('Response'))
    .map((handler) => handler.slice(2).toUpperCase())
    .filter((method) => !['OPTIONS', 'ACK', 'CANCEL', 'BYE'].includes(method));
  return [...own, ...byTheHost].join(', ');
}

export class Servlet {
  init(_config) {}

  _answer(request, status) {
    request.createResponse(status).withHeader('Allow', allowOf(handlersOf(this.constructor))).send();
  }

  doAck(_request) {}
  doCancel(_request) {}
  doProvisionalResponse(_response) {}
  doSuccessResponse(_response) {}
  doRedirectResponse(_response) {}
  doErrorResponse(_response) {}
  doBranchResponse(_response) {}
  servletInitialized(_applicationSession) {}
  noAckReceived(_response) {}
  noPrackReceived(_request) {}
  upgrade(_from, _applicationSession) {}
  timeout(_timer) {}
  sessionCreated(_session) {}
  sessionReadyToInvalidate(_session) {}
  sessionDestroyed(_session) {}
  applicationSessionCreated(_applicationSession) {}
  applicationSessionExpired(_applicationSession) {}
  applicationSessionReadyToInvalidate(_applicationSession) {}
  applicationSessionDestroyed(_applicationSession) {}
  sessionAttributeChanged(_session, _change) {}
  applicationSessionAttributeChanged(_applicationSession, _change) {}
  applicationSessionDidActivate(_applicationSession) {}

  doBye(request) {
    request.createResponse(200).send();
  }

  doOptions(request) {
    this._answer(request, 200);
  }
}
Object.defineProperty(Servlet, MARK, { value: true });

// The default for the other requests. RFC 3261 §8.2.1: 405 names in Allow what would be understood.
for (const handler of HANDLERS) {
  if (!Object.hasOwn(Servlet.prototype, handler)) {
    Object.defineProperty(Servlet.prototype, handler, {
      value(request) {
        this._answer(request, 405);
      },
      configurable: true,
      writable: true,
    });
  }
}

/** The init parameters of a servlet, all of them texts; TOML arrays and tables come as JSON text. */
export class Config {
  #parameters;

  constructor(parameters) {
    this.#parameters = new Map(parameters);
  }

  get(name) {
    return this.#parameters.get(name);
  }

  required(name) {
    const value = this.#parameters.get(name);
    if (value === undefined) fail(`init parameter \`${name}\` is missing: set it in [init-parameters] of the descriptor`);
    return value;
  }

  number(name, otherwise) {
    if (otherwise !== undefined && this.get(name) === undefined) return otherwise;
    const text = this.required(name);
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) this.#unfit(name, 'it is no number');
    return value;
  }

  json(name) {
    const text = this.required(name);
    try {
      return JSON.parse(text);
    } catch (error) {
      return this.#unfit(name, error.message);
    }
  }

  get names() {
    return [...this.#parameters.keys()];
  }

  #unfit(name, why) {
    return fail(`init parameter \`${name}\` = ${JSON.stringify(this.get(name))}: ${why}`);
  }
}
