// Searches the built book as a reader does: `node search.mjs SITE`, with a JSON list of texts on stdin. Prints a
// JSON list: for each text the places that are found, the best first.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";

const site = process.argv[2];
// Their names have a hash behind.
const names = [...readdirSync(site), ...readdirSync(join(site, "theme")).map((name) => `theme/${name}`)];
const file = (start, end) => {
    const found = names.find((name) => name.startsWith(start) && name.endsWith(end));
    if (!found) { throw new Error(`no ${start}*${end} in ${site}`); }
    return readFileSync(join(site, found), "utf8");
};
const context = vm.createContext({ console });
vm.runInContext("var window = globalThis; window.search = {};", context);
vm.runInContext(file("elasticlunr", ".js"), context);
vm.runInContext(file("theme/search-", ".js"), context);
vm.runInContext(file("searchindex", ".js"), context);
context.texts = JSON.parse(readFileSync(0, "utf8"));
// As searcher.js does it.
const found = vm.runInContext(
    `(() => {
        const { index, search_options, results_options, doc_urls } = search;
        const loaded = elasticlunr.Index.load(index);
        return JSON.stringify(texts.map((text) =>
            loaded.search(text, search_options)
                .slice(0, results_options.limit_results)
                .map((result) => doc_urls[result.ref])));
    })()`,
    context,
);
console.log(found);
