/**
 * SIP servlets in JavaScript and TypeScript.
 *
 * A servlet is a class; its handlers have the names of SIP Servlet 1.1. A handler that returns commits its turn:
 * attributes are stored, then messages leave in the order in which they were sent. One that throws leaves nothing
 * behind: a request that is still unanswered gets 500.
 *
 * ```ts
 * import { Servlet, type Request } from '@siplet/sdk';
 *
 * export default class Answer extends Servlet {
 *   doInvite(request: Request) {
 *     request.createResponse(180).send();
 *     request.createResponse(200).withBody('application/sdp', request.body).send();
 *   }
 * }
 * ```
 */

/** A text, or octets that stay as they are. */
export type Octets = string | Uint8Array;

/** What JSON can express; `interface` types fit where their members do. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };

/**
 * The class that a servlet extends. Write the handlers that you need; for the others the host does what the defaults
 * here do, without calling the guest: a BYE gets 200, an OPTIONS 200 with Allow, any other request 405 with Allow.
 *
 * An instance is made from the init parameters, may be made anew at any turn and must remember nothing: what a call needs
 * belongs into an attribute of its session.
 */
export class Servlet {
  /** Reads and checks the init parameters. Called once for each instance; an error refuses the deployment. */
  init(config: Config): void;

  /** A call is set up, or one that is up is changed: then {@link Request.isInitial} is false (RFC 3261 §13, §14). */
  doInvite(request: Request): void;
  /** The caller acknowledges a final response to its INVITE (RFC 3261 §13.2.2.4). An ACK is never answered. */
  doAck(request: Request): void;
  /** The peer ends the call (RFC 3261 §15). The dialog is over when this is called, whatever it does. */
  doBye(request: Request): void;
  /** The caller gives up an INVITE (RFC 3261 §9). The host has answered the CANCEL and the INVITE. */
  doCancel(request: Request): void;
  /** A reliable provisional response is acknowledged (RFC 3262). */
  doPrack(request: Request): void;
  /** The session is changed without a re-INVITE (RFC 3311). */
  doUpdate(request: Request): void;
  /** Something is told inside a call (RFC 6086). */
  doInfo(request: Request): void;
  /** A text arrives (RFC 3428). */
  doMessage(request: Request): void;
  /** A peer asks what we can do (RFC 3261 §11). */
  doOptions(request: Request): void;
  /** A phone tells where it is (RFC 3261 §10). */
  doRegister(request: Request): void;
  /** A peer wants to be told of an event (RFC 6665 §4.1). */
  doSubscribe(request: Request): void;
  /** A peer tells of an event (RFC 6665 §4.2). */
  doNotify(request: Request): void;
  /** A peer publishes the state of an event (RFC 3903). */
  doPublish(request: Request): void;
  /** A peer asks us to contact somebody (RFC 3515). */
  doRefer(request: Request): void;
  /** Any other method. */
  doRequest(request: Request): void;

  /** A response of 101 to 199 came for a request of ours. */
  doProvisionalResponse(response: Response): void;
  /** A 2xx came for a request of ours; that of an INVITE wants {@link Response.createAck}. */
  doSuccessResponse(response: Response): void;
  /** A 3xx came for a request of ours. */
  doRedirectResponse(response: Response): void;
  /** A 4xx, 5xx or 6xx came for a request of ours. */
  doErrorResponse(response: Response): void;
  /** A final response came on one branch of a proxy while others are open (SIP Servlet 1.1 §10.2.4). */
  doBranchResponse(response: Response): void;

  /** Once for a deployment, before its first call, in an application session that belongs to no call. */
  servletInitialized(applicationSession: ApplicationSession): void;
  /** No ACK came for this 2xx in 64*T1 (RFC 3261 §13.3.1.4). When the handler sends no BYE, the host does. */
  noAckReceived(response: Response): void;
  /** No PRACK came for a reliable response to this INVITE (RFC 3262 §3). When it is not answered, the host answers 504. */
  noPrackReceived(request: Request): void;
  /**
   * Once for each live application session of an older version when this one takes all new calls. Brings the session's
   * attributes into this version's form; when it throws, the call stays with the older version.
   */
  upgrade(from: string, applicationSession: ApplicationSession): void;

