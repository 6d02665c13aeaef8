// Reads the served book in Chromium, as a reader would: `node check.mjs ADDRESS COPY SITE`.
//
// COPY is the folder that is served from: one test changes a chapter there; SITE is what was built from it. Prints what is
// wrong, a line each, and last what was looked at, as JSON. With SCREENSHOTS=DIR it leaves pictures there.
// MEMO is a folder of what was right before, JUDGE a hash of what judges, and BUILDER one of what builds and serves.
import { createRequire } from "node:module";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { allDecks } from "./decks.mjs";
import { Looks } from "./looks.mjs";
import { allThatMove } from "./moving.mjs";
import { judge, judgeTheJudge } from "./pictures.mjs";
import { allThatAsk } from "./quiz.mjs";

const [address, copy, site] = process.argv.slice(2);
const screenshots = process.env.SCREENSHOTS;
const BOUND = 120_000;
// By day and by night.
const THEMES = ["light", "navy"];
// Paper is white, whatever the theme: browsers print no backgrounds.
const PAPER = "@media print { *, *::before { background-color: transparent !important } html { background-color: #fff !important } }";
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
// A tablet, a small window, and the least width that has the contents beside the text.
const BETWEEN = [620, 850, 1080].map((width) => ({ width, height: 900 }));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const { MEMO: memo, JUDGE: judging, BUILDER: builder, LOOK_ANEW } = process.env;
const looks = new Looks({ memo, judge: judging, site, anew: LOOK_ANEW !== undefined || screenshots !== undefined });
const problem = (where, what) => looks.problem(where, what);
const count = (what, number = 1) => looks.count(what, number);

// A page that says so when something is wrong by itself.
async function open(context, name) {
    const page = await listen(context, () => name);
    await page.goto(`http://${address}/${name}`, { waitUntil: "load" });
    // What is far from the window is looked at, too.
    await page.addStyleTag({ content: "* { content-visibility: visible !important }" });
    return page;
}

// A page that is laid out piece by piece leads to the line that was asked for, however far down it is.
async function arrives(browser, name) {
    const context = await (await browser()).newContext({ viewport: NARROW });
    const page = await listen(context, () => name);
    await page.goto(`http://${address}/${name}`, { waitUntil: "load" });
    const lines = await page.locator("main h3").evaluateAll((all) => all.map(({ id }) => id));
    const unseen = await page.locator("main h3").last().evaluate((last) => !last.checkVisibility({ contentVisibilityAuto: true }));
    if (!unseen) { problem(name, "the last line is laid out before anyone goes there"); }
    for (const id of [lines.at(-1), lines[lines.length >> 1], lines[0]]) {
        await page.goto(`http://${address}/${name}#${id}`);
        const seen = (id) => {
            const { top, bottom } = document.getElementById(id).getBoundingClientRect();
            return top >= 0 && bottom <= innerHeight;
        };
        await page.waitForFunction(seen, id).catch(() => problem(name, `#${id} is not in the window`));
    }
    await context.close();
}

async function listen(context, where) {
    const page = await context.newPage();
    const later = looks.later();
    page.setDefaultTimeout(BOUND);
    // print.html opens the printer's dialogue by itself, and nobody is here to close it.
    await page.addInitScript(() => { globalThis.print = () => {}; });
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) { later(() => problem(where(), `console: ${message.text()}`)); }
    });
    page.on("pageerror", (error) => later(() => problem(where(), `exception: ${error.message}`)));
    page.on("request", (request) => later(() => {
        count("requests");
        const url = new URL(request.url());
        if (url.protocol === "data:") { return; }
        if (url.host !== address) { problem(where(), `asks elsewhere: ${url}`); }
        looks.asked(decodeURIComponent(url.pathname).slice(1));
    }));
    page.on("response", (response) => {
        if (response.status() >= 400) { later(() => problem(where(), `${response.status()} for ${response.url()}`)); }
    });
    return page;
}

