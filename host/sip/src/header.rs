//! Header names: one id for each well-known header, found whatever its case or compact form.
//!
//! The ids cross the WebAssembly boundary and stand in snapshots: a code is never given to another header, new headers
//! are added at the end. A header that has no id is [`HeaderId::Other`] and is known by its name.

use core::fmt;

use crate::octets;

macro_rules! headers {
    ($($code:literal $id:ident $name:literal $($compact:literal)?;)*) => {
        /// A well-known header, or [`HeaderId::Other`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        #[repr(u8)]
        pub enum HeaderId {
            /// A header without an id of its own.
            #[default]
            Other = 0,
            $(
                #[doc = concat!("`", $name, "`")]
                $id = $code,
            )*
        }

        impl HeaderId {
            /// All well-known headers, ordered by code; [`HeaderId::Other`] is not among them.
            pub const ALL: &'static [Self] = &[$(Self::$id),*];

            /// The name in its long form and usual case; empty for [`HeaderId::Other`].
            #[must_use]
            #[inline]
            pub const fn name(self) -> &'static str {
                // By code: the ids are dense, which a test checks.
                const NAMES: &[&str] = &["", $($name),*];
                NAMES[self as usize]
            }

            /// The one-letter form (RFC 3261 §7.3.3), where there is one.
            #[must_use]
            pub const fn compact(self) -> Option<u8> {
                match self {
                    Self::Other => None,
                    $(Self::$id => headers!(@compact $($compact)?),)*
                }
            }
        }
    };
    (@compact) => { None };
    (@compact $letter:literal) => { Some($letter) };
}

headers! {
    1 Via "Via" b'v';
    2 From "From" b'f';
    3 To "To" b't';
    4 CallId "Call-ID" b'i';
    5 CSeq "CSeq";
    6 MaxForwards "Max-Forwards";
    7 Contact "Contact" b'm';
    8 Route "Route";
    9 RecordRoute "Record-Route";
    10 ContentLength "Content-Length" b'l';
    11 ContentType "Content-Type" b'c';
    12 Expires "Expires";
    13 Supported "Supported" b'k';
    14 Require "Require";
    15 ProxyRequire "Proxy-Require";
    16 Unsupported "Unsupported";
    17 Allow "Allow";
    18 Accept "Accept";
    19 AcceptEncoding "Accept-Encoding";
    20 AcceptLanguage "Accept-Language";
    21 AlertInfo "Alert-Info";
    22 AuthenticationInfo "Authentication-Info";
    23 Authorization "Authorization";
    24 CallInfo "Call-Info";
    25 ContentDisposition "Content-Disposition";
    26 ContentEncoding "Content-Encoding" b'e';
    27 ContentLanguage "Content-Language";
    28 Date "Date";
    29 ErrorInfo "Error-Info";
    30 InReplyTo "In-Reply-To";
    31 MimeVersion "MIME-Version";
    32 MinExpires "Min-Expires";
    33 Organization "Organization";
    34 Priority "Priority";
    35 ProxyAuthenticate "Proxy-Authenticate";
    36 ProxyAuthorization "Proxy-Authorization";
    37 ReplyTo "Reply-To";
    38 RetryAfter "Retry-After";
    39 Server "Server";
    40 Subject "Subject" b's';
    41 Timestamp "Timestamp";
    42 UserAgent "User-Agent";
    43 Warning "Warning";
    44 WwwAuthenticate "WWW-Authenticate";
    45 RSeq "RSeq";
    46 RAck "RAck";
    47 Event "Event" b'o';
    48 SubscriptionState "Subscription-State";
    49 AllowEvents "Allow-Events" b'u';
    50 ReferTo "Refer-To" b'r';
    51 ReferredBy "Referred-By" b'b';
    52 ReferSub "Refer-Sub";
    53 Replaces "Replaces";
    54 Join "Join";
    55 SessionExpires "Session-Expires" b'x';
    56 MinSe "Min-SE";
    57 Path "Path";
    58 ServiceRoute "Service-Route";
    59 Reason "Reason";
    60 Privacy "Privacy";
    61 PAssertedIdentity "P-Asserted-Identity";
    62 PPreferredIdentity "P-Preferred-Identity";
    63 PAssociatedUri "P-Associated-URI";
    64 PCalledPartyId "P-Called-Party-ID";
    65 PVisitedNetworkId "P-Visited-Network-ID";
    66 PAccessNetworkInfo "P-Access-Network-Info";
    67 PChargingVector "P-Charging-Vector";
    68 PChargingFunctionAddresses "P-Charging-Function-Addresses";
    69 PEarlyMedia "P-Early-Media";
    70 PAssertedService "P-Asserted-Service";
    71 PPreferredService "P-Preferred-Service";
    72 HistoryInfo "History-Info";
    73 Diversion "Diversion";
    74 SipEtag "SIP-ETag";
    75 SipIfMatch "SIP-If-Match";
    76 RequestDisposition "Request-Disposition" b'd';
    77 AcceptContact "Accept-Contact" b'a';
    78 RejectContact "Reject-Contact" b'j';
    79 TargetDialog "Target-Dialog";
    80 FlowTimer "Flow-Timer";
    81 Identity "Identity" b'y';
    82 IdentityInfo "Identity-Info" b'n';
    83 AnswerMode "Answer-Mode";
    84 PrivAnswerMode "Priv-Answer-Mode";
    85 MaxBreadth "Max-Breadth";
    86 Geolocation "Geolocation";
    87 GeolocationRouting "Geolocation-Routing";
    88 GeolocationError "Geolocation-Error";
    89 UserToUser "User-to-User";
    90 SessionId "Session-ID";
    91 FeatureCaps "Feature-Caps";
    92 RecvInfo "Recv-Info";
    93 InfoPackage "Info-Package";
    94 SuppressIfMatch "Suppress-If-Match";
    95 PermissionMissing "Permission-Missing";
    96 TriggerConsent "Trigger-Consent";
    97 SecurityClient "Security-Client";
    98 SecurityServer "Security-Server";
    99 SecurityVerify "Security-Verify";
    100 ResourcePriority "Resource-Priority";
    101 AcceptResourcePriority "Accept-Resource-Priority";
    102 PServedUser "P-Served-User";
    103 RemotePartyId "Remote-Party-ID";
}

