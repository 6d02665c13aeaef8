// Reads the served book in Chromium, as a reader would: `node check.mjs ADDRESS COPY`.
//
// COPY is the folder that is served from: one test changes a chapter there. Prints what is wrong,
// a line each, and last what was looked at, as JSON. With SCREENSHOTS=DIR it leaves pictures there.
import { createRequire } from "node:module";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, copy] = process.argv.slice(2);
const screenshots = process.env.SCREENSHOTS;
const BOUND = 30_000;
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const seen = { pages: 0, axe: 0, timelines: 0, colours: 0, requests: 0 };
let problems = 0;
function problem(where, what) {
    problems += 1;
    console.log(`${where}: ${what}`);
}

// A page that says so when something is wrong by itself.
async function open(context, name) {
    const page = await context.newPage();
    page.setDefaultTimeout(BOUND);
    // print.html opens the printer's dialogue by itself, and nobody is here to close it.
    await page.addInitScript(() => { globalThis.print = () => {}; });
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) { problem(name, `console: ${message.text()}`); }
    });
    page.on("pageerror", (error) => problem(name, `exception: ${error.message}`));
    page.on("request", (request) => {
        seen.requests += 1;
        const url = new URL(request.url());
        if (url.host !== address && url.protocol !== "data:") { problem(name, `asks elsewhere: ${url}`); }
    });
    page.on("response", (response) => {
        if (response.status() >= 400) { problem(name, `${response.status()} for ${response.url()}`); }
    });
    await page.goto(`http://${address}/${name}`, { waitUntil: "load" });
    return page;
}

// What the reader sees first, and each timeline.
async function picture(page, name) {
    if (!screenshots) { return; }
    await page.screenshot({ path: join(screenshots, `${name}.png`) });
    for (const [number, figure] of (await page.locator("figure.timeline").all()).entries()) {
        await figure.screenshot({ path: join(screenshots, `${name}-timeline-${number + 1}.png`) });
    }
}

// Nothing is wider than the page, but what scrolls by itself.
async function fits(page, where) {
    const { wide, width, who } = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const main = document.querySelector("main");
        // Around the text there are boxes that would scroll as a whole: they do not count.
        const within = (element) => {
            for (let up = element.parentElement; up !== main; up = up.parentElement) {
                if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) { return true; }
            }
            return false;
        };
        const who = [...document.querySelectorAll("main *")]
            .filter((element) => element.getBoundingClientRect().right > width + 1 && !within(element))
            .map((element) => element.outerHTML.slice(0, 100));
        return { wide: document.documentElement.scrollWidth, width, who };
    });
    if (wide > width || who.length > 0) { problem(where, `${wide} wide on ${width}: ${who.slice(0, 3)}`); }
}

async function accessible(page, where, rules) {
    const options = { resultTypes: ["violations"], ...(rules && { runOnly: { type: "rule", values: rules } }) };
    const { violations, passes } = await page.evaluate((options) => {
        // Code is thousands of words in a dozen colours: each colour is looked at once.
        const seen = new Set();
        for (const code of document.querySelectorAll("pre > code")) {
            for (const word of code.querySelectorAll("span")) {
                const kind = `${code.className} ${word.className}`;
                if (seen.has(kind)) { word.dataset.same = ""; }
                seen.add(kind);
            }
        }
        return globalThis.axe.run({ exclude: ["[data-same]"] }, options);
    }, options);
    seen.axe += passes.length;
    for (const { id, nodes } of violations) {
        for (const node of nodes.slice(0, 3)) {
            const why = node.failureSummary.replaceAll(/\s+/g, " ");
            problem(where, `axe ${id}: ${node.target} ${why} (${nodes.length} such)`);
        }
    }
}

