// "Check yourself": each question judges each of its choices, the score and what to read again are kept, and
// without scripts and on paper there are answers all the same.
const SCRIPT = /src="([^"]*quiz[^"/]*\.js)"/;
// As small as a finger.
const FINGER = 44;

// The questions of all pages, with scripts and without; and no other page loads the script. `open` opens a page
// in a context; `inspect` has axe look at a page that has verdicts.
export async function allThatAsk({ browser, open, inspect, looks, address, pages, viewport }) {
    let script, plain;
    for (const name of pages) {
        const wrong = (what) => looks.problem("asking", `${name}: ${what}`);
        const text = await (await fetch(`http://${address}/${name}`)).text();
        const asks = text.includes('<section class="quiz">');
        const found = text.match(SCRIPT)?.[1];
        if (asks !== (found !== undefined)) { wrong(`${asks ? "asks" : "does not ask"}, and loads ${found}`); }
        if (!asks) { continue; }
        const isFirst = script === undefined;
        script ??= found;
        await looks.look(isFirst ? "asking, the first" : "asking", [name], async () => {
            const scripted = await (await browser()).newContext({ viewport });
            plain ??= await (await browser()).newContext({ viewport, javaScriptEnabled: false });
            const page = await open(scripted, name);
            looks.count("questions", await everyChoice(page, wrong));
            if (isFirst) {
                await byKeys(page, wrong);
                await keeps(page, wrong);
                await inspect(page, name);
            }
            await scripted.close();
            await unscripted(plain, `http://${address}/${name}`, wrong);
        });
    }
    const { length } = await (await fetch(`http://${address}/${script}`)).text();
    if (!(length > 0 && length < 4_000)) { looks.problem("asking", `${script}: ${length} bytes`); }
    await plain?.close();
}

// Each choice of each question, alone: the verdict is that of the folded answer, with its reason. Then all that is
// right: the score is full. Answers are typed as people type.
async function everyChoice(page, wrong) {
    const { faults, questions } = await page.evaluate((finger) => {
        const faults = [];
        const questions = [...document.querySelectorAll(".quiz fieldset")];
        const score = () => document.querySelector(".quiz .score").textContent;
        const verdict = (question) => question.querySelector(".verdict").textContent;
        const check = (question) => { question.querySelector("button:not(.copy)").click(); };
        const expect = (question, is, ...words) => {
            const said = verdict(question);
            const starts = is ? "Right." : "Not quite.";
            for (const word of [starts, ...words]) { if (!said.includes(word)) { faults.push(`${question.id}: no "${word}" in "${said}"`); } }
            if (question.classList.contains("right") !== is) { faults.push(`${question.id}: ${question.className}, though ${is}`); }
        };
        let full = 0;
        for (const question of questions) {
            for (const target of question.querySelectorAll("label, button:not(.copy), summary, input[type=text]")) {
                const { height } = target.getBoundingClientRect();
                if (height < finger) { faults.push(`${question.id}: ${target.localName} is ${height} high`); }
            }
            const [again] = question.querySelectorAll(".again a");
            if (score() !== (full > 0 ? `${full} of ${questions.length} right. ` : "")) { faults.push(`${question.id}: before, ${score()}`); }
            check(question);
            if (verdict(question) !== "Answer first.") { faults.push(`${question.id}: of no answer, ${verdict(question)}`); }
            const text = question.querySelector("input[type=text]");
            if (text) {
                text.value = "something else";
                check(question);
                expect(question, false, again.textContent);
                for (const answer of text.dataset.accepts.split("|")) {
                    const thousands = answer.replace(/^\d{5,}/, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ","));
                    for (const typed of [answer, ` ${answer.toUpperCase()}. `, `The ${answer}!`, `"${thousands}"`]) {
                        text.value = typed;
                        check(question);
                        expect(question, true, question.querySelector("details .right span").textContent);
                    }
                }
            } else {
                const boxes = [...question.querySelectorAll("label input")];
                const reasons = [...question.querySelectorAll("details li")];
                const fits = reasons.map((reason) => reason.classList.contains("right"));
                if (boxes.length !== reasons.length || !fits.includes(true)) { faults.push(`${question.id}: ${fits}`); }
                const only = fits.filter(Boolean).length === 1;
                for (const [at, box] of boxes.entries()) {
                    for (const other of boxes) { other.checked = false; }
                    box.checked = true;
                    check(question);
                    const is = fits[at] && only;
                    expect(question, is, is || !fits[at] ? reasons[at].querySelector("span").textContent : "Something is missing.", ...(is ? [] : [again.textContent]));
                    if (!is && !score().includes(again.textContent)) { faults.push(`${question.id}: the score does not say what to read: ${score()}`); }
                }
                for (const [at, box] of boxes.entries()) { box.checked = fits[at]; }
                check(question);
                expect(question, true, ...reasons.filter((_, at) => fits[at]).map((reason) => reason.querySelector("span").textContent));
            }
            full += 1;
        }
        if (score() !== `${full} of ${full} right. `) { faults.push(`in the end, ${score()}`); }
        // All wrong: each section is named once, however many of its questions are.
        for (const question of questions) {
            const text = question.querySelector("input[type=text]");
            const fits = [...question.querySelectorAll("details li")].map((reason) => reason.className === "right");
            if (text) { text.value = "something else"; }
            for (const [at, box] of question.querySelectorAll("input:not([type=text])").entries()) { box.checked = !fits[at]; }
            check(question);
        }
        const named = [...document.querySelectorAll(".quiz .score a")].map((link) => link.href);
        const expected = new Set([...document.querySelectorAll(".quiz .again a")].map((link) => link.href));
        if (named.length !== expected.size || named.some((link) => !expected.has(link))) { faults.push(`to read again: ${named}`); }
        return { faults, questions: questions.length };
    }, FINGER);
    for (const fault of faults) { wrong(fault); }
    return questions;
}

