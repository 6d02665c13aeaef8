// An agent that keeps connections and sessions, with files that were read when it was made.
import fs from "node:fs";
import https from "node:https";

const [url, roots, certificate, key] = process.argv.slice(2);
const agent = new https.Agent({
  keepAlive: true,
  ca: fs.readFileSync(roots),
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
});
const soon = () => setTimeout(ask, 20);
function ask() {
  const request = https.get(url, { agent }, (answer) => answer.resume().on("end", soon));
  request.on("error", soon);
}
ask();
