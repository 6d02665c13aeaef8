(() => {
    const html = document.documentElement;
    const kept = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
    const night = matchMedia("(prefers-color-scheme: dark)").matches;
    const theme = kept("mdbook-theme");
    html.classList.remove("light");
    html.classList.add("js", ["light", "navy"].includes(theme) ? theme : night ? "navy" : "light");
    const slides = [...document.querySelectorAll(".slide")];
    const speaker = location.hash === "#speaker";
    if (speaker) { html.classList.add("noted", "speaker"); }
    // The window of the speaker and that of the audience turn each other's slides.
    let other = speaker ? opener : null;
    const at = () => {
        const found = slides.findIndex((slide) => slide.getBoundingClientRect().bottom > innerHeight / 2);
        return found < 0 ? slides.length - 1 : found;
    };
    const show = (number) => {
        const to = Math.max(0, Math.min(slides.length - 1, number));
        slides[to].scrollIntoView();
        return to;
    };
    const go = (number) => {
        const slide = show(number);
        other?.postMessage({ slide }, "*");
    };
    addEventListener("message", ({ source, data }) => {
        if (source && source === other && Number.isInteger(data?.slide)) { show(data.slide); }
    });
    const help = document.createElement("dialog");
    help.innerHTML = "<p>→, space: next<br>←: back<br>Home, End: first, last<br>n: notes<br>p: a window for the speaker<br>f: full screen<br>Esc: close this</p>";
    document.body.append(help);
    const keys = {
        ArrowRight: () => go(at() + 1), " ": () => go(at() + 1), PageDown: () => go(at() + 1),
        ArrowLeft: () => go(at() - 1), PageUp: () => go(at() - 1),
        Home: () => go(0), End: () => go(slides.length - 1),
        n: () => { const now = at(); html.classList.toggle("noted"); show(now); },
        p: () => { other = open(`${location.pathname}#speaker`, "speaker", "popup"); },
        f: () => { html.requestFullscreen?.(); },
        "?": () => { if (!help.open) { help.showModal(); } },
    };
    addEventListener("keydown", (event) => {
        const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !help.open;
        const key = event.key === " " && event.shiftKey ? "PageUp" : event.key;
        if (plain && keys[key] && !event.target.closest("a")) { event.preventDefault(); keys[key](); }
    });
    let from = null;
    addEventListener("touchstart", ({ touches }) => { from = touches.length === 1 ? touches[0] : null; }, { passive: true });
    addEventListener("touchend", ({ changedTouches: [to] }) => {
        const [x, y] = from ? [to.clientX - from.clientX, to.clientY - from.clientY] : [0, 0];
        if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) { go(at() - Math.sign(x)); }
    });
})();
