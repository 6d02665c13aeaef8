// The decks of slides: each slide fits its 1,280 by 720 pixels, by day or by night, and its page when it is printed.

const SLIDE = { width: 1280, height: 720 };
// In pixels: code that is smaller cannot be read from the back of a room.
const CODE = 18;
// A label of a picture is not read out, and has to be told from its neighbours.
const LABEL = 12;

// What does not fit on the slides of a page, or is too small.
const unfit = (page) => page.evaluate(([least, label]) => {
    const wrong = [];
    for (const slide of document.querySelectorAll(".slide")) {
        const box = slide.getBoundingClientRect();
        const name = `${slide.id} (${slide.querySelector("h1, h2")?.textContent ?? "without a title"})`;
        const deep = slide.scrollHeight - slide.clientHeight;
        if (deep > 1) { wrong.push(`${name} is ${deep} px too high`); }
        for (const part of slide.querySelectorAll("pre > code, table, .log, figure svg, p, li")) {
            const { right, bottom, height } = part.getBoundingClientRect();
            const wide = Math.max(right - box.right, part.matches("pre > code") ? part.scrollWidth - part.clientWidth : 0);
            if (wide > 1) { wrong.push(`${name}: ${part.localName} is ${Math.round(wide)} px too wide`); }
            if (bottom > box.bottom + 1) { wrong.push(`${name}: ${part.localName} ends below the slide`); }
            if (part.matches("svg") && !part.closest("td, li") && height < 120) { wrong.push(`${name}: a picture of ${Math.round(height)} px`); }
        }
        for (const text of slide.querySelectorAll("svg text")) {
            const { a, b } = text.getScreenCTM();
            const size = Math.hypot(a, b) * parseFloat(getComputedStyle(text).fontSize);
            if (size < label) { wrong.push(`${name}: a label of ${size.toFixed(1)} px`); }
        }
        for (const code of slide.querySelectorAll("pre > code, .log")) {
            const size = parseFloat(getComputedStyle(code).fontSize);
            if (size < least - 0.01) { wrong.push(`${name}: code of ${size} px`); }
        }
    }
    return [...new Set(wrong)];
}, [CODE, LABEL]);

// A projector of few pixels, or half of a screen. In a talk nobody scrolls a table that is too high.
const SMALL = { width: 960, height: 540 };
const cut = (page) => page.evaluate(() => [...document.querySelectorAll(".slide .grid-table")]
    .filter((table) => table.scrollHeight > table.clientHeight + 1)
    .map((table) => `${table.closest(".slide").id}: a table of ${table.scrollHeight} px has ${table.clientHeight}`));

// On a phone a deck is a text with pictures, and those have to be there.
const PHONE = { width: 390, height: 844 };
export const unseen = (page) => page.evaluate(() => [...document.querySelectorAll(".slide figure svg")]
    .filter((svg) => !svg.closest("td, li") && svg.getBoundingClientRect().height < 60)
    .map((svg) => `${svg.closest(".slide").id}: a picture of ${Math.round(svg.getBoundingClientRect().height)} px on a phone`));

// On paper a slide and its notes share a page, which is 960 px high.
const unprinted = (page) => page.evaluate(() => [...document.querySelectorAll(".notes")]
    .filter((notes) => notes.getBoundingClientRect().height > 240)
    .map((notes) => `${notes.previousElementSibling.id}: its notes are too long for a page`));

// On paper each slide has a page of its own.
async function paged(page) {
    const slides = await page.locator(".slide").count();
    const paper = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    const pages = paper.match(/\/Type ?\/Page\b(?!s)/g)?.length ?? 0;
    return pages === slides ? [] : [`${slides} slides are printed on ${pages} pages`];
}

