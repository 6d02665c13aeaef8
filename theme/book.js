"use strict";
// What the pages do by themselves. It is loaded late and small: a page is read without it, too.
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const keep = (key, value) => {
    try {
        if (value) { localStorage.setItem(key, value); } else { localStorage.removeItem(key); }
    } catch { /* A browser that keeps nothing. */ }
};

// Light, dark, or as the system has it.
(() => {
    const choice = byId("theme-choice");
    const themes = [default_light_theme, default_dark_theme];
    const night = matchMedia("(prefers-color-scheme: dark)");
    const show = () => {
        const theme = choice.value || (night.matches ? default_dark_theme : default_light_theme);
        root.classList.remove(...themes);
        root.classList.add(theme);
    };
    let kept = null;
    try { kept = localStorage.getItem("mdbook-theme"); } catch { /* As if nothing was chosen. */ }
    choice.value = themes.includes(kept) ? kept : "";
    choice.addEventListener("change", () => { keep("mdbook-theme", choice.value); show(); });
    night.addEventListener("change", show);
    show();
})();

// The table of contents: beside the text where there is room, above it where there is none.
(() => {
    const [toggle, sidebar] = [byId("contents-toggle"), byId("mdbook-sidebar")];
    const isShown = () => root.classList.contains("sidebar-visible");
    const tell = () => toggle.setAttribute("aria-expanded", String(isShown()));
    const page = location.pathname.split("/").pop() || "index.html";
    const links = [...sidebar.querySelectorAll("a")];
    const here = links.find((link) => link.getAttribute("href") === page) ?? (page === "index.html" ? links[0] : undefined);
    here?.setAttribute("aria-current", "page");
    const reveal = () => {
        if (here && isShown()) { sidebar.scrollTop = here.offsetTop - sidebar.clientHeight / 2; }
    };
    const set = (shown) => {
        root.classList.toggle("sidebar-visible", shown);
        tell();
        reveal();
    };
    toggle.addEventListener("click", () => {
        set(!isShown());
        if (innerWidth >= 1080) { keep("mdbook-sidebar", isShown() ? "visible" : "hidden"); }
        else if (isShown()) { (here ?? links[0]).focus({ preventScroll: true }); }
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && innerWidth < 1080 && isShown()) { set(false); toggle.focus(); }
    });
    byId("mdbook-page-wrapper").addEventListener("click", (event) => {
        if (innerWidth < 1080 && isShown() && !toggle.contains(event.target)) { set(false); }
    });
    tell();
    reveal();
})();

// The searcher asks for it: whether a key belongs to what has the focus.
function mdbook_something_else_has_focus(event) {
    return /^(?:input|select|textarea)$/i.test((event.composedPath()[0] ?? event.target).nodeName);
}
// Search is a script, an index and much work for a phone: they come when they are asked for.
(() => {
    const [toggle, bar] = [byId("mdbook-search-toggle"), byId("mdbook-searchbar")];
    if (!toggle) { return; }
    const add = (src) => new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = path_to_root + src;
        script.onload = done;
        script.onerror = failed;
        document.head.append(script);
    });
    let loading;
    const load = () => loading ??= window.search_scripts.reduce((before, src) => before.then(() => add(src)), Promise.resolve());
    const isThere = () => window.search?.hasFocus !== undefined;
    const open = (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        // What is typed until the scripts are there is looked for as soon as they are.
        byId("mdbook-search-wrapper").classList.remove("hidden");
        scrollTo(0, 0);
        bar.focus();
        load().then(() => {
            toggle.click();
            bar.focus();
            bar.setSelectionRange(bar.value.length, bar.value.length);
        }, () => {
            byId("mdbook-searchresults-outer").classList.remove("hidden");
            byId("mdbook-searchresults-header").textContent = "The search cannot be loaded. Reload this page to try again.";
        });
    };
    // mdBook names a part of a result that has no role, which says nothing to a screen reader.
    new MutationObserver(() => {
        for (const teaser of document.querySelectorAll(".teaser[aria-label]")) { teaser.removeAttribute("aria-label"); }
    }).observe(byId("mdbook-searchresults"), { childList: true });
    // mdBook searches at each key. What is pasted by a mouse or a thumb, dropped, spoken or cleared has none.
    bar.addEventListener("input", () => { if (isThere()) { bar.dispatchEvent(new Event("keyup")); } });
    toggle.addEventListener("click", (event) => { if (!isThere()) { open(event); } });
    document.addEventListener("keydown", (event) => {
        const isAsked = ["/", "s"].includes(event.key) && !event.altKey && !event.ctrlKey && !event.metaKey;
        if (isAsked && !isThere() && !mdbook_something_else_has_focus(event)) { open(event); }
    });
    byId("mdbook-searchbar-outer").addEventListener("submit", (event) => { event.preventDefault(); });
    // A page that was found says by its address what was looked for.
    const asked = new URLSearchParams(location.search);
    if (asked.has("highlight") || asked.has("search")) { load(); }
})();

// Code is copied by a button; of a transcript, what was typed.
(() => {
    if (!navigator.clipboard) { return; }
    for (const code of document.querySelectorAll("main pre > code")) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "copy";
        button.textContent = "Copy";
        button.addEventListener("click", async () => {
            const typed = code.textContent.split("\n").filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
            await navigator.clipboard.writeText(typed.length > 0 ? typed.join("\n") : code.textContent);
            button.textContent = "Copied";
            setTimeout(() => { button.textContent = "Copy"; }, 2000);
        });
        code.after(button);
    }
})();

// What scrolls sideways can be reached by the tab key, and then scrolled by the arrow keys.
(() => {
    const look = (element) => {
        if (element.scrollWidth > element.clientWidth) { element.tabIndex = 0; } else { element.removeAttribute("tabindex"); }
    };
    const scrolling = new ResizeObserver((entries) => { for (const { target } of entries) { look(target); } });
    for (const element of document.querySelectorAll("main pre > code, main .table-wrapper")) { scrolling.observe(element); }
})();
