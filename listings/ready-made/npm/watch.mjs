// Node's https with a watch on the certificate: CERTIFICATE KEY PORT. With
// `directory` behind them, the watch is on the directory.
import { readFileSync, watch } from 'node:fs';
import { createServer } from 'node:https';
import { dirname } from 'node:path';
import { answers } from './answer.mjs';

const [certificate, key, port, whole] = process.argv.slice(2);
const files = () => ({ cert: readFileSync(certificate), key: readFileSync(key) });
const server = createServer(files(), (request, response) => {
  const body = answers[request.url];
  response.writeHead(body ? 200 : 404, { 'Content-Length': body?.length ?? 0 });
  response.end(body);
});
server.keepAliveTimeout = 60_000;

let timer;
watch(whole === 'directory' ? dirname(certificate) : certificate, () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    try {
      server.setSecureContext(files());
    } catch (error) {
      console.error(`not reloaded: ${error.message}`);
    }
  }, 100);
});
server.listen(port, '127.0.0.1');
