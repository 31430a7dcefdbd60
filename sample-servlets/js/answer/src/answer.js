// Answers every call with the caller's own media description, so that a caller hears itself.

import { Servlet, log } from '@siplet/sdk';

/** What this servlet has handlers for, as it tells those who ask. */
const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE';
const SDP = 'application/sdp';

/** A media description that takes part and sends nothing, for a caller who wants us to make the offer. */
const NO_MEDIA = [
  'v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', 'a=inactive', '',
].join('\r\n');

/** Rings and answers. That the caller hangs up is the default handler's business. */
export default class Answer extends Servlet {
  doInvite(request) {
    if ((request.contentType ?? SDP) !== SDP) {
      // RFC 3261 §8.2.3: 415 names in Accept what would be understood.
      return request.createResponse(415).withHeader('Accept', SDP).send();
    }
    if (request.header('Accept') !== undefined && !request.headerValues('Accept').some(includesSdp)) {
      // RFC 3261 §21.4.7: whatever we say, this caller will not have it.
      return request.createResponse(406).send();
    }
    if (request.isInitial) request.createResponse(180).send();
    const body = request.body.length > 0 ? request.body : NO_MEDIA;
    request.createResponse(200).withBody(SDP, body).send();
  }

  doOptions(request) {
    request.createResponse(200).withHeader('Allow', ALLOW).withHeader('Accept', SDP).send();
  }

  doMessage(request) {
    log.debug(`${request.from.uriText} wrote ${request.body.length} octets`);
    request.createResponse(200).send();
  }
}

/** Whether a media range of an Accept header includes a session description (RFC 3261 §20.1). */
export function includesSdp(range) {
  const media = range.split(';', 1)[0].trim().toLowerCase();
  return ['*/*', 'application/*', SDP].includes(media);
}
