// Lighthouse's verdict on each page of the built book, as a phone has it: `node lighthouse.mjs FOLDER [PAGE...]`.
//
// Performance is computed for a slow phone from what the page loads (simulated throttling). The processor's share
// of it is measured, so a busy machine makes it worse: a page that misses its mark is measured twice again, and
// the median counts. Prints a line for each page, and fails when one misses its mark.
import { createServer } from "node:http";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [folder, ...asked] = process.argv.slice(2);
const LEAST = { performance: 0.95, accessibility: 1, "best-practices": 1, seo: 1 };
// Milliseconds to the largest paint, and bytes over the network: search apart, which no page loads by itself.
const MOST = { "largest-contentful-paint": 1500, "total-byte-weight": 150_000 };
const RUNS = 3;
// Pages that nobody comes to first: the one for a wrong address, and the whole book on one page.
const APART = ["404.html", "print.html"];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png" };

// The folder, compressed, as a host of static pages serves it.
function serve() {
    const server = createServer((request, response) => {
        const name = decodeURIComponent(new URL(request.url, "http://book").pathname).slice(1) || "index.html";
        try {
            const content = gzipSync(readFileSync(join(folder, name)));
            const type = TYPES[extname(name)] ?? "application/octet-stream";
            response.writeHead(200, { "content-type": `${type}; charset=utf-8`, "content-encoding": "gzip", "cache-control": "max-age=600" });
            response.end(content);
        } catch {
            response.writeHead(404).end();
        }
    });
    return new Promise((done) => { server.listen(0, "127.0.0.1", () => done(server)); });
}

async function judge(port, url) {
    const { lhr } = await lighthouse(url, { port, logLevel: "error", output: "json", onlyCategories: Object.keys(LEAST) });
    if (lhr.runtimeError) { throw new Error(`${url}: ${lhr.runtimeError.message}`); }
    const figures = {};
    for (const id of Object.keys(LEAST)) { figures[id] = lhr.categories[id].score; }
    for (const id of Object.keys(MOST)) { figures[id] = Math.round(lhr.audits[id].numericValue); }
    const failed = Object.keys(LEAST).flatMap((category) => lhr.categories[category].auditRefs)
        .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
        .map(({ id }) => id);
    return { figures, failed };
}

function misses(figures) {
    const low = Object.entries(LEAST).filter(([id, least]) => !(figures[id] >= least));
    const high = Object.entries(MOST).filter(([id, most]) => !(figures[id] <= most));
    return [...low, ...high].map(([id, limit]) => `${id} is ${figures[id]}, and has to be ${id in LEAST ? "at least" : "at most"} ${limit}`);
}

function median(runs) {
    const middle = (id) => runs.map(({ figures }) => figures[id]).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
    return Object.fromEntries(Object.keys(runs[0].figures).map((id) => [id, middle(id)]));
}

const pages = asked.length > 0 ? asked : readdirSync(folder).filter((name) => name.endsWith(".html") && !APART.includes(name)).sort();
const server = await serve();
const profile = mkdtempSync(join(tmpdir(), "lighthouse-"));
const chrome = await launch({
    chromePath: process.env.CHROMIUM,
    userDataDir: profile,
    chromeFlags: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
    logLevel: "error",
});
let missed = 0;
try {
    for (const page of pages) {
        const url = `http://127.0.0.1:${server.address().port}/${page}`;
        const runs = [await judge(chrome.port, url)];
        while (misses(median(runs)).length > 0 && runs.length < RUNS) { runs.push(await judge(chrome.port, url)); }
        const figures = median(runs);
        const wrong = misses(figures);
        const shown = Object.values(figures).join(" ");
        console.log(`${page}: ${shown}${runs.length > 1 ? ` (${runs.length} runs)` : ""}`);
        for (const what of wrong) { console.log(`${page}: ${what}; audits: ${[...new Set(runs.flatMap(({ failed }) => failed))]}`); }
        missed += wrong.length;
    }
} finally {
    await chrome.kill();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
}
if (pages.length === 0) { throw new Error(`${folder}: no pages`); }
console.log(`${pages.length} pages: ${Object.keys({ ...LEAST, ...MOST }).join(" ")}; ${missed} misses`);
process.exitCode = missed === 0 ? 0 : 1;
