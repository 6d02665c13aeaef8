// What was looked at and was right is not looked at again while all that the verdict depends on is the same: the
// page's bytes, those of all files that a page may load, what judges it, and the browser. See listings/lab-test/src/memo.rs.
//
// A window is one window of the browser, or a few, in which looks follow each other. What a page says too late is said
// by the next one: so a window in which anything was wrong keeps nothing, nor does one that asked for a file
// that its looks do not count.
import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const sum = (bytes) => createHash("sha256").update(bytes).digest("hex");
// What no page loads by itself: other pages, the book in one file, what the search reads, and the builder's list.
const APART = /\.(html|epub|zip|xml|txt)$|^searchindex-|^\./;
// The name of that file, in which is a hash of the whole book, stands in each page. A look that asks for it is not kept,
// unless it counts all files.
const SEARCH = /\bsearchindex-[0-9a-f]{8}\.js/g;

export class Looks {
    #current = new AsyncLocalStorage();
    #counts = [];
    #sums = new Map();
    problems = 0;
    looked = 0;
    unchanged = 0;

    // `memo` is the folder of what was right, `judge` a hash of what judges and of the browser, `site` the folder of
    // the pages. With `anew` nothing is recalled.
    constructor({ memo, judge, site, anew }) {
        Object.assign(this, { memo, judge, site, anew });
        const entries = readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
        this.all = entries.map((entry) => relative(site, join(entry.parentPath, entry.name))).toSorted();
        this.shared = this.all.filter((name) => !APART.test(name));
    }

    #sum(name) {
        if (!this.#sums.has(name)) {
            const content = readFileSync(join(this.site, name));
            const isText = /\.(html|js)$/.test(name);
            this.#sums.set(name, sum(isText ? content.toString().replaceAll(SEARCH, "searchindex.js") : content));
        }
        return this.#sums.get(name);
    }

    // Something is wrong.
    problem(where, what) {
        this.problems += 1;
        this.#current.getStore().problems += 1;
        console.log(`${where}: ${what}`);
    }

    count(what, number) {
        const { counts } = this.#current.getStore();
        counts[what] = (counts[what] ?? 0) + number;
    }

    // Of what a window tells later: the function that is given runs as a part of this window.
    later() {
        const window = this.#current.getStore();
        return (tell) => this.#current.run(window, tell);
    }

    // A page asked for a file of the site.
    asked(name) {
        const window = this.#current.getStore();
        if (!window.files.has(name)) { window.beyond = name; }
    }

    async window(turn) {
        const window = { problems: 0, beyond: undefined, counts: undefined, files: new Set(), right: [] };
        await this.#current.run(window, turn);
        if (window.problems > 0 || !this.memo) { return; }
        if (window.beyond !== undefined) {
            console.log(`not kept: ${window.right.map(([, what]) => what)} asked for ${window.beyond}`);
            return;
        }
        for (const [key, , counts] of window.right) { this.#keep(key, counts); }
    }

    // Looks at what these files show, besides what all pages share, unless it was right before.
    async look(what, files, judge) {
        const key = sum(JSON.stringify([this.judge, what, [...files, ...this.shared].map((name) => [name, this.#sum(name)])]));
        const kept = this.#recall(key);
        if (kept) {
            this.unchanged += 1;
            this.#counts.push(kept);
            return;
        }
        this.looked += 1;
        const window = this.#current.getStore();
        window.counts = {};
        window.files = new Set([...this.shared, ...files]);
        this.#counts.push(window.counts);
        await judge();
        window.right.push([key, what, window.counts]);
    }

    // One look in a window of its own.
    async alone(what, files, judge) {
        await this.window(() => this.look(what, files, judge));
    }

    // What was looked at, now or before.
    totals() {
        const all = {};
        for (const counts of this.#counts) {
            for (const [what, number] of Object.entries(counts)) { all[what] = (all[what] ?? 0) + number; }
        }
        return all;
    }

    // What is not whole was never right.
    #recall(key) {
        if (!this.memo || this.anew) { return undefined; }
        try {
            const text = readFileSync(join(this.memo, key), "utf8");
            const end = text.indexOf("\n");
            const kept = text.slice(end + 1);
            return end > 0 && text.slice(0, end) === sum(kept) ? JSON.parse(kept) : undefined;
        } catch {
            return undefined;
        }
    }

    #keep(key, counts) {
        const text = JSON.stringify(counts);
        const file = join(this.memo, key);
        mkdirSync(this.memo, { recursive: true });
        writeFileSync(`${file}.${process.pid}`, `${sum(text)}\n${text}`);
        renameSync(`${file}.${process.pid}`, file);
    }
}