// What the reader sees first, and each timeline.
async function picture(page, name) {
    if (!screenshots) { return; }
    await page.screenshot({ path: join(screenshots, `${name}.png`) });
    for (const kind of ["timeline", "picture"]) {
        for (const [number, figure] of (await page.locator(`figure.${kind}`).all()).entries()) {
            await figure.screenshot({ path: join(screenshots, `${name}-${kind}-${number + 1}.png`) });
        }
    }
}

// Nothing is wider than the page, but what scrolls by itself.
async function fits(page, where) {
    const { wide, width, who, codes, tables, cut, rows } = await page.evaluate(() => {
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
        // Code does not scroll either, nor does what is folded. Where carets stand below a line, that must not break.
        const folds = [...document.querySelectorAll("main details:not([open])")];
        for (const fold of folds) { fold.open = true; }
        // Nor may a row of a table.
        const codes = [...document.querySelectorAll("main pre > code:not(.carets, :has(.row))")]
            .filter((code) => code.scrollWidth > code.clientWidth + 1)
            .map((code) => `${code.className}: ${code.textContent.split("\n").toSorted((a, b) => b.length - a.length)[0]}`);
        const tables = [...document.querySelectorAll("main :is(.table-wrapper, .grid-table)")]
            .filter((table) => table.scrollWidth > table.clientWidth + 1)
            .map((table) => `${table.scrollWidth} on ${table.clientWidth}: ${table.textContent.slice(0, 60)}`);
        const rows = [...document.querySelectorAll("main pre > code .row")]
            .filter((row) => row.getClientRects().length > 1)
            .map((row) => row.textContent);
        for (const fold of folds) { fold.open = false; }
        // The title above, and the lines of a log.
        const cut = [...document.querySelectorAll(".menu-title, .log li, .log .what")]
            .filter((element) => element.scrollWidth > element.clientWidth + 1)
            .map((element) => `${element.scrollWidth} on ${element.clientWidth}: ${element.textContent.trim().slice(0, 60)}`);
        return { wide: document.documentElement.scrollWidth, width, who, codes, tables, cut, rows };
    });
    if (wide > width || who.length > 0) { problem(where, `${wide} wide on ${width}: ${who.slice(0, 3)}`); }
    for (const table of tables) { problem(where, `a table scrolls sideways: ${table}`); }
    for (const text of cut) { problem(where, `a text has no room: ${text}`); }
    for (const row of rows) { problem(where, `a row of a table breaks: ${row}`); }
    for (const code of codes) { problem(where, `code is wider than the page: ${code}`); }
}

// No word of the text breaks inside, but where the page allows it. Hashes have no room anywhere.
async function unbroken(page, where) {
    const broken = await page.evaluate(() => {
        const found = [];
        const range = document.createRange();
        const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
        const top = (node, at) => {
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            return range.getBoundingClientRect().bottom;
        };
        for (let node; (node = walker.nextNode());) {
            if (node.parentElement.closest("svg, pre, .log, .upright th")) { continue; }
            for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}“”"'_.,:;]{4,34}/gu)) {
                const first = top(node, index);
                if (first > 0 && top(node, index + word.length - 1) > first + 4) { found.push(word); }
            }
        }
        return found;
    });
    for (const word of broken) { problem(where, `a word breaks inside: ${word}`); }
}

// All of axe's rules, or these. Contrast is looked at where `mark` says.
async function accessible(page, where, rules) {
    const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
    const options = { resultTypes: ["violations"], elementRef: false, preload: { assets: ["media"] }, ...only };
    report(where, await page.evaluate((options) => globalThis.axe.run(document, options), options));
}

// axe's time goes with the number of elements. Code is thousands of words in a dozen colours: of
// each colour one word stays an element.
async function thin(page) {
    await page.evaluate(() => {
        const seen = new Set();
        for (const code of document.querySelectorAll("pre > code")) {
            for (const word of code.querySelectorAll("span, wbr")) {
                const kind = `${code.className} ${word.className}`;
                if (seen.has(kind)) { word.replaceWith(...word.childNodes); }
                seen.add(kind);
            }
            code.normalize();
        }
    });
}

