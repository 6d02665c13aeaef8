// Opens each address in one Chromium, and prints what the page of the error says: `node chromium.mjs PROGRAM
// PROFILE`, with JSON cases of scene and address behind. Each is printed as a line `== scene` and the error.
// https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-navigate
import { spawn } from "node:child_process";
import readline from "node:readline";

const [program, profile, cases] = process.argv.slice(2);
const browser = spawn(program, [
    "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", `--user-data-dir=${profile}`,
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank",
], { stdio: ["ignore", "ignore", "pipe"], detached: true });
const ended = new Promise((resolve) => browser.on("exit", resolve));
// The program may be a script that starts the browser: all of its group has to go.
process.on("exit", () => {
    try { process.kill(-browser.pid, "SIGKILL"); } catch { /* It has ended. */ }
});

const lines = readline.createInterface({ input: browser.stderr });
const address = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
        const found = /^DevTools listening on (ws:\S+)$/.exec(line);
        if (found) { resolve(found[1]); }
    });
    ended.then(() => reject(new Error("the browser has ended")));
});
const socket = new WebSocket(address);
await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });

const waiting = new Map();
socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const settle = waiting.get(id);
    waiting.delete(id);
    if (settle) { error ? settle.reject(new Error(error.message)) : settle.resolve(result); }
};
let last = 0;
const send = (method, params, sessionId) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
});

const { targetId } = await send("Target.createTarget", { url: "about:blank" });
const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
for (const { scene, url, ignore } of JSON.parse(cases)) {
    // Our root is none that it trusts. What lies behind that is seen without.
    await send("Security.setIgnoreCertificateErrors", { ignore }, sessionId);
    const { errorText } = await send("Page.navigate", { url }, sessionId);
    console.log(`== ${scene}\n${errorText ?? "no error"}`);
}
await send("Browser.close");
await ended;
process.exit(0);
