// Why something did not work: what the host refuses, and what the author reports.

// One sentence for each case of `error` in the WIT package; `detail` is the value that the case carries.
const SENTENCES = {
  'stale-handle': () => 'the message or session belongs to a turn that has ended',
  'invalid-session': () => 'the session was invalidated',
  'already-committed': () => 'the message was sent already',
  'final-response-sent': () => 'the request has its final response already',
  'no-transaction': () => 'the transaction is over, or this message cannot be sent from here',
  'no-dialog': () => 'the session has no dialog in the state that this asks for',
  'system-header': (name) => `the header ${name} is the container's own and cannot be changed`,
  'invalid-header': (why) => `invalid header: ${why}`,
  'invalid-address': (why) => `invalid address: ${why}`,
  'invalid-status': (status) => `the status code ${status} cannot stand here`,
  'invalid-method': (method) => `a request ${method} cannot be created here`,
  limit: (name) => `the limit ${name} is reached`,
  'not-supported': (what) => `not supported by this host: ${what}`,
  failed: (why) => `${why}`,
};

export class SipletError extends Error {
  constructor(code, detail) {
    super((SENTENCES[code] ?? ((detail) => `${code} ${detail ?? ''}`.trim()))(detail));
    this.name = 'SipletError';
    this.code = code;
    this.detail = detail;
  }
}

/** Leaves the handler: its turn is abandoned, and the text stands in the report. */
export function fail(reason) {
  throw new SipletError('failed', reason);
}

/** Calls the host; what it refuses becomes a SipletError. */
export function asked(call) {
  try {
    return call();
  } catch (error) {
    // The engines hand over a refusal as an error with a payload, or as the payload itself.
    const refusal = error?.payload ?? error;
    if (typeof refusal?.tag === 'string') throw new SipletError(refusal.tag, refusal.val);
    throw error;
  }
}