// The same where a page is only looked at for its colours: of paragraphs, tables and so on that are
// marked up with the same elements and classes, the first stays. Pictures stay, as `legible` looks
// at each of their shapes.
async function thinner(page) {
    await thin(page);
    await page.evaluate(() => {
        const kind = (element) => {
            const row = element.matches("tr, td, th") ? [...element.parentElement.children].indexOf(element) % 2 : "";
            return `${element.localName}.${element.className}${row}`;
        };
        const kinds = new Set();
        for (const block of document.querySelectorAll("main > *, main li, main tr")) {
            const isPicture = block.closest("figure") || block.querySelector("figure.timeline, figure.picture");
            if (!block.isConnected || isPicture) { continue; }
            const inside = [block, ...block.querySelectorAll("*")].map((element) => {
                let chain = "";
                for (let up = element; up.localName !== "main"; up = up.parentElement) { chain += `${kind(up)} `; }
                return chain;
            });
            if (inside.every((chain) => kinds.has(chain))) { block.remove(); }
            inside.forEach((chain) => kinds.add(chain));
        }
    });
}

// axe does not look into a picture: its shapes go, once `legible` has seen them.
async function withoutShapes(page) {
    await page.evaluate(() => {
        for (const shape of document.querySelectorAll("figure:is(.timeline, .picture) svg :is(rect, text, tspan, line, path, circle, polygon, polyline)")) {
            if (!["id", "role", "tabindex"].some((name) => shape.hasAttribute(name)) && !shape.closest("a")) { shape.remove(); }
        }
    });
}

// Marks the texts whose contrast is to be looked at, in the theme that is chosen. Texts of one colour,
// size and weight on one ground have one contrast: of those, the first that can be seen is marked.
async function mark(page) {
    count("texts", await page.evaluate(() => {
        const styles = new Map();
        const style = (element) => {
            if (!styles.has(element)) { styles.set(element, getComputedStyle(element)); }
            return styles.get(element);
        };
        // What is behind an element: each ground up to the first that nothing shines through.
        const grounds = new Map();
        const ground = (element) => {
            if (!element) { return ""; }
            if (!grounds.has(element)) {
                const { backgroundColor, backgroundImage, opacity } = style(element);
                const opaque = /^rgb\(/.test(backgroundColor) && backgroundImage === "none" && opacity === "1";
                const own = `${backgroundColor} ${backgroundImage} ${opacity}`;
                grounds.set(element, opaque ? own : `${own} / ${ground(element.parentElement)}`);
            }
            return grounds.get(element);
        };
        const kinds = new Set();
        for (const element of document.body.querySelectorAll("*")) {
            element.removeAttribute("data-contrast");
            const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
            if (!text || element.closest("svg") || !element.checkVisibility({ visibilityProperty: true })) { continue; }
            const { color, fontSize, fontWeight, textShadow } = style(element);
            const kind = [color, fontSize, fontWeight, textShadow, ground(element)].join(" | ");
            if (!kinds.has(kind)) { element.setAttribute("data-contrast", ""); }
            kinds.add(kind);
        }
        return kinds.size;
    }));
}

// The contrast of every text, and nothing else.
async function contrasting(page, where) {
    await mark(page);
    await accessible(page, where, ["color-contrast"]);
}

function report(where, { violations, passes }) {
    count("axe", passes.length);
    for (const { id, nodes } of violations) {
        for (const node of nodes.slice(0, 3)) {
            const why = node.failureSummary.replaceAll(/\s+/g, " ");
            problem(where, `axe ${id}: ${node.target} ${why} (${nodes.length} such)`);
        }
    }
}

// The labels of the pictures, as large as they are here.
async function labelled(page, where) {
    const { wrong, labels, pictures } = await judge(page);
    count("pictures", pictures);
    count("labels", labels);
    for (const what of wrong) { problem(where, what); }
}

// axe does not look at the text of an SVG.
async function legible(page, where) {
    await labelled(page, where);
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
    count("timelines", found.pictures);
    count("colours", found.looked);
    for (const what of found.wrong) { problem(where, what); }
}

async function choose(page, where, theme) {
    if (await page.evaluate((theme) => document.documentElement.classList.contains(theme), theme)) { return; }
    const chosen = await page.evaluate((theme) => {
        const choice = document.getElementById("theme-choice");
        choice.value = theme;
        choice.dispatchEvent(new Event("change"));
        return document.documentElement.classList.contains(theme);
    }, theme);
    if (!chosen) { problem(where, "the theme cannot be chosen"); }
    await drawn(page);
}

// Shows the table of contents, or hides it.
async function contents(page, shown) {
    await page.evaluate((shown) => {
        const toggle = document.getElementById("contents-toggle");
        if (toggle.getAttribute("aria-expanded") !== String(shown)) { toggle.click(); }
    }, shown);
}

// The page has been laid out, and what watches for that has been told: it is told in the frame after.
async function drawn(page) {
    await page.evaluate(() => new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
    }));
}