  /** A timer has fired (SIP Servlet 1.1 §9). One that fired for the last time is gone already. */
  timeout(timer: ServletTimer): void;
  /** There is a new SIP session: a request came, or the servlet has made one. */
  sessionCreated(session: SipSession): void;
  /** Nothing is due in the session any more: it ends after this, unless its `invalidateWhenReady` is set to false. */
  sessionReadyToInvalidate(session: SipSession): void;
  /** The session is over. It can still be read, here for the last time. */
  sessionDestroyed(session: SipSession): void;
  /** A call begins: its application session is new. */
  applicationSessionCreated(applicationSession: ApplicationSession): void;
  /** The lifetime is over: the session ends after this, unless {@link ApplicationSession.setExpires} extends it. */
  applicationSessionExpired(applicationSession: ApplicationSession): void;
  /** All is over in the session: it ends after this, unless its `invalidateWhenReady` is set to false. */
  applicationSessionReadyToInvalidate(applicationSession: ApplicationSession): void;
  /** The session is over. It can still be read, here for the last time. */
  applicationSessionDestroyed(applicationSession: ApplicationSession): void;
  /** An attribute of a SIP session has another value. Runs after the handler that did it, in the same step. */
  sessionAttributeChanged(session: SipSession, change: AttributeChange): void;
  /** The same for an attribute of the application session. */
  applicationSessionAttributeChanged(applicationSession: ApplicationSession, change: AttributeChange): void;
  /** The call came to this host from its stored state. Once for each session and each move. */
  applicationSessionDidActivate(applicationSession: ApplicationSession): void;
}

/** The init parameters, from `[init-parameters]` of the descriptor. All are texts; tables come as JSON text. */
export class Config {
  /** The parameter; undefined when it is not set. */
  get(name: string): string | undefined;
  /** The parameter, which must be set. */
  required(name: string): string;
  /** The parameter as a number; without `otherwise` it must be set. */
  number(name: string, otherwise?: number): number;
  /** The parameter read as JSON: a TOML array or table. It must be set. */
  json<T = unknown>(name: string): T;
  /** The names of all parameters. */
  get names(): string[];
}

/** What requests and responses have in common. Header names are taken in any case and in their compact form. */
export class Message {
  protected constructor();

  /** The value of the first line of that header as it stands; what is not UTF-8 is replaced by U+FFFD. */
  header(name: string): string | undefined;
  /** The same octet for octet. */
  headerBytes(name: string): Uint8Array | undefined;
  /** The values of all lines of that header in their order, comma lists as a whole. */
  headers(name: string): string[];
  /** The single values of a header over all its lines: comma lists are split (RFC 3261 §7.3.1). */
  headerValues(name: string): string[];
  /** All header lines as name and value, in the order of the message. */
  get headerLines(): [name: string, value: string][];
  /** The first value of an address header (Contact, Refer-To...); undefined when there is none. */
  address(name: string): Address | undefined;
  /** Who the message says it comes from (RFC 3261 §20.20). Without authentication this is a claim. */
  get from(): Address;
  /** Whom the message was meant for at first (RFC 3261 §20.39). */
  get to(): Address;
  /** The Call-ID; empty when there is none. */
  get callId(): string;
  /** The body, which may be empty. */
  get body(): Uint8Array;
  /** The body as text. */
  get text(): string;
  /** The Content-Type without its parameters, in lower case; undefined when there is none. */
  get contentType(): string | undefined;
  /** Where the message came from; undefined for one that was made here. */
  get peer(): Peer | undefined;
  /** True once the message was sent, or, for a received request, answered finally. */
  get isCommitted(): boolean;
  /** The SIP session that the message belongs to. */
  get session(): SipSession;
  /** The application session of this turn: everything that the application keeps for the call. */
  get applicationSession(): ApplicationSession;

  /** Replaces all lines of that header by one. */
  setHeader(name: string, value: Octets): void;
  /** Adds a line behind the last line of that header. */
  addHeader(name: string, value: Octets): void;
  /** Removes all lines of that header; that there is none is not an error. */
  removeHeader(name: string): void;
  /** Sets body and Content-Type; an empty body removes both. */
  setBody(contentType: string, body: Octets): void;
  /** {@link setHeader}, and the message again. */
  withHeader(name: string, value: Octets): this;
  /** {@link setBody}, and the message again. */
  withBody(contentType: string, body: Octets): this;
  /** Puts the message into the outbox of the turn: it leaves when the handler has returned. */
  send(): void;
}

/** A SIP request, received or made here. */
export class Request extends Message {
  /** The method. */
  get method(): string;
  /** Where the request goes, by its parts (RFC 3261 §8.1.1.1). */
  get requestUri(): Uri;
  /** The Request-URI as it stands. */
  get requestUriText(): string;
  /** Sets where the request goes. */
  setRequestUri(uri: string | Uri): void;
  /** True for a request outside every dialog that no application of this host has seen. */
  get isInitial(): boolean;
  /** A response to this received request; without a reason phrase it has that of RFC 3261 §21. */
  createResponse(status: number, reason?: string): Response;
  /** A CANCEL for this INVITE, which was sent from here and has no final response (RFC 3261 §9.1). */
  createCancel(): Request;
  toString(): string;
}

