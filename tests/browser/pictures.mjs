// The pictures, as they are drawn: labels are legible, do not hide each other, and stay inside.
//
// `figure.picture` holds an SVG. What is wrong with the pictures of a page is returned, a line each.

// The least size of a letter in pixels, and the least contrast of a text and of a shape.
const LEAST = { size: 11, text: 4.5, shape: 3 };

// With `shown`, what is looked at are the pictures that a selector names.
export async function judge(page, shown = "figure.picture svg") {
    return page.evaluate(([LEAST, shown]) => {
        const rgb = (text) => (text.match(/[\d.]+/g) ?? []).map(Number).slice(0, 3);
        const luminance = (colour) => {
            const [r, g, b] = colour.map((part) => part / 255)
                .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const contrast = (a, b) => {
            const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
            return (light + 0.05) / (dark + 0.05);
        };
        const printing = matchMedia("print").matches;
        const paper = printing ? [255, 255, 255] : rgb(getComputedStyle(document.documentElement).backgroundColor);
        const own = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        // Smaller by a pixel on each side: neighbours may touch.
        const box = (element) => {
            const { left, top, right, bottom } = element.getBoundingClientRect();
            return { left: left + 1, top: top + 1, right: right - 1, bottom: bottom - 1 };
        };
        const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        const within = (a, b) => a.left >= b.left - 2 && a.right <= b.right + 2 && a.top >= b.top - 2 && a.bottom <= b.bottom + 2;
        // Each point of a line that lies within a label. The head of an arrow is not counted.
        const crosses = (line, label) => {
            const matrix = line.getScreenCTM();
            for (let at = 0; at < line.getTotalLength(); at += 3) {
                const { x, y } = line.getPointAtLength(at).matrixTransform(matrix);
                if (x > label.left && x < label.right && y > label.top + 2 && y < label.bottom - 2) { return true; }
            }
            return false;
        };
        const found = { wrong: [], labels: 0, pictures: 0 };
        for (const svg of document.querySelectorAll(shown)) {
            const wrong = (what) => { found.wrong.push(`${svg.querySelector("title")?.textContent}: ${what}`); };
            found.pictures += 1;
            const figure = svg.closest("figure");
            for (const words of ["title", "desc"]) {
                if (!svg.querySelector(words)?.textContent.trim()) { wrong(`no ${words}`); }
            }
            if (!figure.querySelector("figcaption")?.textContent.trim()) { wrong("no caption"); }
            const frame = box(svg);
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim());
            const shapes = [...svg.querySelectorAll("rect")].filter((rect) => getComputedStyle(rect).fill !== "none");
            const labels = texts.map((text) => [text, box(text), text.textContent.trim()]);
            for (const rect of shapes) {
                const { fill, stroke } = getComputedStyle(rect);
                const [seen, about] = stroke === "none" ? [fill, "shape"] : [stroke, "edge"];
                const ratio = contrast(rgb(seen), paper);
                if (!(ratio >= LEAST.shape)) { wrong(`a ${about} of ${rect.getAttribute("class")} has ${ratio.toFixed(2)}`); }
            }
            for (const [at, [text, label, words]] of labels.entries()) {
                found.labels += 1;
                if (!within(label, frame)) { wrong(`“${words}” leaves the picture`); }
                for (const [, other, others] of labels.slice(at + 1)) {
                    if (meet(label, other)) { wrong(`“${words}” and “${others}” overlap`); }
                }
                // What is drawn last lies on top.
                const under = shapes.filter((rect) => meet(label, box(rect)));
                for (const rect of under.filter((rect) => !within(label, rect.getBoundingClientRect()))) {
                    wrong(`“${words}” crosses the edge of a box`);
                }
                for (const line of svg.querySelectorAll("path:not(defs *, .area)")) {
                    if (crosses(line, label)) { wrong(`a line crosses “${words}”`); }
                }
                const ground = under.length > 0 ? rgb(getComputedStyle(under.at(-1)).fill) : paper;
                for (const part of [text, ...text.querySelectorAll("tspan")].filter(own)) {
                    const { fill, fontSize } = getComputedStyle(part);
                    const [size, ratio] = [Number.parseFloat(fontSize) * scale, contrast(rgb(fill), ground)];
                    if (!(size >= LEAST.size)) { wrong(`“${words}” has ${size.toFixed(1)} px`); }
                    if (!(ratio >= LEAST.text)) { wrong(`“${words}” has a contrast of ${ratio.toFixed(2)}`); }
                }
            }
        }
        return found;
    }, [LEAST, shown]);
}

// A judge that finds nothing has to be judged: each of these pictures but the last has one fault.
const FAULTS = [
    ["overlap", `<text x="10" y="20">one label</text><text x="30" y="22">and another</text>`],
    ["leaves the picture", `<text x="300" y="20">far too long for this</text>`],
    ["px", `<text x="10" y="20" style="font-size: 8px">small</text>`],
    ["contrast", `<rect class="two" x="5" y="5" width="200" height="30"/><text class="one" x="10" y="20">on a box</text>`],
    ["crosses the edge", `<rect class="box" x="5" y="5" width="30" height="30"/><text x="10" y="20">longer than its box</text>`],
    ["a line crosses", `<path class="arrow" d="M 0 40 L 200 0"/><text x="10" y="20">below a line, and on it</text>`],
    ["", `<rect class="two" x="5" y="5" width="90" height="30"/><text class="on" x="10" y="24">on a box</text>
        <text x="10" y="58">near</text><text x="10" y="73">each other</text><path class="arrow" d="M 5 75 H 200"/>`],
];

export async function judgeTheJudge(page) {
    const wrong = [];
    for (const [fault, shapes] of FAULTS) {
        await page.evaluate((shapes) => {
            document.getElementById("sample")?.remove();
            const figure = `<figure class="picture" id="sample"><svg viewBox="0 0 350 80"><title>Sample</title><desc>One.</desc>${shapes}</svg><figcaption>One.</figcaption></figure>`;
            document.querySelector("main").insertAdjacentHTML("beforeend", figure);
        }, shapes);
        const { wrong: said } = await judge(page, "#sample > svg");
        const right = fault === "" ? said.length === 0 : said.length > 0 && said.every((what) => what.includes(fault));
        if (!right) { wrong.push(`a picture with the fault “${fault}” is said to have ${JSON.stringify(said)}`); }
    }
    await page.evaluate(() => document.getElementById("sample").remove());
    return wrong;
}
