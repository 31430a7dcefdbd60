//! Four messages as a trunk sends them: INVITE and 200 with a media description, BYE with a route set, REGISTER with
//! digest credentials and an outbound contact.

/// Name and text of each message.
pub(crate) fn all() -> [(&'static str, String); 4] {
    [("INVITE", invite()), ("200", ok()), ("BYE", bye()), ("REGISTER", register())]
        .map(|(n, t)| (n, t.replace('\n', "\r\n")))
}

const SDP: &str = "v=0
o=- 3912345678 3912345679 IN IP4 198.51.100.17
s=call
c=IN IP4 198.51.100.17
t=0 0
m=audio 49172 RTP/AVP 8 0 18 9 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:9 G722/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
a=ptime:20
";

fn sdp_len() -> usize {
    SDP.len() + SDP.lines().count()
}

fn invite() -> String {
    format!(
        "INVITE sip:+4930123456@gateway.example.net:5060;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKb7d2a4c1f9e80613;rport=5060;received=192.0.2.11
Via: SIP/2.0/UDP edge.example.com:5060;branch=z9hG4bK5f2c77aa01d94be2;received=203.0.113.9
Via: SIP/2.0/TCP 198.51.100.17:49811;branch=z9hG4bK776asdhds8812;alias
Record-Route: <sip:192.0.2.11:5060;lr;did=5d2.8f21>
Record-Route: <sip:edge.example.com:5060;lr;transport=udp>
Max-Forwards: 69
From: \"Alice Example\" <sip:alice@example.com>;tag=9fxced76sl
To: <sip:+4930123456@gateway.example.net;user=phone>
Call-ID: 3848276298220188511@198.51.100.17
CSeq: 102 INVITE
Contact: <sip:alice@198.51.100.17:49811;transport=tcp;ob>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY
Supported: 100rel, timer, replaces, outbound
Session-Expires: 1800;refresher=uac
User-Agent: ExamplePhone/4.2.1
Content-Type: application/sdp
Content-Length: {}

{SDP}",
        sdp_len()
    )
}

fn ok() -> String {
    format!(
        "SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK01f3a9c2b47d5e60;rport=5060;received=192.0.2.77
Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKb7d2a4c1f9e80613;rport=5060;received=192.0.2.11
Via: SIP/2.0/TCP 198.51.100.17:49811;branch=z9hG4bK776asdhds8812;alias
Record-Route: <sip:192.0.2.77:5060;lr;s=01f3a9c2b47d5e60>
Record-Route: <sip:192.0.2.11:5060;lr;did=5d2.8f21>
From: \"Alice Example\" <sip:alice@example.com>;tag=9fxced76sl
To: <sip:+4930123456@gateway.example.net;user=phone>;tag=314159gw
Call-ID: 3848276298220188511@198.51.100.17
CSeq: 102 INVITE
Contact: <sip:+4930123456@203.0.113.77:5060>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK
Supported: timer, replaces
Content-Type: application/sdp
Content-Length: {}

{SDP}",
        sdp_len()
    )
}

fn bye() -> String {
    "BYE sip:+4930123456@203.0.113.77:5060 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.17:49811;branch=z9hG4bK776asdhds9913;rport
Route: <sip:192.0.2.11:5060;lr;did=5d2.8f21>
Route: <sip:192.0.2.77:5060;lr;s=01f3a9c2b47d5e60>
Max-Forwards: 70
From: \"Alice Example\" <sip:alice@example.com>;tag=9fxced76sl
To: <sip:+4930123456@gateway.example.net;user=phone>;tag=314159gw
Call-ID: 3848276298220188511@198.51.100.17
CSeq: 103 BYE
Content-Length: 0

"
    .to_owned()
}

fn register() -> String {
    "REGISTER sip:registrar.example.com SIP/2.0
Via: SIP/2.0/UDP 198.51.100.17:5060;branch=z9hG4bKnashds7;rport
Max-Forwards: 70
From: \"Alice Example\" <sip:alice@example.com>;tag=a73kszlfl
To: <sip:alice@example.com>
Call-ID: 1j9FpLxk3uxtm8tn@198.51.100.17
CSeq: 2 REGISTER
Contact: <sip:alice@198.51.100.17:5060;ob>;reg-id=1;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"
Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", \
uri=\"sip:registrar.example.com\", response=\"7587245234b3434cc3412213e5f113a5\", algorithm=MD5, \
cnonce=\"0a4f113b\", qop=auth, nc=00000001
Supported: path, outbound
Expires: 3600
Content-Length: 0

"
    .to_owned()
}
