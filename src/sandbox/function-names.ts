/** Every function, method and macro that an expression may call: what we document and test, and no more. */
const GROUPS = {
  values: ['has', 'default', 'size', 'type', 'dyn', 'string', 'int', 'uint', 'double', 'bool', 'bytes'],
  loops: ['all', 'exists', 'exists_one', 'map', 'filter', 'bind'],
  texts: [
    ...[
      'contains',
      'startsWith',
      'endsWith',
      'indexOf',
      'lastIndexOf',
      'substring',
      'replace',
      'split',
      'join',
    ],
    ...['lower', 'upper', 'lowerAscii', 'upperAscii', 'trim'],
    ...['base64Encode', 'base64Decode', 'urlEncode', 'urlDecode'],
  ],
  regexes: ['re', 'reFind', 'reReplace'],
  digests: ['hash', 'hmac', 'secret'],
  json: ['json', 'parseJson'],
  times: [
    ...[
      'timestamp',
      'duration',
      'formatTime',
      'getFullYear',
      'getMonth',
      'getDate',
      'getDayOfMonth',
      'getDayOfWeek',
    ],
    ...['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'],
  ],
} as const;

export const FUNCTIONS: ReadonlySet<string> = new Set(Object.values(GROUPS).flat());