/** A SIP response, received or made here. */
export class Response extends Message {
  /** The status code, 100 to 699. */
  get status(): number;
  /** The reason phrase, which may be empty. */
  get reason(): string;
  /** The request that this answers. */
  get request(): Request;
  /** The ACK for this received 2xx of an INVITE (RFC 3261 §13.2.2.4). */
  createAck(): Request;
  /** The PRACK for this received reliable provisional response (RFC 3262 §4), which has none yet. */
  createPrack(): Request;
  /** Sends this provisional response to an INVITE, again and again until its PRACK comes (RFC 3262 §3). */
  sendReliably(): void;
  toString(): string;
}

/** The far end of the hop that a message came from. */
export interface Peer {
  /** IP address, without brackets. */
  address: string;
  port: number;
  transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
}

/** RFC 3261 dialog states as SIP Servlet 1.1 §6.2.1 names them. */
export type SessionState = 'initial' | 'early' | 'confirmed' | 'terminated';

/**
 * The name of a session attribute and the type of what is stored there.
 *
 * ```ts
 * const FAILURES = new Attribute<number>('failures');
 * session.set(FAILURES, (session.get(FAILURES) ?? 0) + 1);
 * ```
 */
export class Attribute<T = unknown> {
  constructor(name: string);
  readonly name: string;
  /** Only the type: no attribute holds a value. */
  private readonly _value?: T;
}

/** What both kinds of session have. Values of attributes are stored as JSON text. */
interface Session {
  /** A name that is unique for ever; a printable token. */
  get id(): string;
  /** False once the session was invalidated. */
  get isValid(): boolean;
  /** The attribute; undefined when it is not set. */
  get<T>(attribute: Attribute<T>): T | undefined;
  get(attribute: string): Json | undefined;
  /** Sets the attribute. */
  set<T>(attribute: Attribute<T>, value: T): void;
  set(attribute: string, value: Json): void;
  /** Removes the attribute; that it is not set is not an error. */
  remove(attribute: Attribute<any> | string): void;
  /** The names of all attributes that are set. */
  get attributeNames(): string[];
  /** Whether the session ends by itself when nothing needs it any more (SIP Servlet 1.1 §6.4.2). */
  get invalidateWhenReady(): boolean;
  set invalidateWhenReady(on: boolean);
  /** Ends the session now. A dialog that is up is ended by the host with what the peer is owed. */
  invalidate(): void;
}

/** A SIP session: the relation with one peer, a dialog or what may become one (SIP Servlet 1.1 §6.2). */
export class SipSession {
  private constructor();
  /** The state of the dialog. */
  get state(): SessionState;
  /** The Call-ID. */
  get callId(): string;
  /** Our own side as it stands in From or To; read it with {@link Address.parse}. */
  get localParty(): string;
  /** The peer as it stands in From or To, with its tag where it is known. */
  get remoteParty(): string;
  /** The application session that it belongs to. */
  get applicationSession(): ApplicationSession;
  /** A request in the session's dialog, or one more outside it where there is none (RFC 3261 §12.2.1.1). */
  createRequest(method: string): Request;
  /** Requests that came in the session and have no final response yet, oldest first; a later turn may answer them. */
  get pendingRequests(): Request[];
}
export interface SipSession extends Session {}

/** An application session: everything that one application keeps for one call; unit of order, storage and failure. */
export class ApplicationSession {
  private constructor();
  /** Its SIP sessions, oldest first. */
  get sessions(): SipSession[];
  /** The first request of a new SIP session, with addresses as in From and To (`"Bob" <sip:bob@example.com>`). */
  createRequest(method: string, from: string | Address, to: string | Address): Request;
  /** Arms a timer, which tells `info` to {@link Servlet.timeout} when it fires. The servlet must have that handler. */
  createTimer(schedule: Schedule, info?: Json): ServletTimer;
  /** The timers that have not fired for the last time, in the order of their making. */
  get timers(): ServletTimer[];
  /** The timer of that id, if it is armed in this session. */
  timer(id: string): ServletTimer | undefined;
  /** When the session expires; undefined: never. */
  get expiresAt(): Date | undefined;
  /** Sets when the session expires, in seconds from now; 0: never. */
  setExpires(seconds: number): void;
}
export interface ApplicationSession extends Session {}

