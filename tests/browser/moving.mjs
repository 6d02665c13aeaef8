// The pictures that move: their buttons and keys do what they say, every state is legible, and without
// scripts there is a picture all the same.
import { judge } from "./pictures.mjs";

const SCRIPT = "pictures/moving.js";

// The pictures that move, each on its page, with scripts and without; and no other page loads the script.
// `open` opens a page in a context, and says what goes wrong there by itself.
export async function allThatMove({ browser, open, looks, address, pages, viewport }) {
    const wrong = (what) => looks.problem("moving", what);
    const read = async (name) => (await fetch(`http://${address}/${name}`)).text();
    let scripted, plain;
    for (const name of pages) {
        const text = await read(name);
        const [figures, scripts] = ['<figure class="picture moves"', `src="${SCRIPT}"`].map((part) => text.split(part).length - 1);
        if (figures !== scripts) { wrong(`${name}: ${figures} pictures that move, and ${scripts} scripts`); }
        if (figures === 0) { continue; }
        await looks.look("moving", [name], async () => {
            scripted ??= await (await browser()).newContext({ viewport });
            plain ??= await (await browser()).newContext({ viewport, javaScriptEnabled: false });
            const page = await open(scripted, name);
            const moved = await moves(page, name);
            if (moved.figures !== figures) { wrong(`${name}: ${moved.figures} of ${figures} pictures move`); }
            looks.count("moving", moved.figures);
            looks.count("states", moved.states);
            const without = await plain.newPage();
            await without.goto(`http://${address}/${name}`, { waitUntil: "load" });
            for (const what of [...moved.wrong, ...await motion(page, name), ...await still(without, name)]) { wrong(what); }
        });
    }
    const { length } = await read(SCRIPT);
    if (!(length > 0 && length < 6_000)) { wrong(`${SCRIPT}: ${length} bytes`); }
    await scripted?.close();
    await plain?.close();
}

// What a figure shows: how far it is, its sentence, and each of its cells.
function shown(page, id) {
    return page.evaluate((id) => {
        const figure = document.getElementById(id);
        const cells = [...figure.querySelectorAll("svg [data-cell]")].map((cell) => cell.getAttribute("class") + cell.getAttribute("d") + cell.textContent);
        return {
            place: figure.querySelector("output").textContent,
            said: figure.querySelector(".said").textContent,
            drawn: cells.join("\n"),
            disabled: [...figure.querySelectorAll("button")].map((button) => button.getAttribute("aria-disabled")),
        };
    }, id);
}

// All pictures of a page that move, by every button and key.
async function moves(page, where) {
    const found = { wrong: [], states: 0, figures: 0 };
    const ids = await page.locator("figure.moves").evaluateAll((figures) => figures.map((figure) => figure.id));
    for (const id of ids) {
        found.figures += 1;
        const wrong = (what) => { found.wrong.push(`${where}: ${id}: ${what}`); };
        await page.locator(`#${id} .controls`).waitFor({ state: "visible" });
        await page.locator(`#${id} .chosen`).waitFor({ state: "visible" });
        await byButtons(page, id, wrong, found);
        await byKeys(page, id, wrong);
    }
    return found;
}

// Every value of every choice, and from the first of its states to the last.
async function byButtons(page, id, wrong, found) {
    const [previous, next] = await page.locator(`#${id} button`).all();
    const choices = await page.locator(`#${id} select`).all();
    const options = await Promise.all(choices.map((choice) => choice.locator("option").evaluateAll((all) => all.map(({ value }) => value))));
    const all = options.reduce((before, values) => before.flatMap((chosen) => values.map((value) => [...chosen, value])), [[]]);
    for (const chosen of all) {
        for (const [at, value] of chosen.entries()) { await choices[at].selectOption(value); }
        // As often as it takes to be at the first: where it stood before is another test's.
        while ((await shown(page, id)).disabled[0] === "false") { await previous.press("Enter"); }
        const seen = new Set();
        for (;;) {
            const state = await shown(page, id);
            const [at, of] = state.place.split(" of ").map(Number);
            found.states += 1;
            for (const what of (await judge(page, `#${id} svg`)).wrong) { wrong(`${chosen} ${state.place}: ${what}`); }
            if (at !== seen.size + 1) { wrong(`${chosen}: after ${seen.size} steps it is at ${state.place}`); }
            seen.add(state.said);
            if (seen.size !== at) { wrong(`${chosen}: ${state.place} says what another said`); }
            if (state.disabled[1] === "true") {
                if (at !== of) { wrong(`${chosen}: ends at ${state.place}`); }
                break;
            }
            // With the mouse once, and then by the key, which is quicker and asks for the same.
            if (at === 1) { await next.click(); } else { await next.press("Enter"); }
        }
        const last = await shown(page, id);
        await next.press("Space");
        if ((await shown(page, id)).place !== last.place) { wrong(`${chosen}: it goes beyond its end`); }
    }
}