impl HeaderId {
    /// The stable number of this header; 0 stands for any header without an id.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The header with that number.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        if code == 0 {
            return Some(Self::Other);
        }
        let header = usize::try_from(code).ok().and_then(|code| Self::ALL.get(code - 1)).copied()?;
        debug_assert_eq!(header.code(), code, "the table of headers has a gap");
        Some(header)
    }

    /// The header of that name, in long or compact form and any case; [`HeaderId::Other`] when it has no id.
    #[must_use]
    #[inline]
    pub fn from_name(name: &[u8]) -> Self {
        Self::find(Key::of(name), name)
    }

    /// The well-known header whose name stands at the start of a line with its colon right behind it; the length of the
    /// name, and where the colon is. Names of up to 15 octets only: what is not found here may still be a header.
    #[inline]
    pub(crate) fn at_line_start(line: &[u8]) -> Option<(Self, u8, usize)> {
        let block = line.first_chunk::<16>()?;
        let len = octets::colon_in(block)?;
        let id = Self::find(Key::of_block(*block, len), &block[..len]);
        (id != Self::Other).then_some((id, len as u8, len))
    }

    #[inline]
    fn find(key: Key, name: &[u8]) -> Self {
        let mut slot = key.slot();
        loop {
            let known = &SLOTS[slot];
            // The key holds all of a name of up to 16 octets, but for zeros at its end.
            if known.key == key
                && usize::from(known.len) == name.len()
                && (name.len() <= 16 || known.id.name().as_bytes().eq_ignore_ascii_case(name))
            {
                return known.id;
            }
            if known.id == Self::Other {
                return Self::Other;
            }
            slot = (slot + 1) % SLOT_COUNT;
        }
    }

    /// Whether several values of this header may share a line, parted by commas (RFC 3261 §7.3.1).
    ///
    /// The credentials and challenges are not lists although they hold commas, nor is a header without an id.
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Via
                | Self::Contact
                | Self::Route
                | Self::RecordRoute
                | Self::Supported
                | Self::Require
                | Self::ProxyRequire
                | Self::Unsupported
                | Self::Allow
                | Self::Accept
                | Self::AcceptEncoding
                | Self::AcceptLanguage
                | Self::AlertInfo
                | Self::CallInfo
                | Self::ContentEncoding
                | Self::ContentLanguage
                | Self::ErrorInfo
                | Self::InReplyTo
                | Self::Warning
                | Self::AllowEvents
                | Self::Path
                | Self::ServiceRoute
                | Self::Reason
                | Self::PAssertedIdentity
                | Self::PPreferredIdentity
                | Self::PAssociatedUri
                | Self::HistoryInfo
                | Self::Diversion
                | Self::AcceptContact
                | Self::RejectContact
                | Self::RequestDisposition
                | Self::Geolocation
                | Self::FeatureCaps
                | Self::RecvInfo
                | Self::PermissionMissing
                | Self::SecurityClient
                | Self::SecurityServer
                | Self::SecurityVerify
                | Self::ResourcePriority
                | Self::AcceptResourcePriority
                | Self::PVisitedNetworkId
                | Self::PAccessNetworkInfo
        )
    }
}