/** When a timer fires. All times are milliseconds, periods at least 10. */
export interface Schedule {
  /** Until it fires first; 0 when it is not there. */
  delay?: number;
  /** Then at multiples of this after its first firing, however late one of them was. */
  fixedRate?: number;
  /** Then again this long after each firing. */
  fixedDelay?: number;
  /** It need not outlive the host. */
  volatile?: boolean;
}

/** A timer of an application session. */
export class ServletTimer {
  private constructor();
  /** A name that is unique for ever. */
  get id(): string;
  /** When it fires next; in {@link Servlet.timeout}: when it was due. */
  get at(): Date;
  /** True when it outlives the host. */
  get isPersistent(): boolean;
  /** What its maker wanted to be told. */
  get info(): unknown;
  /** Disarms the timer; false when it has fired for the last time or was cancelled before. */
  cancel(): boolean;
  /** The application session that it belongs to. */
  get applicationSession(): ApplicationSession;
}

/** An attribute that has another value. */
export class AttributeChange {
  private constructor();
  /** Name of the attribute. */
  readonly name: string;
  /** True when it is this attribute. */
  is<T>(attribute: Attribute<T>): boolean;
  /** The value before; undefined: the attribute is new. */
  get old(): unknown;
  /** The value now; undefined: it was removed. */
  get new(): unknown;
}

/** A URI by its parts. All parts are texts as they stand, escapes and all; only `sip` and `sips` have them all. */
export class Uri {
  private constructor();
  /** Reads a URI without angle brackets. */
  static parse(text: string): Uri;
  /** `sip`, `sips`, `tel` or any other, the first three in lower case whatever stands there. */
  readonly scheme: string;
  /** The user part, without the password. */
  readonly user: string | undefined;
  /** The host, an IPv6 address with its brackets; empty when the scheme has none. */
  readonly host: string;
  /** The port, when it is written. */
  readonly port: number | undefined;
  /** What stands behind the scheme and its colon. */
  readonly opaque: string;
  /** What stands behind a question mark. */
  readonly headers: string;
  /** The value of the URI parameter of that name in any case; empty for a name alone. */
  param(name: string): string | undefined;
  /** Whether both mean the same by RFC 3261 §19.1.4. A text that is no URI is never the same. */
  isSame(other: string | Uri): boolean;
  toString(): string;
}

/** One value of From, To, Contact and their kin: display name, URI and header parameters (RFC 3261 §20.10). */
export class Address {
  private constructor();
  /** Reads one value. */
  static parse(text: string): Address;
  /** Reads the first value of a comma list. */
  static first(list: string): Address;
  /** The display name without quotes and escapes. */
  readonly displayName: string | undefined;
  /** The URI by its parts; undefined for the `*` of a Contact. */
  readonly uri: Uri;
  /** The URI as it stands, without angle brackets. */
  readonly uriText: string;
  /** The tag (RFC 3261 §19.3). */
  get tag(): string | undefined;
  /** The value of the header parameter of that name in any case, without quotes; empty for a name alone. */
  param(name: string): string | undefined;
  toString(): string;
}

/** One for each case of `error` in the WIT package, and `failed` for the author's own. */
export type ErrorCode =
  | 'stale-handle'
  | 'invalid-session'
  | 'already-committed'
  | 'final-response-sent'
  | 'no-transaction'
  | 'no-dialog'
  | 'system-header'
  | 'invalid-header'
  | 'invalid-address'
  | 'invalid-status'
  | 'invalid-method'
  | 'limit'
  | 'not-supported'
  | 'failed';

/**
 * What the host refused, or what {@link fail} said: nothing of the refused action was done, and a handler that catches it
 * may go on. One that does not catch it abandons its turn with this text. Any other exception is a fault of the program:
 * it ends the instance and is reported with its backtrace.
 */
export class SipletError extends Error {
  constructor(code: ErrorCode, detail?: unknown);
  readonly code: ErrorCode;
  /** The name of the header or limit, the status code, or why. */
  readonly detail: unknown;
}

/** Leaves the handler: its turn is abandoned, and the text stands in the report. */
export function fail(reason: string): never;

/** When the turn began; the same during a whole turn. `new Date()` is the same. */
export function now(): Date;

/** A random number of the turn, 0 or more and below 1. `Math.random()` is the same. */
export function random(): number;

/** Lines of log; the host adds application, handler and call. `console` writes here too. */
export const log: Record<'error' | 'warn' | 'info' | 'debug' | 'trace', (...values: unknown[]) => void>;
