"use strict";
// The first stop of the tab key leads past the table of contents.
(() => {
    const main = document.querySelector("main");
    if (!main) { return; }
    main.id = main.id || "content";
    main.tabIndex = -1;
    const skip = document.createElement("a");
    skip.className = "skip-link";
    skip.href = "#" + main.id;
    skip.textContent = "Skip to the text";
    document.body.prepend(skip);
})();
// What mdBook leaves out for those who hear the page, or have no mouse.
(() => {
    const set = (id, attributes) => {
        const element = document.getElementById(id);
        for (const [name, value] of Object.entries(attributes)) { element?.setAttribute(name, value); }
    };
    set("mdbook-menu-bar", { role: "banner" });
    set("mdbook-search-wrapper", { role: "search" });
    set("mdbook-searchbar", { "aria-label": "Search this book" });
    // What looks like a button is the label of a hidden checkbox, out of the tab key's reach.
    const label = document.getElementById("mdbook-sidebar-toggle");
    const checkbox = document.getElementById("mdbook-sidebar-toggle-anchor");
    if (label && checkbox) {
        const button = document.createElement("button");
        button.type = "button";
        button.id = "contents-toggle";
        button.className = label.className;
        button.title = label.title;
        button.append(...label.childNodes);
        button.setAttribute("aria-label", label.title);
        button.setAttribute("aria-controls", "mdbook-sidebar");
        const tell = () => { button.setAttribute("aria-expanded", String(checkbox.checked)); };
        tell();
        checkbox.addEventListener("change", tell);
        button.addEventListener("click", () => { label.click(); });
        label.style.display = "none";
        label.before(button);
    }
    // What scrolls sideways can be reached by the tab key, and then scrolled by the arrow keys.
    const look = (element) => {
        if (element.scrollWidth > element.clientWidth) { element.tabIndex = 0; } else { element.removeAttribute("tabindex"); }
    };
    const scrolling = new ResizeObserver((entries) => { for (const { target } of entries) { look(target); } });
    const wide = document.querySelectorAll("main pre > code, main .table-wrapper");
    for (const element of wide) { scrolling.observe(element); }
    // A font that comes late, or colours that come with another weight, make the text wider, and not the
    // box that it scrolls in.
    const again = () => { wide.forEach(look); };
    document.fonts?.ready.then(again);
    document.fonts?.addEventListener("loadingdone", again);
    window.addEventListener("load", again);
})();
// mdBook turns the page at an arrow key. A screen reader, and a picture that scrolls sideways, use
// those keys for themselves, so the page stays; the links before and after the text turn it.
document.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") { event.stopImmediatePropagation(); }
}, true);