// axe, which looks at the contrast of those texts alone that are marked; and colours that change at once.
async function equip(page) {
    await page.evaluate(axe);
    await page.evaluate(() => {
        globalThis.axe.configure({ rules: [{ id: "color-contrast", selector: "[data-contrast]" }] });
    });
    await page.addStyleTag({ content: "* { transition: none !important }" });
}

// Each page narrow, and then wide, in one theme: what it says is read in all of them where the whole
// book is on one page. One window turns the pages, so that what they share is fetched once.
async function read(browser, theme, names) {
    let name, context, page;
    for (name of names) {
        await looks.look(`read ${theme}`, [name], async () => {
            if (!page) {
                context = await (await browser()).newContext({ viewport: NARROW });
                await context.addInitScript((theme) => { localStorage.setItem("mdbook-theme", theme); }, theme);
                page = await listen(context, () => `${name} ${theme}`);
            }
            await page.setViewportSize(NARROW);
            await page.goto(`http://${address}/${name}`, { waitUntil: "load" });
            count("pages");
            await readIt(page, name, theme);
        });
    }
    await context?.close();
}

async function readIt(page, name, theme) {
    const where = `${name} ${theme}`;
    await equip(page);
    await fits(page, `${where} narrow`);
    await labelled(page, `${where} narrow`);
    await picture(page, `${name}-${theme}-narrow`);
    for (const between of theme === THEMES[0] ? BETWEEN : []) {
        await page.setViewportSize(between);
        await contents(page, between.width >= 1080);
        await fits(page, `${where} ${between.width}`);
    }
    await page.setViewportSize(WIDE);
    await contents(page, true);
    await fits(page, `${where} wide`);
    await unbroken(page, `${where} wide`);
    const kept = await page.evaluate((theme) => document.documentElement.classList.contains(theme), theme);
    if (!kept) { problem(where, "the theme that was chosen before is forgotten"); }
    await legible(page, where);
    await picture(page, `${name}-${theme}`);
    await thin(page);
    await withoutShapes(page);
    await mark(page);
    await accessible(page, where);
    await contents(page, false);
    await page.setViewportSize(NARROW);
    await drawn(page);
    await accessible(page, `${where} narrow`, ["scrollable-region-focusable", "region", "target-size"]);
}