// Without a mouse: the arrow keys choose, and Enter checks.
async function byKeys(page, wrong) {
    const first = page.locator(".quiz fieldset", { has: page.locator("[type=radio]") }).first();
    await first.locator("input").first().focus();
    await page.keyboard.press("ArrowDown");
    const chosen = await first.locator("input").nth(1).isChecked();
    if (!chosen) { wrong("the arrow keys do not choose"); }
    await page.keyboard.press("Enter");
    const [is, verdict] = [await first.locator("details li").nth(1).getAttribute("class"), await first.locator(".verdict").innerText()];
    if (!verdict.startsWith(is === "right" ? "Right." : "Not quite.")) { wrong(`after Enter on a ${is} choice: ${verdict}`); }
    for (const role of [".verdict", ".score"]) {
        if (await page.locator(`.quiz ${role}`).first().getAttribute("role") !== "status") { wrong(`${role} is not spoken`); }
    }
}

// A reload keeps answers, verdicts and the score; "Start again" forgets them, for good.
async function keeps(page, wrong) {
    const shown = () => page.locator(".quiz").evaluate((quiz) => [".verdict", ".score"]
        .flatMap((part) => [...quiz.querySelectorAll(part)].map((element) => element.innerText)).join("\n"));
    const wrongly = page.locator(".quiz fieldset", { has: page.locator("[type=radio]") }).last();
    const at = await wrongly.locator("details li").evaluateAll((list) => list.findIndex((reason) => reason.className === "wrong"));
    await wrongly.locator("input").nth(at).check();
    await wrongly.getByRole("button", { name: "Check" }).click();
    const before = await shown();
    await page.reload({ waitUntil: "load" });
    const after = await shown();
    if (before !== after || !after.includes("Not quite.") || !after.includes("Read again:")) { wrong(`a reload makes of:\n${before}\nthis:\n${after}`); }
    if (!await wrongly.locator("input").nth(at).isChecked()) { wrong("a reload forgets the answer"); }
    await page.getByRole("button", { name: "Start again" }).click();
    await page.reload({ waitUntil: "load" });
    const forgotten = await shown();
    const chosen = await page.locator(".quiz input:checked").count();
    if (forgotten.trim() !== "" || chosen > 0) { wrong(`after "Start again": ${chosen} chosen, ${forgotten}`); }
    // What looks at the page next sees verdicts of both kinds.
    await wrongly.locator("input").nth(at).check();
    await wrongly.getByRole("button", { name: "Check" }).click();
    const rightly = page.locator(".quiz fieldset", { has: page.locator("[type=text]") }).first();
    const [answer] = (await rightly.locator("input").getAttribute("data-accepts")).split("|");
    await rightly.locator("input").fill(answer);
    await rightly.getByRole("button", { name: "Check" }).click();
    await rightly.locator("summary").click();
}

// Nothing to click but the answers, which unfold; and on paper they stand open.
async function unscripted(context, url, wrong) {
    const page = await context.newPage();
    await page.goto(url, { waitUntil: "load" });
    const [inputs, buttons, answers] = [page.locator(".quiz input:visible"), page.locator(".quiz button"), page.locator(".quiz details > :not(summary)")];
    if (await inputs.count() + await buttons.count() > 0) { wrong("without scripts there is something to click that does nothing"); }
    const open = async () => (await answers.evaluateAll((all) => all.map((answer) => answer.checkVisibility()))).filter(Boolean).length;
    if (await open() > 0) { wrong("without scripts answers are not folded"); }
    await page.locator(".quiz summary").first().click();
    if (await open() !== 2) { wrong(`without scripts ${await open()} parts of an answer unfold`); }
    await page.emulateMedia({ media: "print" });
    const printed = await page.locator(".quiz details :is(li, p.right)").evaluateAll((all) => all.filter((answer) => answer.checkVisibility()).length);
    const expected = await page.locator(".quiz details :is(li, p.right)").count();
    if (printed !== expected) { wrong(`on paper ${printed} of ${expected} answers`); }
    await page.close();
}
