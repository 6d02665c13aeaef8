"use strict";
// "Check yourself": judges an answer, keeps it in this browser alone, and says what to read again.
(() => {
    const kept = (id, ...to) => {
        try { return to.length > 0 ? localStorage.setItem(id, to[0]) : localStorage.getItem(id); } catch { return ""; }
    };
    const make = (name, properties) => Object.assign(document.createElement(name), properties);
    const button = (textContent, onclick) => make("button", { type: "button", textContent, onclick });
    const spoken = (className) => make("p", { className, role: "status" });
    // As `plain` in scripts/src/quiz/set.rs.
    const plain = (text) => text.toLowerCase().replace(/(?<=\d),(?=\d)/g, "").replace(/(?<!\d)\.|\.(?!\d)|[^\p{L}\p{N}.%_]+/gu, " ")
        .trim().replace(/ +/g, " ").replace(/^(?:an?|the) /, "");

    function ready(question, tell) {
        const [boxes, reasons] = ["label input", "details :is(li, .right)"].map((all) => [...question.querySelectorAll(all)]);
        const [again, verdict, isText] = [question.querySelector(".again"), spoken("verdict"), boxes[0].type === "text"];
        const given = () => (isText ? boxes[0].value : boxes.filter((box) => box.checked).map((box) => box.value).join());
        const set = (answer) => {
            for (const box of boxes) { if (isText) { box.value = answer; } else { box.checked = answer.split(",").includes(box.value); } }
            judge();
        };
        const judge = () => {
            const typed = isText && boxes[0].dataset.accepts.split("|").map(plain).includes(plain(given()));
            const chosen = boxes.map((box) => (isText ? typed : box.checked));
            const fits = reasons.map((reason) => reason.className === "right");
            const right = fits.every((fit, at) => fit === chosen[at]);
            const why = reasons.filter((_, at) => chosen[at] && (right || !fits[at])).map((reason) => reason.lastElementChild.innerHTML);
            question.classList.toggle("right", right);
            question.classList.toggle("wrong", !right && given() !== "");
            if (!right) { why.push(isText || why.length > 0 ? "" : "Something is missing.", again.innerHTML); }
            verdict.innerHTML = given() && `<b>${right ? "Right." : "Not quite."}</b> ${why.join(" ")}`;
        };
        const check = () => {
            judge();
            if (!given()) { verdict.textContent = "Answer first."; }
            kept(question.id, given());
            tell();
        };
        question.querySelector("details").before(button("Check", check), verdict);
        question.onkeydown = ({ key, target }) => { if (key === "Enter" && boxes.includes(target)) { check(); } };
        set(kept(question.id) ?? "");
        return { question, again, set };
    }

    for (const quiz of document.querySelectorAll(".quiz")) {
        const score = spoken("score");
        const tell = () => {
            const [right, wrong] = ["right", "wrong"].map((is) => all.filter(({ question }) => question.matches(`.${is}`)));
            const links = new Set(wrong.map(({ again }) => again.querySelector("a").outerHTML));
            const any = right.length + wrong.length > 0;
            again.hidden = !any;
            score.innerHTML = any ? `${right.length} of ${all.length} right. ${links.size > 0 ? "Read again: " : ""}${[...links].join(", ")}` : "";
        };
        const all = [...quiz.querySelectorAll("fieldset")].map((question) => ready(question, () => tell()));
        const again = button("Start again", () => {
            for (const { question, set } of all) { set(""); kept(question.id, ""); }
            tell();
        });
        quiz.append(score, again);
        tell();
    }
})();
