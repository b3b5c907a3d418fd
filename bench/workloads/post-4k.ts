import { requestsWorkload } from './requests.ts'

const body = JSON.stringify({ model: 'bench', prompt: '' }).replace('""', `"${'lorem '.repeat(677)}"`)

/** The cost of a long head and a body, as a browser's chat page sends them. */
export const post4k = requestsWorkload({
  id: 'post-4k',
  title: `POST of ${body.length} bytes of JSON with the 16 fields of a browser, 64 keep-alive connections`,
  request: `${[
    'POST /post HTTP/1.1',
    'Host: bench.example',
    'Connection: keep-alive',
    `Content-Length: ${body.length}`,
    'sec-ch-ua-platform: "Linux"',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
    'Content-Type: application/json',
    'sec-ch-ua-mobile: ?0',
    'Accept: application/json, text/plain, */*',
    'Origin: http://bench.example',
    'Sec-Fetch-Mode: cors',
    'Referer: http://bench.example/chat',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
    'Cookie: theme=dark; consent=2026-01-01T00:00:00Z; id=0123456789abcdef0123456789abcdef',
    'X-Session: @SESSION@',
  ].join('\r\n')}\r\n\r\n${body}`,
})
