// Loaded with the search, and before its index: a line that was pasted finds the page that explains such lines. A log has the
// same words, and says nothing about them; a question about them says less.
(() => {
    const PASTED = /[:;"'()[\]{}=]|(\S+\s+){5}/;
    const ASKS = /^(exercises|teaching)/;
    // Before most lines of a log. Pages have dates as well.
    const WHEN = /\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d[.,\d]*/g;
    // How much a place counts.
    const weight = (place, text) => {
        if (ASKS.test(place)) { return 0.5; }
        return PASTED.test(text) && place.startsWith("symptoms.html") ? 2 : 1;
    };
    // mdBook shows a title as if it were HTML: the tag of a line such as `<center>…` was an element, which nobody sees.
    // And it put a blank before what is marked in a title, such as the name in `key "file":`.
    const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
    const OPENS = /((?:^|[\s([=:])["'“‘]|[([]|\S[/=_|>]) (?=\S)/g;
    const shown = (title) => title?.replace(OPENS, "$1").replace(/[&<>]/g, (sign) => ENTITIES[sign]);
    const find = elasticlunr.Index.prototype.search;
    elasticlunr.Index.prototype.search = function (text, options) {
        const { doc_urls: places } = window.search;
        return find.call(this, text.replaceAll(WHEN, " "), options)
            .map(({ doc, ...result }) => ({
                ...result,
                doc: doc && { ...doc, breadcrumbs: shown(doc.breadcrumbs) },
                score: result.score * weight(places[result.ref], text),
            }))
            .sort((a, b) => b.score - a.score);
    };
})();
