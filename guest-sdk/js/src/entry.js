// The exports of a guest: what the build puts around an author's class. Not for use by hand.

import { SipletError } from './error.js';
import { goLive, install } from './globals.js';
import { connect } from './host.js';
import { Request, Response } from './message.js';
import { Config, HANDLERS, OPTIONAL } from './servlet.js';
import { ApplicationSession, AttributeChange, ServletTimer, SipSession } from './session.js';
import { framesOf } from './stack.js';
import { Turn } from './turn.js';

install(globalThis);

/** The exported interfaces of a servlet, over the imported interface `context`. */
export function serve(ServletClass, context) {
  connect(context);
  let servlet;

  /** Tells the host why this instance dies, and dies: what an exception leaves behind is not to be trusted. */
  const die = (error) => {
    const [frame] = framesOf(error);
    const what = error instanceof Error ? `${error.name}: ${error.message}` : `${String(error)} was thrown`;
    const lines = framesOf(error).map(({ name, place }) => `\n    at ${name} (${place})`);
    context.panicked(`${what}${lines.join('')}`, frame?.file ?? 'the servlet', frame?.line ?? 0, frame?.column ?? 0);
    throw error;
  };

  const init = (parameters) => {
    goLive();
    try {
      const made = new ServletClass();
      wait('init', made.init(new Config(parameters)));
      servlet = made;
    } catch (error) {
      refuse(error, die);
    }
  };

  const run = (handler, given, ...first) => {
    const turn = new Turn();
    try {
      wait(handler, servlet[handler](...first, ...[given(turn)].flat()));
    } catch (error) {
      refuse(error, die);
    } finally {
      turn.end();
    }
  };

  const sipServlet = { init };
  for (const handler of HANDLERS) {
    const Kind = handler.endsWith('Response') ? Response : Request;
    sipServlet[handler] = (message, view) => run(handler, (turn) => new Kind(turn, message, view));
  }
  for (const handlers of Object.values(OPTIONAL)) {
    for (const handler of handlers) delete sipServlet[handler];
  }
  const onSession = (handler) => (session) => run(handler, (turn) => new SipSession(turn, session));
  const onApplicationSession = (handler) => (session) => run(handler, (turn) => new ApplicationSession(turn, session));
  const onAttribute = (handler, Kind) => (session, name, old, now) => {
    const change = new AttributeChange(name, old, now);
    return run(handler, (turn) => [new Kind(turn, session), change]);
  };
  return {
    sipServlet,
    lifecycle: {
      servletInitialized: (session) => run('servletInitialized', (turn) => new ApplicationSession(turn, session)),
    },
    errorListener: {
      noAckReceived: (response) => run('noAckReceived', (turn) => new Response(turn, response)),
      noPrackReceived: (request) => run('noPrackReceived', (turn) => new Request(turn, request)),
    },
    timerListener: {
      timeout: (timer, session) => run('timeout', (turn) => new ServletTimer(turn, session, timer)),
    },
    sessionListener: {
      sessionCreated: onSession('sessionCreated'),
      sessionReadyToInvalidate: onSession('sessionReadyToInvalidate'),
      sessionDestroyed: onSession('sessionDestroyed'),
    },
    applicationSessionListener: {
      applicationSessionCreated: onApplicationSession('applicationSessionCreated'),
      applicationSessionExpired: onApplicationSession('applicationSessionExpired'),
      applicationSessionReadyToInvalidate: onApplicationSession('applicationSessionReadyToInvalidate'),
      applicationSessionDestroyed: onApplicationSession('applicationSessionDestroyed'),
    },
    attributeListener: {
      sessionAttributeChanged: onAttribute('sessionAttributeChanged', SipSession),
      applicationSessionAttributeChanged: onAttribute('applicationSessionAttributeChanged', ApplicationSession),
    },
    activationListener: {
      applicationSessionDidActivate: onApplicationSession('applicationSessionDidActivate'),
    },
    upgrade: {
      upgrade: (from, session) => run('upgrade', (turn) => new ApplicationSession(turn, session), from),
    },
  };
}

/** A refusal of the host, or `fail`, abandons the turn with its text; anything else is a fault of the program. */
function refuse(error, die) {
  if (error instanceof SipletError) throw error.message;
  die(error);
}

function wait(handler, result) {
  if (typeof result?.then === 'function') {
    throw new TypeError(`${handler} returned a promise: a handler does not wait, it returns and goes on in a later turn`);
  }
}
