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
// mdBook turns the page at an arrow key. A screen reader, and a picture that scrolls sideways, use
// those keys for themselves, so the page stays; the links before and after the text turn it.
document.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") { event.stopImmediatePropagation(); }
}, true);
