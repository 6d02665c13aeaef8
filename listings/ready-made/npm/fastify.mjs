// fastify as its documentation has it: CERTIFICATE KEY PORT. Node's server stands below it as
// `fastify.server`, and takes a new certificate when SIGHUP comes.
import { readFileSync, writeFileSync } from 'node:fs';
import Fastify from 'fastify';
import { answers } from './answer.mjs';

const [certificate, key, port, pid] = process.argv.slice(2);
const files = () => ({ cert: readFileSync(certificate), key: readFileSync(key) });
const fastify = Fastify({ https: files(), keepAliveTimeout: 60_000 });
for (const [path, body] of Object.entries(answers)) {
  fastify.get(path, (request, reply) => reply.send(body));
}

if (pid) {
  process.on('SIGHUP', () => {
    try {
      fastify.server.setSecureContext(files());
    } catch (error) {
      console.error(`not reloaded: ${error.message}`);
    }
  });
  writeFileSync(pid, String(process.pid));
}
await fastify.listen({ port: Number(port), host: '127.0.0.1' });
