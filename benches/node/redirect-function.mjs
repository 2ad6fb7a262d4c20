// A redirect as a function of Lambda: events from API Gateway, ioredis, the SDK's client of SQS. `--without-queue` hands nothing
// over; `--empty` answers at once, which tells what the way there and back costs.
//
// The loop is leaner than that of Lambda's own runtime for Node, which also makes a context and patches the console.

import { Agent, request } from 'node:http';

const BASE = '/2018-06-01/runtime';
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const handle = process.argv.includes('--empty') ? empty : await redirect();

for (;;) {
  const { headers, body } = await ask('GET', '/invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  // As Lambda's own runtime for Node does, and that for Rust.
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  try {
    await ask('POST', `/invocation/${id}/response`, JSON.stringify(await handle(JSON.parse(body))));
  } catch (error) {
    await ask('POST', `/invocation/${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
  }
}

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request({ host, port, agent, method, path: BASE + path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

async function empty() {
  return { statusCode: 302, headers: { location: 'https://www.example.com/' }, body: '' };
}

async function redirect() {
  const { PRIVATE, classify, follow, read } = await import('./redirect-links.mjs');
  const handOver = process.argv.includes('--without-queue') ? async () => {} : await queue();

  return async ({ httpMethod, headers, pathParameters }) => {
    const message = read(pathParameters.token);
    if (!message) return { statusCode: 404, headers: PRIVATE, body: '' };
    const agent = headers['User-Agent'] ?? '';
    const purpose = headers['Sec-Purpose'] ?? headers.Purpose ?? '';
    const [visitorClass, reason] = classify(httpMethod, agent, purpose);
    const visit = { message, visitorClass, reason, agent, purpose, method: httpMethod };
    const destination = await follow(message.campaign, visitorClass, (way) => handOver(visit, way));
    if (!destination) return { statusCode: 404, headers: PRIVATE, body: '' };
    return { statusCode: 302, headers: { ...PRIVATE, location: destination.url }, body: '' };
  };
}

async function queue() {
  const { SQSClient, SendMessageCommand } = await import('@aws-sdk/client-sqs');
  const { newClickId } = await import('./redirect-links.mjs');
  // A visitor waits for it 300 ms and no longer.
  const client = new SQSClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 300, requestTimeout: 300 } });
  const url = process.env.RECORD_CLICKS_QUEUE_URL;

  return async ({ message, visitorClass, reason, agent, purpose, method }, { destination, origin, answered }) => {
    const body = JSON.stringify({
      type: 'click_received.v1',
      clickId: newClickId(),
      clinicId: destination.clinic,
      campaignId: message.campaign,
      messageNumber: message.number,
      class: visitorClass,
      reason,
      ruleVersion: 1,
      agent: agent.slice(0, 300),
      method,
      purpose: purpose.slice(0, 60),
      origin,
      sequence: answered,
      clickedAt: new Date().toISOString(),
    });
    try {
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    } catch (error) {
      console.error(JSON.stringify({ event: 'click.not_queued', body, error: error.message }));
    }
  };
}