// The whole book on one page, in the themes that readers can choose, and on paper.
async function print(browser, name, chapters) {
    const context = await (await browser()).newContext({ viewport: WIDE });
    const page = await open(context, name);
    await equip(page);
    await page.addStyleTag({ content: PAPER });
    const there = await page.locator("main h1").count();
    if (there !== chapters) { problem(name, `${there} chapters of ${chapters}`); }
    if (screenshots) { await pictures(page, name); }
    await page.emulateMedia({ media: "print" });
    const columns = await page.evaluate(() => getComputedStyle(document.querySelector("main")).columnCount);
    if (columns !== "auto") { problem(name, `the book is printed in ${columns} columns`); }
    await page.emulateMedia({ media: "screen" });
    await thinner(page);
    for (const theme of THEMES) {
        await choose(page, `${name} ${theme}`, theme);
        await coloured(page, `${name} ${theme}`);
        // Whatever the theme, paper has the same colours.
        await page.emulateMedia({ media: "print" });
        await coloured(page, `${name} ${theme} printed`);
        await page.emulateMedia({ media: "screen" });
    }
    await context.close();
}

// The contrast of all that has a colour.
async function coloured(page, where) {
    await legible(page, where);
    await page.evaluate(() => {
        globalThis.shapes = [...document.querySelectorAll("figure:is(.timeline, .picture) svg")].map((svg) => [svg, [...svg.childNodes]]);
        for (const [svg] of globalThis.shapes) { svg.replaceChildren(); }
    });
    await contrasting(page, where);
    await page.evaluate(() => {
        for (const [svg, shapes] of globalThis.shapes) { svg.replaceChildren(...shapes); }
    });
}

async function pictures(page, name) {
    await page.emulateMedia({ media: "print" });
    await picture(page, `${name}-printed`);
    await page.pdf({ path: join(screenshots, `${name}.pdf`) });
    await page.emulateMedia({ media: "screen" });
    for (const theme of THEMES) {
        await choose(page, `${name} ${theme}`, theme);
        await picture(page, `${name}-${theme}`);
    }
}

async function byKeyboard(browser, name) {
    const context = await (await browser()).newContext({ viewport: WIDE });
    const page = await open(context, name);
    for (const what of await judgeTheJudge(page)) { problem(name, what); }
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => {
        const { left, top, right } = document.activeElement.getBoundingClientRect();
        return { text: document.activeElement.textContent, visible: left >= 0 && top >= 0 && right <= innerWidth };
    });
    if (first.text !== "Skip to the text" || !first.visible) { problem(name, `the first stop is ${JSON.stringify(first)}`); }
    else { await page.keyboard.press("Enter"); }
    if (!await page.evaluate(() => document.activeElement.matches("#mdbook-content"))) { problem(name, "the skip link does not skip"); }

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
    await equip(page);
    await picture(page, `${name}-searching`);
    await thinner(page);
    await withoutShapes(page);
    await mark(page);
    await accessible(page, `${name} searching`);
    // A line that is pasted by a mouse or a thumb comes without a key.
    for (const pasted of ["torn pair", "handshake"]) {
        await page.locator("#mdbook-searchbar").fill(pasted);
        await page.locator("#mdbook-searchresults-header", { hasText: `'${pasted}'` }).waitFor();
    }
    await titled(page, name);
    await page.locator("#mdbook-searchbar").fill("handshake");
    await page.locator("#mdbook-searchresults-header", { hasText: "'handshake'" }).waitFor();
    await result.click();
    await page.locator("main mark").first().waitFor();
    await equip(page);
    await thinner(page);
    await withoutShapes(page);
    await contrasting(page, `${name} found`);
    await context.close();
}

// The title of what was found reads as on its page, also where it has signs of HTML or a marked word.
async function titled(page, name) {
    for (const [pasted, title] of [
        ["No required SSL certificate was sent", "<center>No required SSL certificate was sent</center>"],
        ["cannot load certificate key", 'cannot load certificate key "file": BIO_new_file() failed'],
    ]) {
        await page.locator("#mdbook-searchbar").fill(pasted);
        await page.locator("#mdbook-searchresults-header", { hasText: `'${pasted}'` }).waitFor();
        const titles = await page.locator("#mdbook-searchresults li a").allTextContents();
        if (!titles.some((found) => found.includes(title))) { problem(name, `the search shows no title ${title}`); }
    }
}

// The pictures that move, each on its page.
async function moving(browser, pages) {
    await allThatMove({ browser, open, looks, address, pages, viewport: NARROW });
}