impl fmt::Display for HeaderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A header named by its id or by its text; both reach the same header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderName<'a> {
    /// A well-known header. Never [`HeaderId::Other`] when made by `From`.
    Known(HeaderId),
    /// Any other name, as it was given.
    Named(&'a [u8]),
}

impl HeaderName<'_> {
    /// The id, [`HeaderId::Other`] for a name without one.
    #[must_use]
    pub const fn id(&self) -> HeaderId {
        match self {
            Self::Known(id) => *id,
            Self::Named(_) => HeaderId::Other,
        }
    }

    /// The name as it is written out: the long form of a known header.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Known(id) => id.name().as_bytes(),
            Self::Named(name) => name,
        }
    }

    /// Whether a line of that id and name belongs to this header.
    #[must_use]
    pub fn matches(&self, id: HeaderId, name: &[u8]) -> bool {
        match self {
            Self::Known(known) => *known == id,
            Self::Named(named) => id == HeaderId::Other && named.eq_ignore_ascii_case(name),
        }
    }
}

impl From<HeaderId> for HeaderName<'_> {
    fn from(id: HeaderId) -> Self {
        Self::Known(id)
    }
}

impl<'a> From<&'a [u8]> for HeaderName<'a> {
    fn from(name: &'a [u8]) -> Self {
        let id = HeaderId::from_name(name);
        if id == HeaderId::Other { Self::Named(name) } else { Self::Known(id) }
    }
}

impl<'a> From<&'a str> for HeaderName<'a> {
    fn from(name: &'a str) -> Self {
        Self::from(name.as_bytes())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for HeaderName<'a> {
    fn from(name: &'a [u8; N]) -> Self {
        Self::from(name.as_slice())
    }
}

/// Whether `text` is a token of RFC 3261 §25.1: not empty, no separators, no blanks.
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// Which bytes a token is made of (RFC 3261 §25.1).
pub(crate) static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        byte += 1;
    }
    table
};

/// The first sixteen octets of a name in two words, its letters in lower case, zeros behind a shorter one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    low: u64,
    high: u64,
}

impl Key {
    #[inline]
    const fn of(name: &[u8]) -> Self {
        let mut block = [0; 16];
        let mut at = 0;
        while at < name.len() && at < 16 {
            block[at] = name[at];
            at += 1;
        }
        Self::of_words(u128::from_le_bytes(block))
    }

    /// The key of the first `len` octets of a block, at most 15.
    #[inline]
    fn of_block(block: [u8; 16], len: usize) -> Self {
        Self::of_words(u128::from_le_bytes(block) & FIRST[len % 16])
    }

    /// Letters have the bit 0x40, and their case is the bit behind it; the hyphen has it not. No other octet becomes
    /// one of those that known names are made of.
    #[inline]
    const fn of_words(words: u128) -> Self {
        const CASE: u64 = 0x4040_4040_4040_4040;
        let (low, high) = (words as u64, (words >> 64) as u64);
        Self { low: low | (low & CASE) >> 1, high: high | (high & CASE) >> 1 }
    }

    /// Where the name is looked for first; names of equal place stand in the slots behind it.
    #[inline]
    const fn slot(self) -> usize {
        let mixed = (self.low ^ self.high.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (64 - SLOT_BITS)) as usize
    }
}

/// Ones in the first octets of sixteen.
static FIRST: [u128; 16] = {
    let mut masks = [0; 16];
    let mut len = 0;
    while len < 16 {
        masks[len] = (1 << (8 * len)) - 1;
        len += 1;
    }
    masks
};

/// A known name.
#[derive(Clone, Copy)]
struct Slot {
    key: Key,
    /// [`HeaderId::Other`] in an empty slot.
    id: HeaderId,
    len: u8,
}

const SLOT_BITS: u32 = 9;
const SLOT_COUNT: usize = 1 << SLOT_BITS;

/// The known names, long and compact, by [`Key::slot`].
static SLOTS: [Slot; SLOT_COUNT] = {
    let mut slots = [Slot { key: Key { low: 0, high: 0 }, id: HeaderId::Other, len: 0 }; SLOT_COUNT];
    let mut at = 0;
    while at < HeaderId::ALL.len() {
        let id = HeaderId::ALL[at];
        fill(&mut slots, id, id.name().as_bytes());
        if let Some(letter) = id.compact() {
            fill(&mut slots, id, &[letter]);
        }
        at += 1;
    }
    slots
};

const fn fill(slots: &mut [Slot; SLOT_COUNT], id: HeaderId, name: &[u8]) {
    let key = Key::of(name);
    let mut slot = key.slot();
    while !matches!(slots[slot].id, HeaderId::Other) {
        slot = (slot + 1) % SLOT_COUNT;
    }
    slots[slot] = Slot { key, id, len: name.len() as u8 };
}

#[cfg(test)]
mod tests;