// axe does not look at the text of an SVG.
async function legible(page, where) {
    const found = await page.evaluate(() => {
        const rgb = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
        const luminance = (colour) => {
            const [r, g, b] = colour.map((part) => part / 255)
                .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const contrast = (a, b) => {
            const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
            return (light + 0.05) / (dark + 0.05);
        };
        const fill = (element) => rgb(getComputedStyle(element).fill).slice(0, 3);
        const printing = matchMedia("print").matches;
        const page = printing ? [255, 255, 255] : rgb(getComputedStyle(document.documentElement).backgroundColor).slice(0, 3);
        const wrong = [];
        let looked = 0;
        const judge = (element, ground, least) => {
            looked += 1;
            const ratio = contrast(fill(element), ground);
            if (!(ratio >= least)) {
                wrong.push(`${element.getAttribute("class")} has ${ratio.toFixed(2)}, not ${least}`);
            }
        };
        const pictures = [...document.querySelectorAll("figure.timeline")];
        for (const figure of pictures) {
            const { width, height } = figure.querySelector("svg").getBoundingClientRect();
            if (width < 300 || height < 50) { wrong.push(`a picture of ${width} by ${height}`); }
            if (figure.querySelectorAll("details li").length === 0) { wrong.push("a picture without words"); }
            for (const bar of figure.querySelectorAll("rect.bar:not(.generation-unknown)")) { judge(bar, page, 3); }
            for (const text of figure.querySelectorAll("svg text")) {
                const bar = text.classList.contains("bar-label") && text.parentElement.querySelector("rect.bar");
                if (!bar) { judge(text, page, 4.5); }
                else if (!bar.classList.contains("generation-unknown")) { judge(text, fill(bar), 4.5); }
            }
            const gap = figure.querySelector("rect.gap");
            for (const text of figure.querySelectorAll(".gap-label")) { judge(text, fill(gap), 4.5); }
        }
        return { wrong: [...new Set(wrong)], looked, pictures: pictures.length };
    });
    seen.timelines += found.pictures;
    seen.colours += found.looked;
    for (const what of found.wrong) { problem(where, what); }
}

async function inTheme(page, name, theme, rules) {
    const where = `${name} ${theme}`;
    const chosen = await page.evaluate((theme) => {
        document.getElementById(`mdbook-theme-${theme}`).click();
        return document.documentElement.classList.contains(theme);
    }, theme);
    if (!chosen) { problem(where, "the theme cannot be chosen"); }
    await accessible(page, where, rules);
    await legible(page, where);
    await picture(page, where.replace(" ", "-"));
}

// Narrow, and then wide in the two themes that readers are given.
async function read(browser, name) {
    const context = await browser.newContext({ viewport: NARROW });
    const page = await open(context, name);
    seen.pages += 1;
    await page.evaluate(axe);
    await page.addStyleTag({ content: "* { transition: none !important }" });
    await fits(page, `${name} narrow`);
    await accessible(page, `${name} narrow`, ["scrollable-region-focusable", "region", "target-size"]);
    await picture(page, `${name}-narrow`);
    await page.setViewportSize(WIDE);
    await page.locator("#contents-toggle").click();
    await fits(page, `${name} wide`);
    await inTheme(page, name, "light");
    await inTheme(page, name, "navy", ["color-contrast"]);
    await context.close();
}

// The whole book on one page, in the themes that readers can choose, and on paper.
async function print(browser, name) {
    const context = await browser.newContext({ viewport: WIDE });
    const page = await open(context, name);
    await page.evaluate(axe);
    for (const theme of ["coal", "ayu", "rust", "navy"]) { await inTheme(page, name, theme, ["color-contrast"]); }
    await page.emulateMedia({ media: "print" });
    // Paper is white, whatever the theme: browsers print no backgrounds.
    await page.addStyleTag({ content: "*, *::before { background-color: transparent !important } html { background-color: #fff !important }" });
    await accessible(page, `${name} printed`, ["color-contrast"]);
    await legible(page, `${name} printed`);
    await picture(page, `${name}-printed`);
    if (screenshots) { await page.pdf({ path: join(screenshots, `${name}.pdf`) }); }
    await context.close();
}

async function byKeyboard(browser, name) {
    const context = await browser.newContext({ viewport: WIDE });
    const page = await open(context, name);
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => {
        const { left, top, right } = document.activeElement.getBoundingClientRect();
        return { text: document.activeElement.textContent, visible: left >= 0 && top >= 0 && right <= innerWidth };
    });
    if (first.text !== "Skip to the text" || !first.visible) { problem(name, `the first stop is ${JSON.stringify(first)}`); }
    else { await page.keyboard.press("Enter"); }
    if (!await page.evaluate(() => document.activeElement.matches("main"))) { problem(name, "the skip link does not skip"); }

    const toggle = page.locator("#contents-toggle");
    const shown = () => toggle.getAttribute("aria-expanded");
    const before = await shown();
    await toggle.focus();
    for (const key of ["Enter", "Space"]) {
        const now = await shown();
        await page.keyboard.press(key);
        if (await shown() === now) { problem(name, `${key} does not toggle the table of contents`); }
    }
    if (await shown() !== before) { problem(name, "the table of contents is not as before"); }

    await page.evaluate(() => {
        globalThis.turned = 0;
        navigation.addEventListener("navigate", () => { globalThis.turned += 1; });
    });
    for (const key of ["ArrowRight", "ArrowLeft"]) {
        await page.keyboard.press(key);
        const turned = await page.evaluate(() => globalThis.turned).catch(() => "gone");
        if (turned !== 0) { problem(name, `${key} turns the page`); }
    }

    await page.keyboard.press("/");
    await page.keyboard.type("handshake");
    const result = page.locator("#mdbook-searchresults li a").first();
    await result.waitFor();
    await page.evaluate(axe);
    await accessible(page, `${name} searching`, undefined);
    await picture(page, `${name}-searching`);
    await result.click();
    await page.locator("main mark").first().waitFor();
    await page.evaluate(axe);
    await accessible(page, `${name} found`, ["color-contrast"]);
    await context.close();
}

// A page reloads by itself when its source changes, and then stays.
async function reloads(browser, name) {
    const context = await browser.newContext({ viewport: WIDE });
    const page = await open(context, name);
    appendFileSync(join(copy, "src", name.replace(".html", ".md")), "\nA sentence that came later.\n");
    await page.getByText("A sentence that came later.").waitFor();
    await context.close();
}

if (screenshots) { mkdirSync(screenshots, { recursive: true }); }
const profile = mkdtempSync(join(tmpdir(), "browser-"));
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    env: { ...process.env, HOME: profile },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"],
});
try {
    const contents = await (await fetch(`http://${address}/toc.html`)).text();
    const pages = [...contents.matchAll(/href="([^"#]+\.html)"/g)].map((match) => match[1]);
    const chapter = pages.find((name) => name.startsWith("ch01-"));
    const tasks = [
        () => print(browser, "print.html"),
        () => byKeyboard(browser, chapter),
        ...[...pages, "404.html"].map((name) => () => read(browser, name)),
    ];
    // As many at a time as there are cores, on the machines that run this.
    const work = async () => { for (let task; (task = tasks.shift());) { await task(); } };
    await Promise.all([work(), work()]);
    await reloads(browser, pages[0]);
} finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(seen));
process.exitCode = problems === 0 ? 0 : 1;