// The questions, each on its page; and one page with verdicts, by day and by night.
async function asking(browser, pages) {
    const inspect = async (page, name) => {
        await equip(page);
        await accessible(page, `${name} answered`);
        for (const theme of THEMES) {
            await choose(page, `${name} answered ${theme}`, theme);
            await contrasting(page, `${name} answered ${theme}`);
            await picture(page, `${name}-answered-${theme}`);
        }
    };
    await allThatAsk({ browser, open, inspect, looks, address, pages, viewport: NARROW });
}

// The decks of slides.
async function decks(browser) {
    const inspect = async (page, name) => {
        await equip(page);
        await thinner(page);
        await withoutShapes(page);
        await mark(page);
        await accessible(page, name);
    };
    const shoot = async (page, name) => {
        if (!screenshots) { return; }
        const file = name.replaceAll("/", "-");
        for (const [number, slide] of (await page.locator(".slide").all()).entries()) {
            await slide.screenshot({ path: join(screenshots, `${file}-${String(number + 1).padStart(2, "0")}.png`) });
        }
        await page.emulateMedia({ media: "print" });
        await page.pdf({ path: join(screenshots, `${file}.pdf`), preferCSSPageSize: true, printBackground: true });
        await page.emulateMedia({ media: "screen" });
    };
    await allDecks({ browser, listen, looks, address, themes: THEMES, inspect, shoot });
}

// A page reloads by itself when its source changes, and then stays.
async function reloads(browser, name) {
    const context = await (await browser()).newContext({ viewport: WIDE });
    const page = await open(context, name);
    appendFileSync(join(copy, "src", name.replace(".html", ".md")), "\nA sentence that came later.\n");
    await page.getByText("A sentence that came later.").waitFor();
    await context.close();
}

if (screenshots) { mkdirSync(screenshots, { recursive: true }); }
const profile = mkdtempSync(join(tmpdir(), "browser-"));
// Only where there is something to look at.
let launched;
const browser = () => launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM,
    env: { ...process.env, HOME: profile },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
        // The collector and the compiler at the side cost more than they save where two windows fill both cores.
        "--js-flags=--single-threaded"],
});
try {
    const first = await (await fetch(`http://${address}/index.html`)).text();
    const contents = first.slice(first.indexOf('<nav id="mdbook-sidebar"'), first.indexOf("</nav>"));
    const pages = [...contents.matchAll(/href="([^"#]+\.html)"/g)].map((match) => match[1]);
    const chapter = pages.find((name) => name.startsWith("ch01-"));
    // Every other page is read by night, and the one that no chapter is like in both themes.
    const turns = THEMES.map((theme, turn) => {
        const names = pages.filter((_, at) => at % THEMES.length === turn);
        return looks.window(() => read(browser, theme, [...names, "404.html"]));
    });
    await Promise.all([
        looks.alone(`print ${pages.length}`, ["print.html"], () => print(browser, "print.html", pages.length)),
        looks.alone("by keyboard", looks.all, () => byKeyboard(browser, chapter)),
        looks.alone("arrives", ["symptoms.html"], () => arrives(browser, "symptoms.html")),
        looks.window(() => moving(browser, pages)),
        looks.window(() => asking(browser, pages)),
        looks.window(() => decks(browser)),
        ...turns,
    ]);
    await looks.alone(`reloads ${builder}`, looks.all, () => reloads(browser, pages[0]));
} finally {
    await (await launched)?.close();
    rmSync(profile, { recursive: true, force: true });
}
const none = { pages: 0, axe: 0, texts: 0, timelines: 0, pictures: 0, moving: 0, states: 0, labels: 0, questions: 0, colours: 0, requests: 0, decks: 0, slides: 0 };
console.log(`looked ${looks.looked} times; ${looks.unchanged} looks were right before, at what has not changed since`);
console.log(JSON.stringify({ ...none, ...looks.totals() }));
process.exitCode = looks.problems === 0 ? 0 : 1;