// That `unfit` finds what does not fit.
async function spoil(page) {
    await page.evaluate(() => {
        const [high, small] = document.querySelectorAll(".slide");
        high.insertAdjacentHTML("beforeend", "<p style='height: 80rem'>x</p>");
        small.insertAdjacentHTML("beforeend", "<pre><code style='font-size: 12px; white-space: pre'></code></pre>");
        small.querySelector("pre > code").textContent = "x".repeat(400);
        small.insertAdjacentHTML("beforeend", "<svg width='9' height='9' viewBox='0 0 9 9'><text style='font-size: 3px'>x</text></svg>");
        document.querySelector(".notes").insertAdjacentHTML("beforeend", "<p style='height: 30rem'>x</p>");
    });
    const found = await unfit(page);
    await page.emulateMedia({ media: "print" });
    found.push(...await unprinted(page));
    const wanted = ["too high", "too wide", "code of 12 px", "a label of 3.0 px", "notes are too long"];
    return wanted.filter((what) => !found.join("\n").includes(what)).map((what) => `the check does not see that it is ${what}`);
}

// Arrows and space turn the slides, and `n` shows the notes.
async function turned(page) {
    const wrong = [];
    const at = () => page.evaluate(() => Math.round(scrollY / document.querySelector(".slide").getBoundingClientRect().height));
    await page.evaluate(() => scrollTo(0, 0));
    for (const [key, slide] of [["ArrowRight", 1], ["Space", 2], ["ArrowLeft", 1], ["Home", 0]]) {
        await page.keyboard.press(key);
        const now = await at();
        if (now !== slide) { wrong.push(`${key} leads to slide ${now + 1}, not ${slide + 1}`); }
    }
    await page.keyboard.press("n");
    if (!await page.locator(".notes").first().isVisible()) { wrong.push("`n` shows no notes"); }
    await page.keyboard.press("n");
    await page.keyboard.press("?");
    if (!await page.locator("dialog[open]").isVisible()) { wrong.push("`?` shows no keys"); }
    await page.keyboard.press("Escape");
    return wrong;
}

// All decks, in one window: every other one by night. Counts them and their slides.
export async function allDecks({ browser, listen, looks, address, themes, inspect, shoot }) {
    const list = await (await fetch(`http://${address}/slides.html`)).text();
    const decks = [...new Set([...list.matchAll(/href="(slides\/ch\d\d\.html)"/g)].map((match) => match[1]))];
    let name, context, page;
    for (const [number, deck] of decks.entries()) {
        name = deck;
        // By its number the first does more than others, and each has its theme.
        await looks.look(`a deck, ${Math.min(number, 2 + number % 2)}`, [deck], async () => {
            context ??= await (await browser()).newContext({ viewport: SLIDE });
            page ??= await listen(context, () => name);
            await one(page, { number, deck, looks, address, themes, inspect, shoot });
        });
    }
    await context?.close();
}

async function one(page, { number, deck, looks, address, themes, inspect, shoot }) {
    await page.emulateMedia({ media: "screen", colorScheme: number % 2 === 0 ? "light" : "dark" });
    await page.goto(`http://${address}/${deck}`, { waitUntil: "load" });
    const say = (what) => looks.problem(deck, what);
    const theme = await page.evaluate(() => document.documentElement.className);
    if (!theme.includes(themes[number % 2])) { say(`is not ${themes[number % 2]}`); }
    looks.count("decks", 1);
    looks.count("slides", await page.locator(".slide").count());
    (await unfit(page)).forEach(say);
    if (number === 0) { (await turned(page)).forEach(say); }
    await shoot(page, deck);
    await page.emulateMedia({ media: "print" });
    (await unprinted(page)).forEach(say);
    if (number === 0) { (await paged(page)).forEach(say); }
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize(SMALL);
    (await cut(page)).forEach(say);
    await page.setViewportSize(PHONE);
    (await unseen(page)).forEach(say);
    await page.setViewportSize(SLIDE);
    if (number < 2) { await inspect(page, deck); }
    if (number === 0) { (await spoil(page)).forEach(say); }
}
