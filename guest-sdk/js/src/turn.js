// One turn inside the guest: which of the host's handles live, and whether it is still going on.

import { SipletError, asked } from './error.js';

const dispose = Symbol.dispose ?? Symbol.for('dispose');

export class Turn {
  #open = true;
  #owned = [];

  /** Asks the host for something, as long as the turn goes on. */
  ask(call) {
    if (!this.#open) throw new SipletError('stale-handle');
    return asked(call);
  }

  /** The same for a handle that the guest owns from then on. */
  take(call) {
    const handle = this.ask(call);
    this.#owned.push(handle);
    return handle;
  }

  /** Gives all handles back: the host counts those that are kept. */
  end() {
    this.#open = false;
    for (const handle of this.#owned) handle?.[dispose]?.();
    this.#owned = [];
  }
}
