// The well-known headers: their numbers in a view, names, compact forms (RFC 3261 §7.3.3), and which are comma lists
// (§7.3.1). A test holds this table to that of the host.

/** Number, name, compact form or '', list or not. */
export const HEADERS = [
  [1, 'Via', 'v', true],
  [2, 'From', 'f', false],
  [3, 'To', 't', false],
  [4, 'Call-ID', 'i', false],
  [5, 'CSeq', '', false],
  [6, 'Max-Forwards', '', false],
  [7, 'Contact', 'm', true],
  [8, 'Route', '', true],
  [9, 'Record-Route', '', true],
  [10, 'Content-Length', 'l', false],
  [11, 'Content-Type', 'c', false],
  [12, 'Expires', '', false],
  [13, 'Supported', 'k', true],
  [14, 'Require', '', true],
  [15, 'Proxy-Require', '', true],
  [16, 'Unsupported', '', true],
  [17, 'Allow', '', true],
  [18, 'Accept', '', true],
  [19, 'Accept-Encoding', '', true],
  [20, 'Accept-Language', '', true],
  [21, 'Alert-Info', '', true],
  [22, 'Authentication-Info', '', false],
  [23, 'Authorization', '', false],
  [24, 'Call-Info', '', true],
  [25, 'Content-Disposition', '', false],
  [26, 'Content-Encoding', 'e', true],
  [27, 'Content-Language', '', true],
  [28, 'Date', '', false],
  [29, 'Error-Info', '', true],
  [30, 'In-Reply-To', '', true],
  [31, 'MIME-Version', '', false],
  [32, 'Min-Expires', '', false],
  [33, 'Organization', '', false],
  [34, 'Priority', '', false],
  [35, 'Proxy-Authenticate', '', false],
  [36, 'Proxy-Authorization', '', false],
  [37, 'Reply-To', '', false],
  [38, 'Retry-After', '', false],
  [39, 'Server', '', false],
  [40, 'Subject', 's', false],
  [41, 'Timestamp', '', false],
  [42, 'User-Agent', '', false],
  [43, 'Warning', '', true],
  [44, 'WWW-Authenticate', '', false],
  [45, 'RSeq', '', false],
  [46, 'RAck', '', false],
  [47, 'Event', 'o', false],
  [48, 'Subscription-State', '', false],
  [49, 'Allow-Events', 'u', true],
  [50, 'Refer-To', 'r', false],
  [51, 'Referred-By', 'b', false],
  [52, 'Refer-Sub', '', false],
  [53, 'Replaces', '', false],
  [54, 'Join', '', false],
  [55, 'Session-Expires', 'x', false],
  [56, 'Min-SE', '', false],
  [57, 'Path', '', true],
  [58, 'Service-Route', '', true],
  [59, 'Reason', '', true],
  [60, 'Privacy', '', false],
  [61, 'P-Asserted-Identity', '', true],
  [62, 'P-Preferred-Identity', '', true],
  [63, 'P-Associated-URI', '', true],
  [64, 'P-Called-Party-ID', '', false],
  [65, 'P-Visited-Network-ID', '', true],
  [66, 'P-Access-Network-Info', '', true],
  [67, 'P-Charging-Vector', '', false],
  [68, 'P-Charging-Function-Addresses', '', false],
  [69, 'P-Early-Media', '', false],
  [70, 'P-Asserted-Service', '', false],
  [71, 'P-Preferred-Service', '', false],
  [72, 'History-Info', '', true],
  [73, 'Diversion', '', true],
  [74, 'SIP-ETag', '', false],
  [75, 'SIP-If-Match', '', false],
  [76, 'Request-Disposition', 'd', true],
  [77, 'Accept-Contact', 'a', true],
  [78, 'Reject-Contact', 'j', true],
  [79, 'Target-Dialog', '', false],
  [80, 'Flow-Timer', '', false],
  [81, 'Identity', 'y', false],
  [82, 'Identity-Info', 'n', false],
  [83, 'Answer-Mode', '', false],
  [84, 'Priv-Answer-Mode', '', false],
  [85, 'Max-Breadth', '', false],
  [86, 'Geolocation', '', true],
  [87, 'Geolocation-Routing', '', false],
  [88, 'Geolocation-Error', '', false],
  [89, 'User-to-User', '', false],
  [90, 'Session-ID', '', false],
  [91, 'Feature-Caps', '', true],
  [92, 'Recv-Info', '', true],
  [93, 'Info-Package', '', false],
  [94, 'Suppress-If-Match', '', false],
  [95, 'Permission-Missing', '', true],
  [96, 'Trigger-Consent', '', false],
  [97, 'Security-Client', '', true],
  [98, 'Security-Server', '', true],
  [99, 'Security-Verify', '', true],
  [100, 'Resource-Priority', '', true],
  [101, 'Accept-Resource-Priority', '', true],
  [102, 'P-Served-User', '', false],
  [103, 'Remote-Party-ID', '', false],
];

const NUMBERS = new Map();
const NAMES = [''];
const LISTS = new Set();
for (const [number, name, compact, list] of HEADERS) {
  NUMBERS.set(name.toLowerCase(), number);
  if (compact) NUMBERS.set(compact, number);
  NAMES[number] = name;
  if (list) LISTS.add(number);
}

/** The number of a header by its name in any case or its compact form; 0: not a well-known one. */
export function numberOf(name) {
  return NUMBERS.get(name.toLowerCase()) ?? 0;
}

/** The name of a well-known header in its long form; empty for number 0. */
export function nameOf(number) {
  return NAMES[number] ?? '';
}

/** Whether a header may hold several values in one line. */
export function isList(number) {
  return LISTS.has(number);
}
