// `node --test looks.test.mjs`: what has to be looked at again is, and what was wrong is never kept.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Looks } from "./looks.mjs";

let folder;
const write = (name, text) => writeFileSync(join(folder, "site", name), text);

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "looks-"));
    mkdirSync(join(folder, "site"));
    write("one.html", `<p>One.</p><script src="book.js"></script><script>"searchindex-0123abcd.js"</script>`);
    write("two.html", "<p>Two.</p>");
    write("site.css", "p { color: red }");
    write("book.js", "load()");
    write("searchindex-0123abcd.js", "{}");
});
afterEach(() => { rmSync(folder, { recursive: true }); });

// Both pages in one window, and all of them at once in another. `judge` looks at a page, and returns what was looked at.
async function run({ judge = "a judge", anew = false, kind = "read", look = () => {} } = {}) {
    const looks = new Looks({ memo: join(folder, "memo"), judge, site: join(folder, "site"), anew });
    const seen = [];
    const one = (name) => looks.look(kind, [name], () => {
        seen.push(name);
        looks.count("pages", 1);
        return look(looks, name);
    });
    await looks.window(async () => {
        await one("one.html");
        await one("two.html");
    });
    await looks.alone("all", looks.all, () => { seen.push("all"); });
    assert.deepEqual([seen.length, 3 - seen.length], [looks.looked, looks.unchanged]);
    return { seen, totals: looks.totals(), problems: looks.problems };
}

test("what was right is counted and not looked at again", async () => {
    assert.deepEqual(await run(), { seen: ["one.html", "two.html", "all"], totals: { pages: 2 }, problems: 0 });
    assert.deepEqual(await run(), { seen: [], totals: { pages: 2 }, problems: 0 });
    assert.deepEqual((await run({ anew: true })).seen, ["one.html", "two.html", "all"]);
});

test("a byte of a page is another look at that page", async () => {
    await run();
    write("two.html", "<p>Twp.</p>");
    assert.deepEqual((await run()).seen, ["two.html", "all"]);
});

test("a byte of a style sheet, of a script, of what judges, and another kind of look are other looks", async () => {
    await run();
    for (const [name, text] of [["site.css", "p { color: rec }"], ["book.js", "loae()"], ["more.svg", "<svg/>"]]) {
        write(name, text);
        assert.deepEqual((await run()).seen, ["one.html", "two.html", "all"], name);
        assert.deepEqual((await run()).seen, []);
    }
    assert.deepEqual((await run({ judge: "another" })).seen, ["one.html", "two.html", "all"]);
    assert.deepEqual((await run({ kind: "printed" })).seen, ["one.html", "two.html"]);
});

test("what the search reads is another look only where it is searched", async () => {
    await run();
    rmSync(join(folder, "site", "searchindex-0123abcd.js"));
    write("searchindex-ffff0000.js", "{ }");
    write("one.html", readFileSync(join(folder, "site", "one.html"), "utf8").replace("0123abcd", "ffff0000"));
    assert.deepEqual((await run()).seen, ["all"]);
});

test("a window in which anything was wrong keeps nothing, also where it is told late", async () => {
    const wrong = (looks, name) => { if (name === "two.html") { looks.problem(name, "is wrong"); } };
    assert.equal((await run({ look: wrong })).problems, 1);
    assert.deepEqual((await run()).seen, ["one.html", "two.html"]);
    rmSync(join(folder, "memo"), { recursive: true });
    let tell;
    const late = (looks, name) => {
        if (name === "one.html") { tell = looks.later(); } else { tell(() => looks.problem("one.html", "is wrong")); }
    };
    assert.equal((await run({ look: late })).problems, 1);
    assert.deepEqual((await run()).seen, ["one.html", "two.html"]);
});

test("a look that fails keeps nothing", async () => {
    const fails = () => { throw new Error("The browser is gone."); };
    await assert.rejects(run({ look: fails }), /The browser is gone/);
    assert.deepEqual((await run()).seen, ["one.html", "two.html", "all"]);
});

test("a look that asks for what it does not count is not kept", async () => {
    const counted = (looks) => { looks.asked("site.css"); };
    await run({ look: counted });
    assert.deepEqual((await run()).seen, []);
    rmSync(join(folder, "memo"), { recursive: true });
    const beyond = (looks, name) => { looks.asked(name === "one.html" ? "searchindex-0123abcd.js" : name); };
    await run({ look: beyond });
    assert.deepEqual((await run()).seen, ["one.html", "two.html"]);
});

test("a file that is broken was never right", async () => {
    await run();
    for (const broken of [() => "", (text) => text.slice(0, -1), (text) => text.replace("1", "2"), () => "x\n{\"pages\":1}"]) {
        for (const name of readdirSync(join(folder, "memo"))) {
            const file = join(folder, "memo", name);
            writeFileSync(file, broken(readFileSync(file, "utf8")));
        }
        assert.deepEqual((await run()).seen, ["one.html", "two.html", "all"], String(broken));
    }
});