// The keys are the picture's own while it has the focus, and nobody's otherwise.
async function byKeys(page, id, wrong) {
    await page.locator(`#${id} select`).first().selectOption({ index: 0 });
    const stage = page.locator(`#${id} .moving`);
    const press = async (key) => {
        await page.keyboard.press(key);
        return (await shown(page, id)).place;
    };
    await stage.focus();
    const of = (await press("Home")).split(" of ")[1];
    for (const [key, place] of [["ArrowRight", 2], ["ArrowRight", 3], ["ArrowLeft", 2], ["End", of], ["Home", 1]]) {
        const now = await press(key);
        if (now !== `${place} of ${of}`) { wrong(`${key} leads to ${now}`); }
    }
    await page.keyboard.press("ArrowRight");
    const drawn = await shown(page, id);
    // Neither with a modifier, which is the browser's, nor from a button.
    for (const [from, key] of [[stage, "Shift+ArrowRight"], [page.locator(`#${id} button`).first(), "ArrowRight"], [page.locator("#mdbook-sidebar-toggle, #contents-toggle").first(), "ArrowRight"]]) {
        await from.focus();
        const now = await press(key);
        if (now !== drawn.place) { wrong(`${key} moves it, from elsewhere`); }
    }
}

// Without scripts: the picture in one state, its sentence, and no button that does nothing.
async function still(page, where) {
    const wrong = [];
    for (const figure of await page.locator("figure.moves").all()) {
        const id = await figure.getAttribute("id");
        const { buttons, asks, said, empty, texts } = await figure.evaluate((figure) => ({
            buttons: [...figure.querySelectorAll("button, select")].filter((control) => control.checkVisibility()).length,
            asks: /\b(Choose|buttons)\b/.test(figure.querySelector("figcaption").innerText),
            said: figure.querySelector(".said").textContent,
            empty: [...figure.querySelectorAll("svg path[data-cell]")].filter((path) => !path.getAttribute("d")).length,
            texts: [...figure.querySelectorAll("svg text")].filter((text) => text.textContent.trim()).length,
        }));
        if (buttons > 0) { wrong.push(`${where}: ${id}: ${buttons} controls that do nothing`); }
        if (asks) { wrong.push(`${where}: ${id}: its caption asks for buttons that are not there`); }
        if (said.length < 20 || texts < 6 || empty > 0) { wrong.push(`${where}: ${id}: it is empty without scripts`); }
        for (const what of (await judge(page, `#${id} svg`)).wrong) { wrong.push(`${where}: ${id}: ${what}`); }
    }
    return wrong;
}

// Who asked for less motion gets none.
async function motion(page, where) {
    const durations = [];
    for (const reducedMotion of ["reduce", "no-preference"]) {
        await page.emulateMedia({ reducedMotion });
        durations.push(await page.evaluate(() => {
            const rects = [...document.querySelectorAll("figure.moves rect")];
            return rects.map((rect) => getComputedStyle(rect).transitionDuration).join();
        }));
    }
    const [reduced, usual] = durations;
    if (usual === "") { return []; }
    const right = /^0s(,0s)*$/.test(reduced) && !usual.includes("0s,") && !usual.endsWith(",0s");
    return right ? [] : [`${where}: moves for ${durations.join(" and ")}`];
}
