// A redirect without Lambda and without a queue: a bare server that looks up, counts and answers.

import { createServer } from 'node:http';
import { PRIVATE, classify, follow, read } from './redirect-links.mjs';

const nothing = () => {};

const server = createServer(async (request, response) => {
  try {
    const { headers, method, url } = request;
    const message = url.startsWith('/c/') ? read(url.slice(3)) : undefined;
    const [visitorClass] = classify(method, headers['user-agent'] ?? '', headers['sec-purpose'] ?? headers.purpose);
    const destination = message && (await follow(message.campaign, visitorClass, nothing));
    if (!destination) {
      response.writeHead(404, { ...PRIVATE, 'content-length': 0 }).end();
      return;
    }
    response.writeHead(302, { ...PRIVATE, location: destination.url, 'content-length': 0 }).end();
  } catch {
    response.writeHead(503, { ...PRIVATE, 'content-length': 0 }).end();
  }
});
// The others take turns meanwhile.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
// Whoever measures is gone.
process.stdin.on('end', () => process.exit()).resume();
